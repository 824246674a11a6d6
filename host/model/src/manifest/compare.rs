//! What a new manifest asks for that an old one did not.
//!
//! What can't be weighed against each other is told on the safe side: a condition that was changed is one that is gone, which lets more
//! events through, and one that is new.

use std::{collections::BTreeMap, fmt::Display};

use super::{Declared, Manifest, Need, Subscription};
use crate::{
    Capability, Difference,
    difference::Mark::{self, Changed, Narrower, Wider},
    filter::Columns,
    parameter::{ParameterSpec, ParameterType},
    placeholder::{self, Syntax},
    schedule::Schedule,
};

impl Manifest {
    /// What `new` has and this one has not, and the other way round, each marked with whether an artifact could do more with it. Empty where
    /// they say the same.
    pub fn differences(&self, new: &Self) -> Vec<Difference> {
        let mut all = Vec::new();
        change(&mut all, Changed, "name", &self.name, &new.name);
        change(&mut all, Changed, "version", &self.version, &new.version);
        change(&mut all, Changed, "author", &self.author, &new.author);
        if self.description != new.description {
            // It may be pages.
            all.push(Difference {
                mark: Changed,
                what: "description".to_owned(),
                old: None,
                new: None,
            });
        }
        self.capability_differences(new, &mut all);
        self.parameter_differences(new, &mut all);
        self.subscription_differences(new, &mut all);
        schedule_differences(self.schedule.as_ref(), new.schedule.as_ref(), &mut all);
        let [old, now] = [self, new].map(|side| format!("{:?}", side.encoding).to_lowercase());
        change(&mut all, Changed, "encoding", old, now);
        let [old, now] = [self, new].map(|side| {
            let columns = side.rows.iter();
            let shown = columns.map(|column| format!("{} {:?}", column.name, column.kind));
            shown.collect::<Vec<_>>().join(", ").to_lowercase()
        });
        change(&mut all, Changed, "rows", old, now);
        all
    }

    fn capability_differences(&self, new: &Self, all: &mut Vec<Difference>) {
        for capability in Capability::ALL {
            let [old, now] = [self, new].map(|side| side.capabilities.get(&capability));
            let what = format!("declared {capability}");
            match (old, now) {
                (None, None) => {}
                (None, Some(declared)) => {
                    all.push(Difference::added(Wider, what, &declared.reason));
                    needs(capability, &Declared::default(), declared, all);
                }
                (Some(declared), None) => {
                    all.push(Difference::removed(Narrower, what, &declared.reason));
                    needs(capability, declared, &Declared::default(), all);
                }
                (Some(old), Some(now)) => {
                    change(
                        all,
                        Changed,
                        format!("{what}, reason"),
                        &old.reason,
                        &now.reason,
                    );
                    let (what, any) = match capability {
                        Capability::Mail => ("mail need", "anybody"),
                        _ => ("http need", "any request"),
                    };
                    match (old.needs.is_empty(), now.needs.is_empty()) {
                        // Without needs it may be any.
                        (false, true) => all.push(Difference::added(Wider, what, any)),
                        (true, false) => all.push(Difference::removed(Narrower, what, any)),
                        _ => needs(capability, old, now, all),
                    }
                }
            }
        }
    }

    fn parameter_differences(&self, new: &Self, all: &mut Vec<Difference>) {
        let by_name = |side: &'_ Self| -> BTreeMap<String, ParameterSpec> {
            let specs = side.parameters.iter().cloned();
            specs.map(|spec| (spec.name.clone(), spec)).collect()
        };
        let (old, now) = (by_name(self), by_name(new));
        for (name, spec) in &old {
            let what = format!("parameter {name}");
            let Some(now) = now.get(name) else {
                all.push(Difference::removed(Changed, what, spec.kind.as_str()));
                continue;
            };
            // A secret that is none any more is told to the guest.
            let is_secret = |kind| kind == ParameterType::Secret;
            let mark = match (is_secret(spec.kind), is_secret(now.kind)) {
                (true, false) => Wider,
                (false, true) => Narrower,
                _ => Changed,
            };
            change(
                all,
                mark,
                format!("{what}, type"),
                spec.kind.as_str(),
                now.kind.as_str(),
            );
            let shown = |spec: &ParameterSpec| match &spec.default {
                Some(value) => value.to_string(),
                None => "none".to_owned(),
            };
            // What stands in the name of a log or in a URL says what it reads and where it sends.
            let mark = if new.reaches_by(name) { Wider } else { Changed };
            change(
                all,
                mark,
                format!("{what}, default"),
                shown(spec),
                shown(now),
            );
        }
        for (name, spec) in now.iter().filter(|(name, _)| !old.contains_key(*name)) {
            // A secret more can be sent somewhere; another value by itself lets nothing be done.
            let mark = if spec.kind == ParameterType::Secret {
                Wider
            } else {
                Changed
            };
            let what = format!("parameter {name}");
            all.push(Difference::added(mark, what, spec.kind.as_str()));
        }
    }

    /// Whether the parameter `name` stands in the name of a log or in a need.
    fn reaches_by(&self, name: &str) -> bool {
        let logs = self.subscribe.iter().map(|one| &one.artifact);
        let needs = self.capabilities.values().flat_map(|one| &one.needs);
        logs.map(String::as_str)
            .chain(needs.map(Need::text))
            .any(|text| placeholder::names(text, Syntax::Plain).any(|found| found == name))
    }

    fn subscription_differences(&self, new: &Self, all: &mut Vec<Difference>) {
        let find = |side: &'_ Self, log: &str| {
            let mut subscriptions = side.subscribe.iter();
            subscriptions.find(|one| one.artifact == log).cloned()
        };
        for old in &self.subscribe {
            match find(new, &old.artifact) {
                Some(now) => old.differences(&now, all),
                None => all.push(Difference::removed(Narrower, "subscription", &old.artifact)),
            }
        }
        for now in &new.subscribe {
            if find(self, &now.artifact).is_none() {
                all.push(Difference::added(Wider, "subscription", &now.artifact));
            }
        }
    }
}

impl Subscription {
    fn differences(&self, new: &Self, all: &mut Vec<Difference>) {
        let what = |part: &str| format!("subscription {}, {part}", self.artifact);
        // The manifest's own spelling says it best.
        let shown = |condition| serde_json::to_string(condition).unwrap_or_default();
        for gone in self.filter.iter().filter(|one| !new.filter.contains(one)) {
            all.push(Difference::removed(Wider, what("where"), shown(gone)));
        }
        for more in new.filter.iter().filter(|one| !self.filter.contains(one)) {
            all.push(Difference::added(Narrower, what("where"), shown(more)));
        }
        let [old, now] = [self, new].map(|side| match &side.columns {
            Some(names) => names.clone(),
            None => vec![Columns::ALL.to_owned()],
        });
        let [was_all, is_all] =
            [&old, &now].map(|names| names.iter().any(|name| name == Columns::ALL));
        if was_all != is_all {
            let mark = if is_all { Wider } else { Narrower };
            let shown = |names: &[String]| {
                let names = names.iter().map(|name| match name.as_str() {
                    Columns::ALL => "all",
                    name => name,
                });
                names.collect::<Vec<_>>().join(", ")
            };
            all.push(Difference::changed(
                mark,
                what("columns"),
                shown(&old),
                shown(&now),
            ));
        } else {
            for gone in old.iter().filter(|column| !now.contains(column)) {
                all.push(Difference::removed(Narrower, what("columns"), gone));
            }
            for more in now.iter().filter(|column| !old.contains(column)) {
                all.push(Difference::added(Wider, what("columns"), more));
            }
        }
        let [old, now] =
            [self, new].map(|side| format!("{} rows, {} ms", side.batch.rows, side.batch.wait_ms));
        change(all, Changed, what("batch"), old, now);
    }
}

/// What is declared of a capability.
fn needs(capability: Capability, old: &Declared, new: &Declared, all: &mut Vec<Difference>) {
    let what = format!("{capability} need");
    for gone in old.needs.iter().filter(|need| !new.needs.contains(need)) {
        all.push(Difference::removed(
            Narrower,
            what.clone(),
            gone.to_string(),
        ));
    }
    for more in new.needs.iter().filter(|need| !old.needs.contains(need)) {
        let mark = if old.needs.iter().any(|need| need.covers(more)) {
            Changed
        } else {
            Wider
        };
        all.push(Difference::added(mark, what.clone(), more.to_string()));
    }
}

fn schedule_differences(old: Option<&Schedule>, new: Option<&Schedule>, all: &mut Vec<Difference>) {
    let shown = |schedule: &Schedule| match schedule {
        Schedule::Every(period) => format!("every {}", crate::measure::show_duration(*period)),
        Schedule::Cron(cron) => format!("at {}", cron.as_str()),
    };
    match (old, new) {
        (None, None) => {}
        (None, Some(new)) => all.push(Difference::added(Wider, "schedule", shown(new))),
        (Some(old), None) => all.push(Difference::removed(Narrower, "schedule", shown(old))),
        (Some(old), Some(new)) => {
            let mark = match (old, new) {
                (Schedule::Every(old), Schedule::Every(new)) if new < old => Wider,
                (Schedule::Every(old), Schedule::Every(new)) if new > old => Narrower,
                _ => Changed,
            };
            change(all, mark, "schedule", shown(old), shown(new));
        }
    }
}

fn change(
    all: &mut Vec<Difference>,
    mark: Mark,
    what: impl Into<String>,
    old: impl Display,
    new: impl Display,
) {
    let (old, new) = (old.to_string(), new.to_string());
    if old != new {
        all.push(Difference::changed(mark, what, old, new));
    }
}

#[cfg(test)]
#[path = "compare/tests.rs"]
mod tests;
