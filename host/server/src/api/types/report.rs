//! The report of the audit: imported, declared, granted and used, side by side.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use watchbox_model::{
    Capability, Difference, Digest, Grants, Name, Usage,
    audit::Decision,
    grants::{Rule, Use},
    manifest::Need,
};
use watchbox_sandbox::Inspection;

use super::{Artifact, Import, ImportKind, Timestamp};

/// What an installation may do, could do and did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditReport {
    /// What it is installed as.
    #[schema(value_type = String, example = "Server.Slack.ClientsOnline")]
    pub name: Name,
    /// The artifact's version.
    pub version: String,
    /// The component that runs. What is said to be used may have been used by one before it.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// When it was last changed: to be given as `unchanged_since` with a change that follows from this report.
    pub changed_at: Timestamp,
    /// Uses from then on are counted; all that the trail has, where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Uses before then are counted.
    pub until: Timestamp,
    /// Every capability that is imported, declared, granted, used or was tried.
    pub capabilities: Vec<CapabilityReport>,
    /// Imports of WASI, which are backed by nothing.
    pub inert: Vec<String>,
    /// What is granted now, each rule with its uses.
    pub rules: Vec<RuleReport>,
    /// What was used, by what a grant would tell apart.
    pub used: Vec<UseReport>,
    /// What was tried and denied.
    pub denied: Vec<UseReport>,
    /// The grants as they are.
    #[schema(value_type = Object)]
    pub grants: Value,
    /// The grants narrowed to what was used.
    #[schema(value_type = Object)]
    pub proposal: Value,
    /// What the proposal changes: `mark` (`wider`, `narrower`, `changed`), `what`, `old`, `new`.
    #[schema(value_type = Vec<Object>)]
    pub changes: Vec<Difference>,
    /// The rules that the proposal keeps wider than they might be, and why.
    pub kept: Vec<KeptRule>,
}

/// A capability, as it is imported, declared, granted and used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CapabilityReport {
    /// Which one.
    #[schema(value_type = String, example = "http")]
    pub capability: Capability,
    /// Whether the component imports it.
    pub imported: bool,
    /// Whether its manifest declares it.
    pub declared: bool,
    /// Why it says that it wants it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// For `http` and `mail`: the requests that it says it wants to make, the people it wants to write to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub needs: Vec<Need>,
    /// Whether anything of it is granted.
    pub granted: bool,
    /// How often it was used.
    pub used: u64,
    /// When it was last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
    /// How often it was tried and denied.
    pub denied: u64,
    /// When it was last denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_denied: Option<Timestamp>,
}

/// A rule that is granted, and its uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleReport {
    /// The rule.
    #[schema(example = "http: POST https://hooks.slack.com/services/*")]
    pub rule: String,
    /// How often something was used that it allows, whichever rule allowed it then.
    pub used: u64,
    /// When last; missing where it was never used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
}

/// Uses, or tries, of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UseReport {
    /// Which capability.
    #[schema(value_type = String, example = "http")]
    pub capability: Capability,
    /// The operation.
    #[schema(example = "send")]
    pub operation: String,
    /// On what, without what no grant looks at (a URL's query, the client of a label change); missing for those that there were too many of
    /// to be told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How many.
    pub count: u64,
    /// When the first was.
    pub first: Timestamp,
    /// When the last was.
    pub last: Timestamp,
    /// The rule that allowed it, or why it was denied.
    pub reason: String,
}

/// A rule that a proposal keeps wider than it might be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptRule {
    /// The rule, as it is granted.
    pub rule: String,
    /// Why it is not narrower.
    pub why: String,
}

/// An installation that is reported on.
#[derive(Clone, Debug)]
pub(crate) struct Subject<'s> {
    pub(crate) name: Name,
    pub(crate) version: String,
    pub(crate) digest: Digest,
    pub(crate) changed_at: Timestamp,
    /// What its component is, where that could be read.
    pub(crate) inspection: Option<&'s Inspection>,
    pub(crate) grants: &'s Grants,
}

impl AuditReport {
    /// Puts what the trail tells of an installation beside what it may do.
    pub(crate) fn new(
        subject: &Subject<'_>,
        usages: &[Usage],
        since: Option<Timestamp>,
        until: Timestamp,
    ) -> Self {
        let grants = subject.grants;
        let allowed = usages
            .iter()
            .filter(|usage| usage.decision == Decision::Allowed);
        let seen: Vec<(&Usage, Vec<Use>)> =
            allowed.map(|usage| (usage, Use::told(usage))).collect();
        let narrowed = grants.narrowed(seen.iter().flat_map(|(_, uses)| uses));
        let of = |decision| {
            let usages = usages
                .iter()
                .filter(move |usage| usage.decision == decision);
            usages.map(UseReport::from).collect()
        };
        Self {
            name: subject.name.clone(),
            version: subject.version.clone(),
            digest: subject.digest,
            changed_at: subject.changed_at,
            since,
            until,
            capabilities: capabilities(subject, usages),
            inert: subject.inspection.map_or_else(Vec::new, inert),
            rules: rules(grants, &seen),
            used: of(Decision::Allowed),
            denied: of(Decision::Denied),
            grants: grants.to_json(),
            proposal: narrowed.grants.to_json(),
            changes: grants.differences(&narrowed.grants),
            kept: narrowed
                .kept
                .into_iter()
                .map(|kept| KeptRule {
                    rule: kept.rule,
                    why: kept.why.to_owned(),
                })
                .collect(),
        }
    }
}

fn capabilities(subject: &Subject<'_>, usages: &[Usage]) -> Vec<CapabilityReport> {
    let known = subject.inspection.map(Artifact::from);
    let known = known.map_or_else(Vec::new, |artifact| artifact.capabilities);
    let report = |capability: Capability| {
        let declared = known.iter().find(|one| one.capability == capability);
        let sum = |decision| {
            let of_it = usages
                .iter()
                .filter(|usage| usage.capability == capability && usage.decision == decision);
            let count: u64 = of_it.clone().map(|usage| usage.count).sum();
            (count, of_it.map(|usage| Timestamp(usage.last)).max())
        };
        let (used, last_used) = sum(Decision::Allowed);
        let (denied, last_denied) = sum(Decision::Denied);
        let mut rules = subject.grants.rules();
        let granted = rules.any(|rule| rule.capability() == capability);
        (declared.is_some() || granted || used + denied > 0).then(|| CapabilityReport {
            capability,
            imported: declared.is_some_and(|one| one.imported),
            declared: declared.is_some_and(|one| one.declared),
            reason: declared.map_or_else(String::new, |one| one.reason.clone()),
            needs: declared.map_or_else(Vec::new, |one| one.needs.clone()),
            granted,
            used,
            last_used,
            denied,
            last_denied,
        })
    };
    Capability::ALL.into_iter().filter_map(report).collect()
}

fn inert(inspection: &Inspection) -> Vec<String> {
    let imports = Artifact::from(inspection).imports.into_iter();
    let inert = imports.filter(|import| import.kind == ImportKind::Inert);
    inert.map(|Import { name, .. }| name).collect()
}

fn rules(grants: &Grants, seen: &[(&Usage, Vec<Use>)]) -> Vec<RuleReport> {
    let mut rules: Vec<(Rule<'_>, u64, Option<Timestamp>)> =
        grants.rules().map(|rule| (rule, 0, None)).collect();
    for (usage, uses) in seen {
        let allowing: Vec<Rule<'_>> = uses.iter().flat_map(|one| grants.rules_for(one)).collect();
        for (rule, used, last) in &mut rules {
            if allowing.contains(rule) {
                *used += usage.count;
                *last = (*last).max(Some(Timestamp(usage.last)));
            }
        }
    }
    let report = |(rule, used, last_used): (Rule<'_>, u64, Option<Timestamp>)| RuleReport {
        rule: format!("{rule:#}"),
        used,
        last_used,
    };
    rules.into_iter().map(report).collect()
}

impl From<&Usage> for UseReport {
    fn from(usage: &Usage) -> Self {
        Self {
            capability: usage.capability,
            operation: usage.operation.clone(),
            target: usage.target.clone(),
            count: usage.count,
            first: usage.first.into(),
            last: usage.last.into(),
            reason: usage.reason.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use watchbox_model::Time;

    use super::*;

    fn usage(
        capability: Capability,
        operation: &str,
        target: &str,
        decision: Decision,
        reason: &str,
    ) -> Usage {
        Usage {
            capability,
            operation: operation.to_owned(),
            target: Some(target.to_owned()),
            decision,
            reason: reason.to_owned(),
            count: 3,
            first: Time::from_seconds(1.0),
            last: Time::from_seconds(2.0),
            bytes: 0,
        }
    }

    #[test]
    fn each_rule_has_its_uses_and_what_was_not_used_can_go() {
        let grants = Grants::parse(
            "g",
            "{ clients: [\"label:A\"], labels: { add: [\"*\"], remove: [A] }, log: true,
               http: [ { method: POST, url: \"https://h.example/*\", secrets: [hook] } ] }",
        )
        .unwrap();
        let usages = [
            usage(
                Capability::Clients,
                "search",
                "label:A",
                Decision::Allowed,
                "clients: label:A",
            ),
            usage(
                Capability::Labels,
                "add",
                "B, C",
                Decision::Allowed,
                "labels: add: *",
            ),
            usage(
                Capability::Http,
                "send",
                "POST secret(hook) -> https://h.example",
                Decision::Allowed,
                "http: POST https://h.example/*",
            ),
            usage(
                Capability::Clock,
                "now",
                "",
                Decision::Denied,
                "not granted",
            ),
        ];
        let subject = Subject {
            name: "X".parse().unwrap(),
            version: "1.0.0".to_owned(),
            digest: Digest::of(b""),
            changed_at: Timestamp(Time::default()),
            inspection: None,
            grants: &grants,
        };
        let report = AuditReport::new(&subject, &usages, None, Timestamp(Time::default()));
        let rules: Vec<_> = report
            .rules
            .iter()
            .map(|one| (one.rule.as_str(), one.used))
            .collect();
        assert_eq!(
            rules,
            [
                ("clients: label:A", 3),
                ("labels: add: *", 3),
                ("labels: remove: A", 0),
                ("http: POST https://h.example/* (secrets hook)", 3),
                ("log: true", 0)
            ]
        );
        let changes: Vec<String> = report.changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            changes,
            [
                "- labels: add: *",
                "- labels: remove: A",
                "- log: true",
                "+ labels: add: B",
                "+ labels: add: C"
            ]
        );
        assert_eq!(report.kept.len(), 1, "{:?}", report.kept);
        assert_eq!(report.kept[0].rule, "http: POST https://h.example/*");
        let clock = report.capabilities.last().unwrap();
        assert_eq!((clock.granted, clock.used, clock.denied), (false, 0, 3));
        assert_eq!(report.denied.len(), 1);
    }
}
