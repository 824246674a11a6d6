//! What is denied, as the audit trail tells it: each denial of one actor in one thing is written down when it comes, and those that
//! follow within a minute as their number, so that a loop can't fill the trail.
//!
//! Requests without a valid token are counted here as well, by the address that they come from. Their number says when to answer with
//! "come later": a token has 256 bits of chance, so that guessing leads nowhere, but the noise of it is not to fill the logs. It never
//! keeps a valid token out, whatever else comes from its address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use watchbox_model::{AuditRecord, Time, audit::Decision};
use watchbox_store::Store;

use super::act::record;

/// How long one denial stands for those that follow it.
pub(super) const PERIOD: Duration = Duration::from_secs(60);

/// The most denials of addresses, of tokens and of certificates each that are told apart at once; the others of a sort are told of as one,
/// so that a flood of the one sort hides none of another.
const MOST: usize = 1_024;

/// Who is said to act where they are too many to be told apart, behind their sort.
const OTHERS: &str = "others";

/// What is denied where it is not known who asks.
const LOGIN: &str = "login";

/// What was denied in the last minute.
#[derive(Default)]
pub(crate) struct Denials(Mutex<HashMap<Kind, Run>>);

/// Who was denied what.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Kind {
    actor: String,
    operation: String,
}

impl Kind {
    /// `address`, `token` or `certificate`.
    fn sort(&self) -> &str {
        self.actor.split(':').next().unwrap_or_default()
    }

    /// Those of its sort that are not told apart.
    fn others(&self) -> Self {
        Self {
            actor: format!("{}:{OTHERS}", self.sort()),
            operation: "any".to_owned(),
        }
    }
}

/// Denials of one kind, from the first one on.
struct Run {
    since: Time,
    /// How many came after the first.
    more: u64,
    /// Why the last one was denied.
    reason: String,
}

/// How often somebody was denied something within the present minute, and when that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Often {
    pub(super) times: u64,
    pub(super) over_at: Time,
}

impl Denials {
    /// Writes down that `actor` was denied `operation`.
    pub(super) async fn tell(
        &self,
        store: &dyn Store,
        actor: String,
        operation: String,
        reason: String,
        now: Time,
    ) {
        let kind = Kind { actor, operation };
        let (records, _) = self.note(kind, reason, now);
        write(store, records).await;
    }

    /// Writes down that a request of `address` had no valid token.
    pub(super) async fn tell_of_stranger(
        &self,
        store: &dyn Store,
        address: Option<IpAddr>,
        reason: &str,
        now: Time,
    ) -> Often {
        let kind = Kind {
            actor: stranger(address),
            operation: LOGIN.to_owned(),
        };
        let (records, often) = self.note(kind, reason.to_owned(), now);
        write(store, records).await;
        often
    }

    /// Writes down the numbers of those whose minute is over at `now`; of all where the server stops.
    pub(crate) async fn sum_up(&self, store: &dyn Store, now: Time, is_last: bool) {
        let records = take_over(&mut self.lock(), now, is_last);
        write(store, records).await;
    }

    /// Takes one in; gives what is to be written down.
    fn note(&self, kind: Kind, reason: String, now: Time) -> (Vec<AuditRecord>, Often) {
        let mut runs = self.lock();
        let mut records = take_over(&mut runs, now, false);
        let alike = || runs.keys().filter(|other| other.sort() == kind.sort());
        let kind = if runs.contains_key(&kind) || alike().count() < MOST {
            kind
        } else {
            kind.others()
        };
        let run = match runs.get_mut(&kind) {
            Some(run) => {
                run.more += 1;
                run.reason = reason;
                run
            }
            None => {
                tracing::warn!(
                    actor = kind.actor,
                    operation = kind.operation,
                    reason,
                    "denied"
                );
                records.push(denied(&kind, reason.clone(), now));
                let run = Run {
                    since: now,
                    more: 0,
                    reason,
                };
                runs.entry(kind).or_insert(run)
            }
        };
        let often = Often {
            times: run.more + 1,
            over_at: run.since.plus(PERIOD),
        };
        (records, often)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Kind, Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes those out whose minute is over at `now` (or all), and gives what is to be told of them.
fn take_over(runs: &mut HashMap<Kind, Run>, now: Time, all: bool) -> Vec<AuditRecord> {
    // Where the clock was set back, the minute is over too.
    let is_over = |run: &Run| all || run.since > now || now.since(run.since) >= PERIOD;
    let over = runs.extract_if(|_, run| is_over(run));
    over.filter(|(_, run)| run.more > 0)
        .map(|(kind, run)| {
            let reason = format!(
                "{} more within a minute, the last: {}",
                run.more, run.reason
            );
            denied(&kind, reason, now)
        })
        .collect()
}

fn denied(kind: &Kind, reason: String, now: Time) -> AuditRecord {
    AuditRecord {
        at: now,
        ..record(
            &kind.actor,
            &kind.operation,
            "",
            None,
            Decision::Denied,
            reason,
        )
    }
}

async fn write(store: &dyn Store, records: Vec<AuditRecord>) {
    if records.is_empty() {
        return;
    }
    if let Err(error) = store.record(Vec::new(), records).await {
        tracing::warn!(%error, "a denial could not be written down");
    }
}

/// What the trail calls whoever is behind `address`. One who has an IPv6 address has the 64 bits behind its network too.
fn stranger(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "address:unknown".to_owned(),
        Some(IpAddr::V4(address)) => format!("address:{address}"),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            let network = std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0);
            format!("address:{network}/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Time {
        Time::from_seconds(seconds)
    }

    fn note(denials: &Denials, actor: &str, at: f64) -> (Vec<String>, u64) {
        let kind = Kind {
            actor: actor.to_owned(),
            operation: "GET /x".to_owned(),
        };
        let (records, often) = denials.note(kind, format!("at {at}"), seconds(at));
        let told = records
            .into_iter()
            .map(|record| format!("{}: {}", record.actor, record.reason))
            .collect();
        (told, often.times)
    }

    #[test]
    fn the_first_is_told_at_once_and_the_rest_as_a_number() {
        let denials = Denials::default();
        assert_eq!(note(&denials, "a", 0.0), (vec!["a: at 0".to_owned()], 1));
        assert_eq!(note(&denials, "a", 1.0), (vec![], 2));
        assert_eq!(note(&denials, "b", 2.0), (vec!["b: at 2".to_owned()], 1));
        assert_eq!(note(&denials, "a", 59.0), (vec![], 3));
        let after = vec![
            "a: 2 more within a minute, the last: at 59".to_owned(),
            "a: at 60".to_owned(),
        ];
        assert_eq!(note(&denials, "a", 60.0), (after, 1));
        // Nothing more came of `b`, and nothing more is told.
        assert!(take_over(&mut denials.lock(), seconds(62.0), false).is_empty());
        note(&denials, "a", 61.0);
        let last = take_over(&mut denials.lock(), seconds(63.0), true);
        assert_eq!(last.len(), 1);
        assert!(denials.lock().is_empty());
    }

    #[test]
    fn a_clock_that_is_set_back_ends_the_minute() {
        let denials = Denials::default();
        note(&denials, "a", 1_000.0);
        assert_eq!(note(&denials, "a", 10.0), (vec!["a: at 10".to_owned()], 1));
    }

    #[test]
    fn however_many_they_are_memory_and_trail_are_bounded() {
        let denials = Denials::default();
        let address = |nth: u64| format!("address:{nth}");
        let told: usize = (0..5_000)
            .map(|nth| note(&denials, &address(nth), 0.0).0.len())
            .sum();
        assert_eq!(told, MOST + 1, "those that are told apart, and the others");
        assert_eq!(denials.lock().len(), MOST + 1);
        let (told, times) = note(&denials, &address(5_000), 1.0);
        assert_eq!((told.len(), times), (0, 5_000 - MOST as u64 + 1));
        let (told, _) = note(&denials, "token:agents", 1.0);
        assert_eq!(told, ["token:agents: at 1"], "a flood hides nobody else");
        let numbers = take_over(&mut denials.lock(), seconds(60.0), false);
        assert_eq!(numbers.len(), 1);
        assert_eq!(numbers[0].actor, "address:others");
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let told = |address: &str| stranger(Some(address.parse().unwrap()));
        assert_eq!(told("192.0.2.7"), "address:192.0.2.7");
        assert_eq!(told("::ffff:192.0.2.7"), "address:192.0.2.7");
        assert_eq!(told("2001:db8:1:2:3:4:5:6"), "address:2001:db8:1:2::/64");
        assert_eq!(stranger(None), "address:unknown");
    }
}
