//! What is changed of an installation, as the trail and the history tell it.

use std::collections::BTreeMap;

use watchbox_model::{Difference, Grants};
use watchbox_store::Installation;

/// The names whose values are not the same on both sides.
pub(crate) fn names_that_differ<T: PartialEq>(
    one: &BTreeMap<String, T>,
    other: &BTreeMap<String, T>,
) -> Vec<String> {
    let mut names: Vec<String> = one
        .keys()
        .chain(other.keys())
        .filter(|name| one.get(*name) != other.get(*name))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}

/// What is changed of an installation. Of secrets, names only.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    component: Option<String>,
    parameters: Vec<String>,
    pub(crate) secrets: Vec<String>,
    pub(crate) grants: bool,
    /// Whether it was switched on, or off.
    switched: Option<bool>,
    lifted: bool,
}

impl Changed {
    /// Notes what differs, but for the secrets, which are sealed here.
    pub(crate) fn compare(&mut self, before: &Installation, after: &Installation) {
        self.component = (before.digest != after.digest).then(|| {
            let [before, after] = [before, after].map(|side| side.digest.short());
            format!("component {before} -> {after}")
        });
        self.parameters = names_that_differ(&before.parameters, &after.parameters);
        self.grants = before.grants != after.grants;
        self.switched = (before.enabled != after.enabled).then_some(after.enabled);
        self.lifted = before.quarantine.is_some() && after.quarantine.is_none();
    }

    /// Whether it is a version of its own with that.
    pub(crate) fn is_another_version(&self) -> bool {
        self.component.is_some()
            || !self.parameters.is_empty()
            || !self.secrets.is_empty()
            || self.grants
    }

    /// What the trail calls it.
    pub(crate) fn operation(&self) -> &'static str {
        match (&self.component, self.switched) {
            (Some(_), _) => "upgrade",
            (None, Some(true)) if !self.is_another_version() => "enable",
            (None, Some(false)) if !self.is_another_version() => "disable",
            (None, None) if self.lifted && !self.is_another_version() => "enable",
            _ => "change",
        }
    }

    /// For people who look through the versions.
    pub(crate) fn briefly(&self) -> String {
        self.parts(self.grants.then(|| "grants".to_owned()))
    }

    /// For the trail.
    pub(crate) fn in_full(&self, before: &Installation, after: &Installation) -> String {
        self.parts(
            self.grants
                .then(|| grants_changed(&before.grants, &after.grants)),
        )
    }

    fn parts(&self, grants: Option<String>) -> String {
        let named = |what: &str, names: &[String]| {
            (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
        };
        let switched = self.switched.map(|on| if on { "on" } else { "off" });
        let lifted = self.lifted.then_some("out of quarantine");
        [
            self.component.clone(),
            named("parameters", &self.parameters),
            named("secrets", &self.secrets),
            grants,
            switched.map(str::to_owned),
            lifted.map(str::to_owned),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ")
    }
}

/// What is changed of grants, rule by rule. (What can't be read is told as it is.)
fn grants_changed(before: &serde_json::Value, after: &serde_json::Value) -> String {
    let read = |grants: &serde_json::Value| Grants::parse("grants", &grants.to_string());
    match (read(before), read(after)) {
        (Ok(before), Ok(after)) => told(&before.differences(&after)),
        _ => format!("grants {before} -> {after}"),
    }
}

/// What is granted to begin with.
pub(crate) fn granted(grants: &Grants) -> String {
    let nothing = Grants::default();
    if *grants == nothing {
        return "grants: nothing".to_owned();
    }
    told(&nothing.differences(grants))
}

fn told(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    format!("grants {}", lines.join(", "))
}

#[cfg(test)]
mod tests {
    use watchbox_model::Digest;
    use watchbox_store::Quarantine;

    use super::*;

    fn installation() -> Installation {
        Installation {
            name: "X".parse().unwrap(),
            digest: Digest::of(b""),
            previous: None,
            parameters: [("a".to_owned(), 1.into()), ("b".to_owned(), 2.into())].into(),
            secrets: Vec::new(),
            grants: serde_json::json!({"log": true}),
            enabled: true,
            installed_at: Default::default(),
            changed_at: Default::default(),
            changed_by: String::new(),
            probation: false,
            quarantine: None,
            pending: None,
            files: None,
        }
    }

    fn told(before: &Installation, after: &Installation) -> (&'static str, String, bool) {
        let mut changed = Changed::default();
        changed.compare(before, after);
        (
            changed.operation(),
            changed.briefly(),
            changed.is_another_version(),
        )
    }

    #[test]
    fn another_component_is_an_upgrade_whatever_comes_with_it() {
        let before = installation();
        let after = Installation {
            digest: Digest::of(b"2"),
            parameters: [("b".to_owned(), 3.into()), ("c".to_owned(), 4.into())].into(),
            grants: serde_json::json!({}),
            enabled: false,
            ..before.clone()
        };
        assert_eq!(
            told(&before, &after),
            (
                "upgrade",
                "component e3b0c44298fc -> d4735e3a265e; parameters a, b, c; grants; off"
                    .to_owned(),
                true
            )
        );
    }

    #[test]
    fn switching_is_no_version() {
        let on = installation();
        let off = Installation {
            enabled: false,
            ..on.clone()
        };
        let aside = Installation {
            quarantine: Some(Quarantine {
                at: Default::default(),
                reason: String::new(),
                unloadable: false,
            }),
            ..on.clone()
        };
        assert_eq!(told(&on, &off), ("disable", "off".to_owned(), false));
        assert_eq!(told(&off, &on), ("enable", "on".to_owned(), false));
        assert_eq!(
            told(&aside, &on),
            ("enable", "out of quarantine".to_owned(), false)
        );
        assert_eq!(told(&on, &on), ("change", String::new(), false));
    }

    #[test]
    fn a_change_of_grants_is_told_in_full_in_the_trail_only() {
        let before = installation();
        let after = Installation {
            grants: serde_json::json!({}),
            ..before.clone()
        };
        let mut changed = Changed::default();
        changed.compare(&before, &after);
        assert_eq!(changed.briefly(), "grants");
        assert_eq!(changed.in_full(&before, &after), "grants - log: true");
    }

    #[test]
    fn what_is_granted_to_begin_with_is_told_rule_by_rule() {
        assert_eq!(granted(&Grants::default()), "grants: nothing");
        let some =
            Grants::parse("g", "{ clients: [all], log: true, limits: { calls: 3 } }").unwrap();
        assert_eq!(
            granted(&some),
            "grants + clients: all, + log: true, ~ limits: calls: 10000 -> 3"
        );
    }
}
