//! What an installation is doing: told by its runner, shown in the monitoring table.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;
use watchbox_model::{Digest, LogKey, Time, turn::Trigger};

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
    pub(crate) last_error: Option<LastError>,
    pub(crate) last_turn: Option<Time>,
    pub(crate) next_tick: Option<Time>,
    pub(crate) next_try: Option<Time>,
    pub(crate) running: Option<Digest>,
    /// Where the runner is in each log.
    pub(crate) positions: Vec<Position>,
    /// How old the oldest event is that was not come to, when that was last measured.
    pub(crate) behind: Duration,
}

/// What failed last.
#[derive(Clone, Debug)]
pub(crate) struct LastError {
    pub(crate) at: Time,
    pub(crate) error: String,
    /// The turn's that failed, where it was one: what comes from elsewhere and succeeds says nothing of what comes from there.
    pub(crate) trigger: Option<Trigger>,
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

    /// Something failed that is no turn; `phase` says what follows from it.
    pub(crate) fn failed(&self, phase: Phase, error: String) {
        self.facts().failed(phase, error, None);
    }
}

impl Facts {
    /// Something failed: a turn of `trigger`, where there is one.
    pub(crate) fn failed(&mut self, phase: Phase, error: String, trigger: Option<Trigger>) {
        self.phase = phase;
        self.last_error = Some(LastError {
            at: Time::now(),
            error,
            trigger,
        });
    }

    /// A turn of `trigger` succeeded. Says whether the last error is over with it.
    pub(crate) fn succeeded(&mut self, trigger: &Trigger) -> bool {
        let is_over = self.last_error.as_ref().is_some_and(|last| {
            let failed = last.trigger.as_ref();
            failed.is_none_or(|failed| failed.is_of_source_of(trigger))
        });
        if is_over {
            self.last_error = None;
        }
        is_over
    }

    /// What ran is not what runs now: whatever succeeds next ends the last error.
    pub(crate) fn begun_anew(&mut self) {
        if let Some(last) = &mut self.last_error {
            last.trigger = None;
        }
    }

    /// Events that were not come to yet.
    pub(crate) fn lag(&self) -> u64 {
        self.positions.iter().map(Position::lag).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(log: &str) -> Trigger {
        Trigger::Events {
            log: LogKey::events(log.parse().unwrap()),
            from: 0,
            to: 1,
        }
    }

    const TICK: Trigger = Trigger::Tick {
        due: Time::from_micros(0),
    };

    fn failed(trigger: Option<Trigger>) -> Facts {
        let progress = Progress::new(Phase::Idle);
        let mut facts = progress.facts().clone();
        facts.failed(Phase::Retrying, "no".to_owned(), trigger);
        facts
    }

    #[test]
    fn an_error_is_over_with_a_turn_of_the_same_source() {
        let mut facts = failed(Some(events("A")));
        assert!(!facts.succeeded(&TICK) && !facts.succeeded(&events("B")));
        assert_eq!(facts.last_error.as_ref().unwrap().error, "no");
        assert!(facts.succeeded(&events("A")) && facts.last_error.is_none());
        assert!(!facts.succeeded(&events("A")), "it was over before");
        assert!(failed(Some(TICK)).succeeded(&TICK));
    }

    #[test]
    fn an_error_that_no_turn_left_or_another_version_did_is_over_with_any() {
        assert!(failed(None).succeeded(&TICK));
        let mut facts = failed(Some(events("A")));
        facts.begun_anew();
        assert!(facts.succeeded(&TICK));
    }
}
