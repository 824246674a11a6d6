//! Every metric of the engine: names, labels, meaning. Labels take few values: installations, capabilities, limits,
//! results, and the first [`MOST_LOGS`] logs (the rest are `other`, as anybody who may send events makes names up).

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};
use watchbox_model::{AuditRecord, Name, audit::Decision};
use watchbox_sandbox::{TurnFailure, TurnReport};

const ACCEPTED: &str = "watchbox_events_accepted_total";
const TURNS: &str = "watchbox_turns_total";
const TURN_SECONDS: &str = "watchbox_turn_seconds";
const ROWS: &str = "watchbox_rows_total";
const LAG: &str = "watchbox_lag_events";
const BEHIND: &str = "watchbox_lag_seconds";
const LIMIT_HITS: &str = "watchbox_limit_hits_total";
const DENIED: &str = "watchbox_denied_total";
const SENT: &str = "watchbox_sent_total";
const DEAD_LETTERS: &str = "watchbox_dead_letters_total";
const MISSED: &str = "watchbox_missed_events_total";
const PANICS: &str = "watchbox_runner_panics_total";
const ROLLBACKS: &str = "watchbox_rollbacks_total";
const QUARANTINED: &str = "watchbox_quarantined";
const TRAIL: &str = "watchbox_audit_trail_whole";

/// How many logs have a label value of their own.
const MOST_LOGS: usize = 200;

/// Whether the audit trail was found to be what was signed.
pub(crate) fn trail_is_whole(is_whole: bool) {
    gauge!(TRAIL).set(f64::from(u8::from(is_whole)));
}

/// Tells the recorder what each metric means.
pub(crate) fn describe() {
    describe_counter!(ACCEPTED, Unit::Count, "Events accepted, by log");
    describe_counter!(
        TURNS,
        Unit::Count,
        "Tries of turns, by installation and result: committed, retry, reject, fault, configure, trap, limit, garbage or host"
    );
    describe_histogram!(
        TURN_SECONDS,
        Unit::Seconds,
        "Time that tries of turns took, by installation"
    );
    describe_counter!(ROWS, Unit::Count, "Rows emitted, by installation");
    describe_gauge!(
        LAG,
        Unit::Count,
        "Events that an installation has not come to yet"
    );
    describe_gauge!(
        BEHIND,
        Unit::Seconds,
        "How old the oldest event is that an installation has not come to yet"
    );
    describe_counter!(LIMIT_HITS, Unit::Count, "Limits hit, by limit");
    describe_counter!(
        DENIED,
        Unit::Count,
        "Calls that no grant covers, by capability"
    );
    describe_counter!(
        SENT,
        Unit::Count,
        "Requests and messages that were sent, by installation, capability and result: of a request the status's class (2xx), timeout or unreachable; of each recipient of a message taken, refused or unavailable"
    );
    describe_counter!(
        DEAD_LETTERS,
        Unit::Count,
        "Triggers set aside, by installation"
    );
    describe_counter!(
        MISSED,
        Unit::Count,
        "Events that retention took before an installation came to them"
    );
    describe_counter!(
        PANICS,
        Unit::Count,
        "Panics of the host while it ran an installation, by installation"
    );
    describe_counter!(
        ROLLBACKS,
        Unit::Count,
        "Ways back to an earlier version, by installation and cause: failure or operator"
    );
    describe_gauge!(
        QUARANTINED,
        Unit::Count,
        "1 where an installation is set aside since it kept failing, else 0"
    );
    describe_gauge!(
        TRAIL,
        Unit::Count,
        "1 if the audit trail was what is signed when the server started, else 0"
    );
}

/// An installation went back to an earlier version, by itself or by somebody's order.
pub(crate) fn rolled_back(installation: &Name, by_itself: bool) {
    let cause = if by_itself { "failure" } else { "operator" };
    counter!(ROLLBACKS, "installation" => installation.to_string(), "cause" => cause).increment(1);
}

/// Counts accepted events.
#[derive(Default)]
pub(crate) struct AcceptedEvents(RwLock<HashMap<Name, Counter>>);

impl AcceptedEvents {
    /// `events` more events of `log`.
    pub(crate) fn add(&self, log: &Name, events: u64) {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = known.get(log) {
            counter.increment(events);
            return;
        }
        drop(known);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST_LOGS {
            let counter = counter!(ACCEPTED, "log" => log.to_string());
            counter.increment(events);
            known.insert(log.clone(), counter);
        } else {
            counter!(ACCEPTED, "log" => "other").increment(events);
        }
    }
}

/// The metrics of one installation.
pub(crate) struct TurnMetrics {
    name: Name,
    committed: Counter,
    rows: Counter,
    seconds: Histogram,
    lag: Gauge,
    behind: Gauge,
    quarantined: Gauge,
}

impl TurnMetrics {
    /// Those of `installation`.
    pub(crate) fn new(installation: &Name) -> Self {
        let label = installation.to_string();
        // Those that count what is rare are there from the start, at zero: an alert on their growth needs the zero.
        for rare in [DEAD_LETTERS, MISSED, PANICS] {
            counter!(rare, "installation" => label.clone()).increment(0);
        }
        Self {
            name: installation.clone(),
            committed: counter!(TURNS, "installation" => label.clone(), "result" => "committed"),
            rows: counter!(ROWS, "installation" => label.clone()),
            seconds: histogram!(TURN_SECONDS, "installation" => label.clone()),
            lag: gauge!(LAG, "installation" => label.clone()),
            behind: gauge!(BEHIND, "installation" => label.clone()),
            quarantined: gauge!(QUARANTINED, "installation" => label),
        }
    }

    /// A turn was committed with this many rows.
    pub(crate) fn committed(&self, rows: u64) {
        self.committed.increment(1);
        self.rows.increment(rows);
    }

    /// Retention took this many events before it came to them.
    pub(crate) fn missed(&self, events: u64) {
        counter!(MISSED, "installation" => self.name.to_string()).increment(events);
    }

    /// A try ended.
    pub(crate) fn tried(&self, report: &TurnReport) {
        self.seconds.record(report.usage.elapsed);
        for record in &report.audit {
            if record.decision == Decision::Denied {
                counter!(DENIED, "capability" => record.capability.clone()).increment(1);
            } else if let Some(result) = sent(record) {
                counter!(SENT, "installation" => self.name.to_string(), "capability" => record.capability.clone(), "result" => result)
                    .increment(1);
            }
        }
        if let Err(failure) = &report.result {
            self.failed(failure);
        }
    }

    /// A try was discarded.
    pub(crate) fn failed(&self, failure: &TurnFailure) {
        if let TurnFailure::Limit { limit, .. } = failure {
            counter!(LIMIT_HITS, "limit" => limit.as_str()).increment(1);
        }
        counter!(TURNS, "installation" => self.name.to_string(), "result" => result(failure))
            .increment(1);
    }

    /// A trigger was set aside.
    pub(crate) fn dead_letter(&self) {
        counter!(DEAD_LETTERS, "installation" => self.name.to_string()).increment(1);
    }

    /// The host panicked while it ran the installation.
    pub(crate) fn panicked(&self) {
        counter!(PANICS, "installation" => self.name.to_string()).increment(1);
    }

    /// Whether the installation is set aside.
    pub(crate) fn quarantined(&self, is_set_aside: bool) {
        self.quarantined.set(if is_set_aside { 1.0 } else { 0.0 });
    }

    /// How far behind the installation is.
    pub(crate) fn lag(&self, events: u64, behind: Duration) {
        self.lag.set(events as f64);
        self.behind.set(behind.as_secs_f64());
    }
}

/// How often the lag is measured.
pub(crate) const LAG_PERIOD: Duration = Duration::from_secs(5);

/// What came of what `record` says was sent; nothing where nothing left the machine.
fn sent(record: &AuditRecord) -> Option<&'static str> {
    // Each with what follows it; what was not sent, or is still seen through, has other texts.
    const RESULTS: [&str; 4] = ["unreachable: ", "taken as ", "refused: ", "unavailable: "];
    const NOT_SENT: [&str; 3] = [
        "unavailable: the turn has no time left for it",
        "unavailable: no answer before the turn was over",
        "unavailable: no mail relay is set",
    ];
    if record.operation != "send" || record.outcome.ends_with("from the journal") {
        return None;
    }
    if let Some(status) = record.outcome.strip_prefix("status ") {
        let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        return classes
            .into_iter()
            .find(|class| status.starts_with(&class[..1]));
    }
    let begins = |text: &&str| record.outcome.starts_with(*text);
    if NOT_SENT.iter().any(begins) {
        return None;
    }
    if record.outcome == "timeout" {
        return Some("timeout");
    }
    let result = RESULTS.into_iter().find(begins)?;
    result.split([':', ' ']).next()
}

fn result(failure: &TurnFailure) -> &'static str {
    match failure {
        TurnFailure::Retry { .. } => "retry",
        TurnFailure::Reject(_) => "reject",
        TurnFailure::Fault(_) => "fault",
        TurnFailure::Configure(_) => "configure",
        TurnFailure::Trap(_) => "trap",
        TurnFailure::Limit { .. } => "limit",
        TurnFailure::Garbage(_) => "garbage",
        TurnFailure::Host(_) => "host",
    }
}

#[cfg(test)]
mod tests {
    use watchbox_model::Time;

    use super::*;

    #[test]
    fn what_was_sent_is_counted_by_what_came_of_it() {
        for (operation, outcome, wanted) in [
            ("send", "status 204", Some("2xx")),
            ("send", "status 503, too large", Some("5xx")),
            ("send", "status 200, from the journal", None),
            ("send", "timeout", Some("timeout")),
            ("send", "timeout, before it was sent", None),
            (
                "send",
                "unavailable: no mail relay is set: `mail` in the server's settings names one",
                None,
            ),
            (
                "send",
                "unavailable: the turn has no time left for it",
                None,
            ),
            (
                "send",
                "unavailable: no answer before the turn was over; it is seen through",
                None,
            ),
            (
                "send",
                "unreachable: connection refused",
                Some("unreachable"),
            ),
            ("send", "taken as <1@x>: 250 OK", Some("taken")),
            ("send", "refused: 550 no such user", Some("refused")),
            ("send", "unavailable: 451 later", Some("unavailable")),
            (
                "send",
                "limited: its requests of this minute are spent",
                None,
            ),
            ("send", "not sent: another recipient is denied", None),
            ("forget", "ok", None),
            ("get", "status 200", None),
        ] {
            let record = AuditRecord {
                at: Time::default(),
                actor: String::new(),
                artifact: None,
                digest: None,
                turn: None,
                capability: "http".to_owned(),
                operation: operation.to_owned(),
                target: String::new(),
                decision: Decision::Allowed,
                reason: String::new(),
                outcome: outcome.to_owned(),
                bytes: 0,
                ms: 0.0,
            };
            assert_eq!(sent(&record), wanted, "{operation}: {outcome}");
        }
    }
}
