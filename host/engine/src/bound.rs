//! Where turns over a log end that was given before: in a batch begun before a restart or an upgrade, and in the halves of one that failed.
//!
//! The parts of a batch lie one in the other, all from the cursor on: the innermost is next, and when it is done the rest of the one around
//! it is.

use watchbox_model::Time;

use crate::journal::Journal;

/// The bounds in one log.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    /// The batch that was begun; none while a turn of it is under way.
    origin: Option<Journal>,
    /// Where its parts end, the outermost first.
    parts: Vec<u64>,
    /// Whether it was halved.
    is_halved: bool,
}

impl Bounds {
    /// Those of a batch that was begun.
    pub(crate) fn of(origin: Journal) -> Self {
        Self {
            origin: Some(origin),
            ..Self::default()
        }
    }

    /// Where the next turn ends.
    pub(crate) fn next_end(&self) -> Option<u64> {
        let innermost = self.parts.last().copied();
        innermost.or_else(|| self.origin.as_ref()?.end())
    }

    /// The time of the next turn.
    pub(crate) fn now(&self) -> Option<Time> {
        self.origin.as_ref().map(|journal| journal.origin().now)
    }

    /// Whether the next turn is a part of a batch whose tries were spent.
    pub(crate) fn is_halved(&self) -> bool {
        self.is_halved
    }

    /// The journal of the batch that was begun, for its next turn, which ends at `to`.
    pub(crate) fn take(&mut self, to: u64) -> Option<Journal> {
        self.origin.take_if(|journal| Some(to) <= journal.end())
    }

    /// Keeps the journal of a batch that is to be gone on with.
    pub(crate) fn keep(&mut self, journal: Journal) {
        self.origin = Some(journal);
    }

    /// Ends the next turn at `middle` already.
    pub(crate) fn halve(&mut self, middle: u64) {
        self.is_halved = true;
        self.parts.push(middle);
    }

    /// The cursor is at `to`. Gives the journal of the batch, if that is over.
    pub(crate) fn passed(&mut self, to: u64) -> Option<Journal> {
        while self.parts.pop_if(|end| *end <= to).is_some() {}
        let over = self.origin.take_if(|journal| journal.end() <= Some(to));
        if self.origin.is_none() {
            self.parts.clear();
            self.is_halved = false;
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchbox_model::{LogKey, turn::Trigger};

    fn journal(from: u64, to: u64) -> Journal {
        let log = LogKey::events("X".parse().unwrap());
        let trigger = Trigger::Events { log, from, to };
        Journal::new(&"A".parse().unwrap(), &trigger, Time::from_micros(7))
    }

    #[test]
    fn the_innermost_is_next_and_the_whole_is_over_with_its_last_part() {
        let mut bounds = Bounds::of(journal(0, 8));
        bounds.halve(4);
        bounds.halve(2);
        let mut ends = Vec::new();
        while let Some(to) = bounds.next_end() {
            ends.push((to, bounds.is_halved(), bounds.now().is_some()));
            let journal = bounds.take(to).unwrap();
            if !journal.is_over(Some(to)) {
                bounds.keep(journal);
            }
            bounds.passed(to);
        }
        assert_eq!(ends, [2, 4, 8].map(|to| (to, true, true)));
        assert!(!bounds.is_halved());
    }

    #[test]
    fn a_batch_that_the_cursor_has_passed_is_over() {
        let mut bounds = Bounds::of(journal(0, 8));
        assert!(bounds.passed(7).is_none());
        assert_eq!(bounds.passed(8).unwrap().end(), Some(8));
        assert_eq!(bounds.next_end(), None);
    }

    #[test]
    fn a_turn_that_goes_beyond_is_another() {
        let mut bounds = Bounds::of(journal(0, 8));
        assert!(bounds.take(9).is_none() && bounds.take(8).is_some());
    }
}
