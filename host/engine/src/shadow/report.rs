//! What is known of a shadow, and how it is told.

use std::time::Duration;

use tokio::sync::watch;
use watchbox_model::{AuditRecord, Digest, Name, Rows, Time};

use super::tally::{By, Tally};
use crate::{
    GivenUp, Target,
    stage::{Played, Targets},
};

/// The most denied calls that are kept to be shown.
const DENIALS: usize = 100;

/// A shadow, and how it compares with its installation so far.
#[derive(Clone, Debug)]
pub struct ShadowReport {
    /// Whose shadow.
    pub name: Name,
    /// The component that is its shadow.
    pub digest: Digest,
    /// Its version.
    pub version: String,
    /// Since when it runs.
    pub since: Time,
    /// Who started it.
    pub started_by: String,
    /// Whether it runs still.
    pub is_running: bool,
    /// How it compares.
    pub facts: ShadowFacts,
}

/// How a shadow compares with its installation so far.
#[derive(Clone, Debug, Default)]
pub struct ShadowFacts {
    /// Events that it was given.
    pub events: u64,
    /// Turns that succeeded.
    pub turns: u64,
    /// Rows that it emitted.
    pub rows: u64,
    /// Rows that both gave.
    pub same: u64,
    /// Rows that only the installation gave.
    pub only_live: Difference,
    /// Rows that only the shadow gave.
    pub only_shadow: Difference,
    /// Requests that would have been made.
    pub calls: u64,
    /// Where they would have gone.
    pub targets: Vec<Target>,
    /// Calls that were denied.
    pub denied: u64,
    /// The first denied calls of each kind.
    pub denials: Vec<AuditRecord>,
    /// Events and ticks that it could not handle.
    pub failures: u64,
    /// The last of them, and when.
    pub last_failure: Option<(Time, GivenUp)>,
    /// Why it can't go on now.
    pub trouble: Option<String>,
    /// How long its turns took, all together.
    pub busy: Duration,
    /// Events that it has not come to yet.
    pub lag: u64,
}

/// Rows that only one of two gave (so far: the other may not have come to them yet).
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// How many.
    pub rows: u64,
    /// The first of them, 100 at most.
    pub examples: Rows,
}

/// What is known of a shadow.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) tally: Tally,
    counts: ShadowFacts,
    targets: Targets,
    /// Each log's end, and how far it has come.
    pub(super) positions: Vec<(watch::Receiver<u64>, u64)>,
}

impl Facts {
    /// A try is over.
    pub(super) fn played(&mut self, played: Played) {
        let counts = &mut self.counts;
        counts.trouble = None;
        counts.events += played.events;
        counts.turns += u64::from(played.is_done);
        counts.rows += played.rows.len() as u64;
        counts.denied += played.denied.len() as u64;
        counts.busy += played.took;
        self.targets.add(&played.calls);
        for record in played.denied {
            let is_known = counts.denials.iter().any(|known| {
                known.capability == record.capability
                    && known.operation == record.operation
                    && known.reason == record.reason
            });
            if !is_known && counts.denials.len() < DENIALS {
                counts.denials.push(record);
            }
        }
        if let Some(failure) = played.failure {
            counts.failures += played.events.max(1);
            counts.last_failure = Some((Time::now(), failure));
        }
        for row in played.rows.iter() {
            self.tally.add(By::Shadow, row);
        }
    }

    /// It can't go on for now.
    pub(super) fn troubled(&mut self, why: String) {
        self.counts.trouble = Some(why);
    }

    /// All of it.
    pub(super) fn so_far(&self) -> ShadowFacts {
        let difference = |by| {
            let (rows, examples) = self.tally.only(by);
            Difference { rows, examples }
        };
        ShadowFacts {
            same: self.tally.same(),
            only_live: difference(By::Live),
            only_shadow: difference(By::Shadow),
            calls: self.targets.total(),
            targets: self.targets.list(),
            lag: self
                .positions
                .iter()
                .map(|(end, at)| end.borrow().saturating_sub(*at))
                .sum(),
            ..self.counts.clone()
        }
    }
}
