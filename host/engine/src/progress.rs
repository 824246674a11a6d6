//! What an installation is doing: told by its runner, shown in the monitoring table.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use watchbox_model::{Digest, Time};

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
    pub(crate) running: Option<Digest>,
    /// Each log's end, and how far the runner has come in it.
    pub(crate) positions: Vec<(watch::Receiver<u64>, u64)>,
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
            running: None,
            positions: Vec::new(),
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
        self.positions
            .iter()
            .map(|(end, at)| end.borrow().saturating_sub(*at))
            .sum()
    }
}
