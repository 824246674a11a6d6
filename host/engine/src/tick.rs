//! When the next tick is due.

use std::time::Duration;

use watchbox_model::{Time, schedule::Schedule};

const MINUTE: u64 = 60;

/// The stretches before `now` that are searched for a missed tick, shortest first: a schedule that was missed
/// a million times is not walked through from where it stopped.
const STRETCHES: [u64; 5] = [
    MINUTE,
    60 * MINUTE,
    24 * 60 * MINUTE,
    31 * 24 * 60 * MINUTE,
    366 * 24 * 60 * MINUTE,
];

/// The tick to run after the one at `last`: of those that are due by `now`, the latest, for missed ones are run
/// once; else the next to come. `None` where the schedule never matches again.
pub(crate) fn next(schedule: &Schedule, last: Time, now: Time) -> Option<Time> {
    let first = schedule.next_after(last)?;
    if first > now {
        return Some(first);
    }
    let missed = STRETCHES.into_iter().find_map(|seconds| {
        let start = back(now, Duration::from_secs(seconds)).max(last);
        let due = schedule.next_after(start)?;
        (due <= now).then_some(due)
    });
    let mut due = missed.unwrap_or(first);
    while let Some(later) = schedule.next_after(due).filter(|later| *later <= now) {
        due = later;
    }
    Some(due)
}

fn back(from: Time, by: Duration) -> Time {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Time::from_micros(from.micros().saturating_sub(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: f64 = 86_400.0;

    fn at(seconds: f64) -> Time {
        Time::from_seconds(seconds)
    }

    fn every(seconds: u64) -> Schedule {
        Schedule::Every(Duration::from_secs(seconds))
    }

    #[test]
    fn a_tick_to_come_is_awaited() {
        assert_eq!(next(&every(60), at(60.0), at(61.0)), Some(at(120.0)));
    }

    #[test]
    fn missed_ticks_are_run_once_as_the_latest_of_them() {
        assert_eq!(next(&every(60), at(60.0), at(301.0)), Some(at(300.0)));
    }

    #[test]
    fn a_tick_is_due_at_its_moment() {
        assert_eq!(next(&every(60), at(60.0), at(120.0)), Some(at(120.0)));
    }

    #[test]
    fn years_of_missed_seconds_are_skipped() {
        let now = at(DAY * 10_000.0 + 0.5);
        assert_eq!(next(&every(1), at(0.0), now), Some(at(DAY * 10_000.0)));
    }

    #[test]
    fn a_rare_tick_is_found_long_after_it_was_due() {
        let schedule = every(400 * 86_400);
        let now = at(DAY * 799.0);
        assert_eq!(next(&schedule, at(1.0), now), Some(at(DAY * 400.0)));
    }
}
