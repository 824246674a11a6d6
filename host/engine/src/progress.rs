//! What an installation is doing: told by its runner, shown in the monitoring table.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;
use watchbox_model::{Digest, LogKey, Time};

use crate::Phase;

/// What is known of an installation's work. Outlives the runner, so that counts go on over a disable.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<Facts>);

/// The facts themselves; the fields are those of [`crate::Status`].
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) phase: Phase,
    pub(crate) turns: u64,
    pub(crate) failures: u64,
    pub(crate) rows: u64,
    pub(crate) last_error: Option<(Time, String)>,
    pub(crate) last_turn: Option<Time>,
    pub(crate) next_tick: Option<Time>,
    pub(crate) next_try: Option<Time>,
    pub(crate) running: Option<Digest>,
    /// Where the runner is in each log.
    pub(crate) positions: Vec<Position>,
    /// How old the oldest event is that was not come to, when that was last measured.
    pub(crate) behind: Duration,
}

/// A runner's place in a log.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    pub(crate) log: LogKey,
    pub(crate) end: watch::Receiver<u64>,
    /// How far it has come.
    pub(crate) at: u64,
}

impl Position {
    /// Events that were not come to yet.
    pub(crate) fn lag(&self) -> u64 {
        self.end.borrow().saturating_sub(self.at)
    }
}

impl Progress {
    /// Nothing done yet.
    pub(crate) fn new(phase: Phase) -> Self {
        Self(Mutex::new(Facts {
            phase,
            turns: 0,
            failures: 0,
            rows: 0,
            last_error: None,
            last_turn: None,
            next_tick: None,
            next_try: None,
            running: None,
            positions: Vec::new(),
            behind: Duration::ZERO,
        }))
    }

    /// The facts, to read or to change.
    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something failed; `phase` says what follows from it.
    pub(crate) fn failed(&self, phase: Phase, error: String) {
        let mut facts = self.facts();
        facts.phase = phase;
        facts.last_error = Some((Time::now(), error));
    }
}

impl Facts {
    /// Events that were not come to yet.
    pub(crate) fn lag(&self) -> u64 {
        self.positions.iter().map(Position::lag).sum()
    }
}
