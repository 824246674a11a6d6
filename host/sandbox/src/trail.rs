//! The audit records of a turn.
//!
//! A denial always stands alone. What is read many times in a turn and allowed (the clock, a state key, a log line) is
//! rolled up into one record with a count, so that the trail is bounded by what was done and not by how often.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use watchbox_model::{AuditRecord, Capability, Time, audit::Decision};

use crate::{Authority, Turn, printable};

/// What was used and tried so far in a turn. Clones are the same: a request under way writes here as well.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    records: Vec<AuditRecord>,
    rolled: Vec<Rolled>,
    /// The denials since the turn began.
    denied: u32,
}

/// The record that others of its kind are rolled up into.
#[derive(Debug)]
struct Rolled {
    operation: (Capability, &'static str),
    index: usize,
    count: u64,
    /// Whether all were about one target.
    same: bool,
}

/// One use of a capability.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub(crate) capability: Capability,
    pub(crate) operation: &'static str,
    pub(crate) target: String,
    pub(crate) took: Duration,
}

impl Trail {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic elsewhere leaves at worst a record too few.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn begins. Records that are not yet reported stay.
    pub(crate) fn begin(&self) {
        self.kept().denied = 0;
    }

    /// The denials since the turn began.
    pub(crate) fn denials(&self) -> u32 {
        self.kept().denied
    }

    /// Writes down that `used` was refused, and why.
    pub(crate) fn denied(&self, who: &Authority, turn: Option<&Turn>, used: Use, reason: &str) {
        let mut record = record(who, turn, used, Decision::Denied);
        record.reason = printable::line(reason, printable::TARGET);
        let mut kept = self.kept();
        kept.denied = kept.denied.saturating_add(1);
        kept.records.push(record);
    }

    /// Writes down that `used` was allowed by `reason`, and what came of it.
    pub(crate) fn allowed(
        &self,
        who: &Authority,
        turn: Option<&Turn>,
        used: Use,
        reason: String,
        outcome: &str,
        bytes: u64,
    ) {
        let record = allowed(who, turn, used, reason, outcome, bytes);
        self.kept().records.push(record);
    }

    /// As [`Trail::allowed`], for what went well and is read so often that it is counted instead.
    pub(crate) fn rolled_up(
        &self,
        who: &Authority,
        turn: Option<&Turn>,
        used: Use,
        reason: String,
        bytes: u64,
    ) {
        let mut kept = self.kept();
        if !kept.roll_up(&used, &reason, bytes) {
            let rolled = Rolled {
                operation: (used.capability, used.operation),
                index: kept.records.len(),
                count: 1,
                same: true,
            };
            kept.rolled.push(rolled);
            kept.records
                .push(allowed(who, turn, used, reason, "ok", bytes));
        }
    }

    /// The records, in the order in which the first of each kind came. They are gone from here with that.
    pub(crate) fn finish(&self) -> Vec<AuditRecord> {
        let mut kept = self.kept();
        let mut records = std::mem::take(&mut kept.records);
        for rolled in std::mem::take(&mut kept.rolled) {
            if rolled.count > 1 {
                let record = &mut records[rolled.index];
                record.outcome = format!("ok, {} times", rolled.count);
                if !rolled.same {
                    record.target.push_str(" and others");
                }
            }
        }
        records
    }
}

impl Kept {
    /// Adds to the record of its kind, if there is one.
    fn roll_up(&mut self, used: &Use, reason: &str, bytes: u64) -> bool {
        let operation = (used.capability, used.operation);
        let found = self.rolled.iter_mut().find(|rolled| {
            rolled.operation == operation && self.records[rolled.index].reason == reason
        });
        let Some(rolled) = found else {
            return false;
        };
        let record = &mut self.records[rolled.index];
        rolled.count += 1;
        record.bytes += bytes;
        record.ms += milliseconds(used.took);
        rolled.same &= record.target == used.target;
        true
    }
}

fn allowed(
    who: &Authority,
    turn: Option<&Turn>,
    used: Use,
    reason: String,
    outcome: &str,
    bytes: u64,
) -> AuditRecord {
    AuditRecord {
        reason,
        outcome: printable::line(outcome, printable::TARGET),
        bytes,
        ..record(who, turn, used, Decision::Allowed)
    }
}

fn record(who: &Authority, turn: Option<&Turn>, used: Use, decision: Decision) -> AuditRecord {
    AuditRecord {
        at: Time::now(),
        actor: who.installation.to_string(),
        artifact: Some(who.installation.clone()),
        digest: Some(who.digest),
        turn: turn.map(|turn| turn.id.clone()),
        capability: used.capability.to_string(),
        operation: used.operation.to_owned(),
        target: printable::line(&used.target, printable::TARGET),
        decision,
        reason: String::new(),
        outcome: String::new(),
        bytes: 0,
        ms: milliseconds(used.took),
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn used(capability: Capability, operation: &'static str, target: &str) -> Use {
        Use {
            capability,
            operation,
            target: target.to_owned(),
            took: Duration::from_millis(2),
        }
    }

    fn shown(records: &[AuditRecord]) -> String {
        let line = |record: &AuditRecord| {
            format!(
                "{} {} {:?} [{}] {} bytes {} ms {}",
                record.capability,
                record.operation,
                record.target,
                record.outcome,
                record.bytes,
                record.ms,
                record.decision == Decision::Allowed
            )
        };
        records.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn reads_are_counted_and_denials_stand_alone() {
        let who = testing::authority();
        let trail = Trail::default();
        for key in ["a", "b", "a"] {
            let get = used(Capability::State, "get", key);
            trail.rolled_up(&who, None, get, "state".into(), 10);
            trail.rolled_up(
                &who,
                None,
                used(Capability::Clock, "now", ""),
                "clock".into(),
                0,
            );
            trail.denied(&who, None, used(Capability::Labels, "add", "x"), "no grant");
        }
        insta::assert_snapshot!(shown(&trail.finish()), @r#"
        state get "a and others" [ok, 3 times] 30 bytes 6 ms true
        clock now "" [ok, 3 times] 0 bytes 6 ms true
        labels add "x" [] 0 bytes 2 ms false
        labels add "x" [] 0 bytes 2 ms false
        labels add "x" [] 0 bytes 2 ms false
        "#);
    }

    #[test]
    fn a_grant_that_changed_within_the_turn_starts_a_new_count() {
        let who = testing::authority();
        let trail = Trail::default();
        let search = || used(Capability::Clients, "search", "label:A");
        trail.rolled_up(&who, None, search(), "label:A".into(), 0);
        trail.rolled_up(&who, None, search(), "all".into(), 0);
        assert_eq!(trail.finish().len(), 2);
    }

    #[test]
    fn targets_are_made_fit_to_be_shown() {
        let who = testing::authority();
        let trail = Trail::default();
        trail.denied(
            &who,
            None,
            used(Capability::State, "set", &"\u{1b}".repeat(1_000)),
            "no",
        );
        let target = &trail.finish()[0].target;
        assert!(target.starts_with("\\u{1b}") && target.len() <= printable::TARGET);
    }
}
