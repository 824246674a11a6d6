//! Uses of one kind, counted together: what the trail comes to when it is summed up.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{AuditRecord, Capability, Time, audit::Decision};

/// Uses of a capability that a grant would not tell apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Which capability.
    pub capability: Capability,
    /// The operation: `send`, `search`, ...
    pub operation: String,
    /// On what, without what no grant looks at (see [`subject`]); `None` for those that there were too many of to be told apart.
    pub target: Option<String>,
    /// Whether they were allowed.
    pub decision: Decision,
    /// The rule that allowed them, or why the last of them was denied; empty where the target is `None` and several rules did.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// When the first was.
    pub first: Time,
    /// When the last was.
    pub last: Time,
    /// Bytes sent and received.
    pub bytes: u64,
}

/// How many uses a record stands for: those that come often are rolled up into one, whose outcome counts them.
pub fn count(record: &AuditRecord) -> u64 {
    let counted = record
        .outcome
        .strip_prefix("ok, ")
        .and_then(|rest| rest.strip_suffix(" times"));
    counted.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// A record's target without what no grant looks at, so that uses which a grant would not tell apart are one kind: the query of a URL, the
/// client of a label change, the key of a state's value.
pub fn subject<'t>(capability: Capability, operation: &str, target: &'t str) -> Cow<'t, str> {
    match (capability, operation) {
        (Capability::State, _) | (Capability::Http, "forget") => Cow::Borrowed(""),
        (Capability::Labels, _) if !target.ends_with('…') => Cow::Borrowed(
            target
                .rsplit_once(" of ")
                .map_or(target, |(labels, _)| labels),
        ),
        (Capability::Http, _) => match target.split_once('?') {
            Some((place, rest)) if rest.ends_with(REDIRECTED) => {
                Cow::Owned(format!("{place}{REDIRECTED}"))
            }
            Some((place, _)) => Cow::Borrowed(place),
            None => Cow::Borrowed(target),
        },
        _ => Cow::Borrowed(target),
    }
}

/// What the trail puts behind the target of a request that a redirect led to.
pub(crate) const REDIRECTED: &str = " (redirected)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_grant_looks_at_is_left_out() {
        for (capability, operation, target, wanted) in [
            (
                Capability::Http,
                "send",
                "GET https://h.example/a?x=1&y=2",
                "GET https://h.example/a",
            ),
            (
                Capability::Http,
                "send",
                "GET https://h.example/a?x=1 (redirected)",
                "GET https://h.example/a (redirected)",
            ),
            (
                Capability::Http,
                "send",
                "GET https://h.example/a?xxxx…",
                "GET https://h.example/a",
            ),
            (
                Capability::Http,
                "send",
                "GET https://h.example/aaaa…",
                "GET https://h.example/aaaa…",
            ),
            (
                Capability::Http,
                "send",
                "POST secret(hook) -> https://h.example",
                "POST secret(hook) -> https://h.example",
            ),
            (
                Capability::Labels,
                "add",
                "A, friend of mine of C.1",
                "A, friend of mine",
            ),
            (Capability::Labels, "add", "A, B of …", "A, B of …"),
            (Capability::Clients, "search", "label:A", "label:A"),
            (Capability::State, "get", "told/C.1", ""),
            (Capability::Http, "forget", "told/C.1", ""),
        ] {
            assert_eq!(subject(capability, operation, target), wanted, "{target}");
        }
    }

    #[test]
    fn a_record_may_stand_for_many() {
        let mut record = AuditRecord {
            at: Time::default(),
            actor: String::new(),
            artifact: None,
            digest: None,
            turn: None,
            capability: "clock".to_owned(),
            operation: "now".to_owned(),
            target: String::new(),
            decision: Decision::Allowed,
            reason: String::new(),
            outcome: "ok, 12 times".to_owned(),
            bytes: 0,
            ms: 0.0,
        };
        assert_eq!(count(&record), 12);
        for once in [
            "ok",
            "",
            "status 200",
            "ok, many times",
            "ok, 12 times, or so",
        ] {
            record.outcome = once.to_owned();
            assert_eq!(count(&record), 1, "{once}");
        }
    }
}
