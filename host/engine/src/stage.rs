//! One version at work with its effects withheld, turn after turn: what replays and shadows have in common.
//!
//! A turn is tried once: its requests are answered here, so that waiting would change nothing. A batch that fails is halved until the event
//! that it fails on stands alone; that one is given up, the rest go on.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use watchbox_model::{AuditRecord, LogKey, Name, Rows, Time, audit::Decision, turn::Trigger};
use watchbox_sandbox::{
    CannedAnswer, Overlay, Rehearsal, TurnFailure, Withheld, WithheldCall, host::Host,
};

use crate::{
    batch::Batch,
    host::InstallationHost,
    loading::Loaded,
    turn::{Work, rows_append},
};

/// What a turn is to be about.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// A batch of a log, and the turn's time.
    Events(LogKey, Batch, Time),
    /// A tick, due then, which is the turn's time.
    Tick(Time),
}

/// A trigger that was given up.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenUp {
    /// What could not be handled.
    pub trigger: Trigger,
    /// Why.
    pub error: String,
}

/// What came of a try.
#[derive(Debug, Default)]
pub(crate) struct Played {
    /// Events that were handled or given up with it.
    pub(crate) events: u64,
    /// Whether the turn succeeded.
    pub(crate) is_done: bool,
    /// The rows, with their `_ts`, as they would have been stored.
    pub(crate) rows: Rows,
    /// The requests that would have been made.
    pub(crate) calls: Vec<WithheldCall>,
    /// The calls that the grants denied.
    pub(crate) denied: Vec<AuditRecord>,
    /// Labels that would have been put on or taken off.
    pub(crate) labels: u64,
    /// Keys of the state that were set or removed.
    pub(crate) state: u64,
    /// What was given up.
    pub(crate) failure: Option<GivenUp>,
    /// How long the try took.
    pub(crate) took: Duration,
}

/// One version at work with its effects withheld.
pub(crate) struct Stage {
    name: Name,
    rehearsal: Rehearsal,
    memory: Arc<Overlay>,
    withheld: Arc<Withheld>,
    /// What is to be played, the next last.
    waiting: Vec<Part>,
}

impl Stage {
    /// Puts `loaded` to work over the clients that `host` sees and a state that is empty.
    pub(crate) fn new(
        name: &Name,
        loaded: &Loaded,
        host: Arc<InstallationHost>,
        answer: CannedAnswer,
    ) -> Self {
        let host: Arc<dyn Host> = host;
        let memory = Arc::new(Overlay::over(host));
        let withheld = Arc::new(Withheld::new(answer));
        let rehearsal = Rehearsal::new(
            Arc::clone(&loaded.component),
            Arc::clone(&loaded.authority),
            Arc::clone(&memory),
            Some(Arc::clone(&withheld)),
        );
        Self {
            name: name.clone(),
            rehearsal,
            memory,
            withheld,
            waiting: Vec::new(),
        }
    }

    /// Makes the instance: says whether the version takes its parameters.
    pub(crate) async fn warm(&mut self) -> Result<(), TurnFailure> {
        self.rehearsal.warm().await
    }

    /// The memory that it works over.
    pub(crate) fn memory(&self) -> &Arc<Overlay> {
        &self.memory
    }

    /// Gives it something to play.
    pub(crate) fn give(&mut self, part: Part) {
        self.waiting.push(part);
    }

    /// Plays what is next. None where nothing is to be played.
    pub(crate) async fn step(&mut self) -> Option<Played> {
        let part = self.waiting.pop()?;
        let work = match &part {
            Part::Events(log, batch, now) => Work::events(log, batch.clone(), *now, false),
            Part::Tick(due) => Work::tick(*due, *due),
        };
        let report = self.rehearsal.turn(&work.turn, &work.input).await;
        let (result, audit, took) = match report {
            Ok(report) => (report.result, report.audit, report.usage.elapsed),
            Err(failure) => (Err(failure), Vec::new(), Duration::ZERO),
        };
        let mut played = Played {
            // What a batch that is halved has sent, its halves do not send again.
            calls: self.withheld.take_calls(),
            took,
            ..Played::default()
        };
        match result {
            Ok(effects) => {
                played.is_done = true;
                played.labels = effects.labels.len() as u64;
                played.state = effects.state.len() as u64;
                played.rows = rows_append(&self.name, &effects.rows, work.turn.now)
                    .map(|append| append.rows)
                    .unwrap_or_default();
            }
            Err(failure) => {
                if let Some((first, second)) = part.halves()
                    && !matches!(failure, TurnFailure::Reject(_))
                {
                    self.waiting.extend([second, first]);
                    return Some(played);
                }
                played.failure = Some(GivenUp {
                    trigger: work.turn.trigger.clone(),
                    error: failure.to_string(),
                });
            }
        }
        if self.waiting.is_empty() {
            self.memory.clear();
        }
        played.events = work.events_len() as u64;
        played.denied = audit;
        played
            .denied
            .retain(|record| record.decision == Decision::Denied);
        Some(played)
    }
}

impl Part {
    /// The two halves of a batch of more than one event.
    fn halves(&self) -> Option<(Self, Self)> {
        let Self::Events(log, batch, now) = self else {
            return None;
        };
        let middle = batch.positions.len() / 2;
        if middle == 0 {
            return None;
        }
        let (first, second) = batch.split(middle);
        let part = |batch| Self::Events(log.clone(), batch, *now);
        Some((part(first), part(second)))
    }
}

impl Batch {
    /// The batch of its first `middle` events (1 or more, and not all), and that of the others.
    pub(crate) fn split(&self, middle: usize) -> (Self, Self) {
        let mut first = self.clone();
        let positions = first.positions.split_off(middle);
        let at = positions[0];
        let second = Self {
            from: at,
            to: self.to,
            rows: self.rows.slice(middle..self.rows.len()),
            positions,
        };
        first.rows = self.rows.slice(0..middle);
        first.to = at;
        (first, second)
    }

    /// The `_ts` of its first event and of its last.
    pub(crate) fn times(&self) -> (Time, Time) {
        let time = |index: usize| self.rows.get(index).and_then(|row| row.ts());
        let first = time(0).unwrap_or_default();
        (
            first,
            time(self.rows.len().saturating_sub(1)).unwrap_or(first),
        )
    }
}

/// Requests that would have been made, counted by where to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Targets {
    counts: BTreeMap<String, Target>,
    total: u64,
}

/// Requests to one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Method and URL, without what is secret.
    pub target: String,
    /// How many.
    pub count: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
}

/// The most targets that are told apart.
const TARGETS: usize = 1_000;

/// What those beyond are counted under.
const OTHERS: &str = "others";

impl Targets {
    /// Counts `calls`.
    pub(crate) fn add(&mut self, calls: &[WithheldCall]) {
        for call in calls {
            self.total += 1;
            let is_known = self.counts.contains_key(&call.target);
            let name = if is_known || self.counts.len() < TARGETS {
                call.target.as_str()
            } else {
                OTHERS
            };
            let target = self.counts.entry(name.to_owned()).or_default();
            target.count += 1;
            target.bytes += call.bytes;
        }
    }

    /// How many there were.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The targets, by name.
    pub(crate) fn list(&self) -> Vec<Target> {
        let target = |(name, count): (&String, &Target)| Target {
            target: name.clone(),
            ..count.clone()
        };
        self.counts.iter().map(target).collect()
    }
}
