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
    /// What failed and did not succeed since, each source's last error, the newest last.
    pub(crate) errors: Vec<LastError>,
    pub(crate) last_turn: Option<Time>,
    pub(crate) next_tick: Option<Time>,
    pub(crate) next_try: Option<Time>,
    pub(crate) running: Option<Digest>,
    /// Where the runner is in each log.
    pub(crate) positions: Vec<Position>,
    /// How old the oldest event is that was not come to, when that was last measured.
    pub(crate) behind: Duration,
}

/// The last error of a source.
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
            errors: Vec::new(),
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
    /// Something failed: a turn of `trigger`, where there is one. Says whether it did not before.
    pub(crate) fn failed(&mut self, phase: Phase, error: String, trigger: Option<Trigger>) -> bool {
        self.phase = phase;
        let before = self.errors.len();
        self.errors.retain(|last| match (&last.trigger, &trigger) {
            (Some(last), Some(trigger)) => !last.is_of_source_of(trigger),
            (None, None) => false,
            _ => true,
        });
        let is_new = self.errors.len() == before;
        self.errors.push(LastError {
            at: Time::now(),
            error,
            trigger,
        });
        is_new
    }

    /// A turn of `trigger` succeeded. Says whether the last error of all is over with it.
    pub(crate) fn succeeded(&mut self, trigger: &Trigger) -> bool {
        let before = self.errors.len();
        self.errors.retain(|last| {
            let failed = last.trigger.as_ref();
            failed.is_some_and(|failed| !failed.is_of_source_of(trigger))
        });
        self.errors.is_empty() && before > 0
    }

    /// Somebody has seen to the dead letter of `trigger`: if the last error of its source is the one that set it aside, that is over.
    pub(crate) fn seen_to(&mut self, trigger: &Trigger) {
        self.errors
            .retain(|last| last.trigger.as_ref() != Some(trigger));
    }

    /// What is no turn succeeded.
    pub(crate) fn recovered(&mut self) {
        self.phase = Phase::Idle;
        self.errors.retain(|last| last.trigger.is_some());
    }

    /// What ran is not what runs now: whatever succeeds next ends every error.
    pub(crate) fn begun_anew(&mut self) {
        for last in &mut self.errors {
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

    fn facts() -> Facts {
        Progress::new(Phase::Idle).facts().clone()
    }

    fn fail(facts: &mut Facts, error: &str, trigger: Option<Trigger>) -> bool {
        facts.failed(Phase::Retrying, error.to_owned(), trigger)
    }

    fn shown(facts: &Facts) -> Option<&str> {
        facts.errors.last().map(|last| &*last.error)
    }

    #[test]
    fn an_error_is_over_with_a_turn_of_the_same_source() {
        let mut facts = facts();
        assert!(fail(&mut facts, "a", Some(events("A"))));
        assert!(!facts.succeeded(&TICK) && !facts.succeeded(&events("B")));
        assert!(!fail(&mut facts, "a again", Some(events("A"))), "known");
        assert!(fail(&mut facts, "tick", Some(TICK)), "that is another one");
        assert_eq!((facts.errors.len(), shown(&facts)), (2, Some("tick")));
        assert!(!facts.succeeded(&TICK), "one is left");
        assert_eq!(shown(&facts), Some("a again"));
        assert!(facts.succeeded(&events("A")) && facts.errors.is_empty());
        assert!(!facts.succeeded(&events("A")), "it was over before");
    }

    #[test]
    fn a_letter_that_is_dropped_ends_its_own_error_and_no_other() {
        let mut facts = facts();
        let later = Trigger::Events {
            log: LogKey::events("A".parse().unwrap()),
            from: 1,
            to: 2,
        };
        fail(&mut facts, "disk", None);
        fail(&mut facts, "a", Some(events("A")));
        facts.seen_to(&later);
        facts.seen_to(&TICK);
        assert_eq!(facts.errors.len(), 2);
        facts.seen_to(&events("A"));
        assert_eq!(shown(&facts), Some("disk"));
    }

    #[test]
    fn what_can_be_read_again_excuses_no_turn() {
        let mut facts = facts();
        fail(&mut facts, "a", Some(events("A")));
        assert!(fail(&mut facts, "disk", None) && !fail(&mut facts, "disk", None));
        assert_eq!(shown(&facts), Some("disk"));
        facts.recovered();
        assert_eq!((facts.phase, shown(&facts)), (Phase::Idle, Some("a")));
    }

    #[test]
    fn errors_that_no_turn_left_or_another_version_did_are_over_with_any() {
        let mut facts = facts();
        fail(&mut facts, "disk", None);
        assert!(facts.succeeded(&TICK) && facts.errors.is_empty());
        fail(&mut facts, "a", Some(events("A")));
        facts.begun_anew();
        assert!(facts.succeeded(&TICK) && facts.errors.is_empty());
    }
}
