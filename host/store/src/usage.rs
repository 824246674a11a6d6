//! The trail summed up: what an installation used and tried, counted by what a grant would tell apart.

use std::collections::HashMap;

use watchbox_model::{
    AuditRecord, Capability, Name, Time, Usage,
    audit::Decision,
    usage::{count, subject},
};

/// Of which uses the sum is wanted.
#[derive(Clone, Debug)]
pub struct UsageQuery {
    /// Those of this installation.
    pub artifact: Name,
    /// Those at or after.
    pub since: Option<Time>,
    /// Those before.
    pub until: Option<Time>,
    /// How many kinds are told apart at most. Those that come beyond that, which are those used longest ago, are counted together, one sum
    /// for each operation and decision.
    pub most: usize,
}

/// Sums uses up, in bounded memory.
#[derive(Debug)]
pub struct Tally {
    kinds: HashMap<Kind, Usage>,
    most: usize,
}

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    capability: Capability,
    operation: String,
    target: Option<String>,
    decision: Decision,
    /// The rule that allowed it. (Why something was denied follows from what was tried.)
    rule: String,
}

impl Tally {
    /// Of at most `most` kinds, and the sums of what is beyond.
    pub fn new(most: usize) -> Self {
        Self {
            kinds: HashMap::new(),
            most,
        }
    }

    /// Counts a record, unless it is none of a use. The latest come first.
    pub fn add(&mut self, record: AuditRecord) {
        let Ok(capability) = record.capability.parse::<Capability>() else {
            return;
        };
        let mut kind = Kind {
            capability,
            target: Some(subject(capability, &record.operation, &record.target).into_owned()),
            operation: record.operation.clone(),
            decision: record.decision,
            rule: match record.decision {
                Decision::Allowed => record.reason.clone(),
                Decision::Denied => String::new(),
            },
        };
        if self.kinds.len() >= self.most && !self.kinds.contains_key(&kind) {
            kind.target = None;
            kind.rule = String::new();
        }
        let count = count(&record);
        if let Some(usage) = self.kinds.get_mut(&kind) {
            usage.count += count;
            usage.bytes += record.bytes;
            usage.first = usage.first.min(record.at);
            if record.at > usage.last {
                usage.last = record.at;
                if usage.decision == Decision::Denied {
                    usage.reason = record.reason;
                }
            }
            return;
        }
        let usage = Usage {
            capability,
            operation: record.operation,
            target: kind.target.clone(),
            decision: record.decision,
            reason: match (record.decision, &kind.target) {
                (Decision::Allowed, None) => String::new(),
                _ => record.reason,
            },
            count,
            first: record.at,
            last: record.at,
            bytes: record.bytes,
        };
        self.kinds.insert(kind, usage);
    }

    /// The sums, by capability, operation and target.
    pub fn finish(self) -> Vec<Usage> {
        let mut all: Vec<Usage> = self.kinds.into_values().collect();
        all.sort_by(|a, b| {
            let order = |usage: &Usage| {
                // What is told apart comes before the rest of it.
                let is_rest = usage.target.is_none();
                (usage.capability, usage.operation.clone(), is_rest)
            };
            order(a)
                .cmp(&order(b))
                .then_with(|| a.target.cmp(&b.target))
                .then_with(|| a.reason.cmp(&b.reason))
        });
        all
    }
}
