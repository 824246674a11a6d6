//! When an artifact's ticks are due.

use std::time::Duration;

use crate::Time;

/// A period, or a cron expression in UTC.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Every so often; at least a second. Ticks fall on multiples of the period since the epoch, so that a restart does not move them.
    Every(Duration),
    /// Whenever the expression (five fields, or six with seconds) matches.
    Cron(Box<croner::Cron>),
}

impl Schedule {
    /// The first tick after `after`; `None` where the expression never matches again.
    pub fn next_after(&self, after: Time) -> Option<Time> {
        let _ = after;
        todo!()
    }
}
