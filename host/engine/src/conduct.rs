//! How a version conducts itself: whether it has proved itself yet, and whether it keeps failing.
//!
//! What is counted here is a version's own: another one, or another start of it, begins anew.

use std::sync::atomic::{AtomicU32, Ordering};

use watchbox_model::turn::Trigger;

/// Turns that a new version has to do without its tries being spent on one; until then the version before it may take its place again.
const PROBATION: u32 = 3;
/// Dead letters in a row, without a turn of their kind that succeeds between them, after which an installation is set aside.
pub(crate) const DEAD_LETTERS: u32 = 10;
/// Instances in a row that could not be made, after which it is.
pub(crate) const STARTS: u32 = 5;
/// Panics of the host in a row, after which it is.
pub(crate) const PANICS: u32 = 5;

/// What is known of a version's conduct.
#[derive(Debug, Default)]
pub(crate) struct Conduct {
    /// Turns that it still has to do to have proved itself; 0 where it has.
    to_prove: AtomicU32,
    /// Of events, and of ticks: that its clock ticks says nothing of an artifact that can handle no event.
    dead_letters: [AtomicU32; 2],
    starts: AtomicU32,
    panics: AtomicU32,
}

impl Conduct {
    /// It has yet to prove itself.
    pub(crate) fn begin_probation(&self) {
        self.to_prove.store(PROBATION, Ordering::Relaxed);
    }

    /// It has nothing to prove any more.
    pub(crate) fn end_probation(&self) {
        self.to_prove.store(0, Ordering::Relaxed);
    }

    /// Whether it has yet to prove itself.
    pub(crate) fn is_on_probation(&self) -> bool {
        self.to_prove.load(Ordering::Relaxed) > 0
    }

    /// Its failures are forgotten: whoever switched it on again wants to see more of it.
    pub(crate) fn forgive(&self) {
        let others = [&self.starts, &self.panics];
        for count in self.dead_letters.iter().chain(others) {
            count.store(0, Ordering::Relaxed);
        }
    }

    fn dead_letters_of(&self, trigger: &Trigger) -> &AtomicU32 {
        let [events, ticks] = &self.dead_letters;
        match trigger {
            Trigger::Events { .. } => events,
            Trigger::Tick { .. } => ticks,
        }
    }

    /// A turn succeeded. Says whether it has proved itself with that.
    pub(crate) fn turn_done(&self, trigger: &Trigger) -> bool {
        for count in [self.dead_letters_of(trigger), &self.starts, &self.panics] {
            count.store(0, Ordering::Relaxed);
        }
        let one_less = |left: u32| left.checked_sub(1);
        self.to_prove
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            == Ok(1)
    }

    /// A trigger became a dead letter. Says whether those are too many of its kind in a row.
    pub(crate) fn dead_letter(&self, trigger: &Trigger) -> bool {
        is_too_often(self.dead_letters_of(trigger), DEAD_LETTERS)
    }

    /// An instance could not be made. Says whether that was too often in a row.
    pub(crate) fn not_started(&self) -> bool {
        is_too_often(&self.starts, STARTS)
    }

    /// The host panicked. Says whether that was too often in a row.
    pub(crate) fn panicked(&self) -> bool {
        is_too_often(&self.panics, PANICS)
    }
}

/// Counts one more, and says whether that is as many as `most`.
fn is_too_often(count: &AtomicU32, most: u32) -> bool {
    count.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= most
}

#[cfg(test)]
mod tests {
    use watchbox_model::{LogKey, Time};

    use super::*;

    fn tick() -> Trigger {
        Trigger::Tick {
            due: Time::default(),
        }
    }

    fn events() -> Trigger {
        Trigger::Events {
            log: LogKey::events("X".parse().unwrap()),
            from: 0,
            to: 1,
        }
    }

    #[test]
    fn a_version_proves_itself_once_by_its_first_turns() {
        let conduct = Conduct::default();
        assert!(!conduct.is_on_probation() && !conduct.turn_done(&tick()));
        conduct.begin_probation();
        let proved: Vec<bool> = (0..5).map(|_| conduct.turn_done(&tick())).collect();
        assert_eq!(proved, [false, false, true, false, false]);
        assert!(!conduct.is_on_probation());
    }

    #[test]
    fn failures_count_only_in_a_row() {
        let conduct = Conduct::default();
        for _ in 1..DEAD_LETTERS {
            assert!(!conduct.dead_letter(&events()));
        }
        // A tick that is done says nothing of events.
        conduct.turn_done(&tick());
        assert!(conduct.dead_letter(&events()) && !conduct.dead_letter(&tick()));
        conduct.turn_done(&events());
        for _ in 1..DEAD_LETTERS {
            assert!(!conduct.dead_letter(&events()));
        }
        assert!(conduct.dead_letter(&events()) && conduct.dead_letter(&events()));
        for _ in 1..STARTS {
            assert!(!conduct.not_started());
        }
        assert!(conduct.not_started());
        conduct.forgive();
        assert!(!conduct.not_started() && !conduct.dead_letter(&events()));
    }
}
