//! When an artifact's ticks are due.

use std::time::Duration;

use chrono::{DateTime, Utc};
use croner::{
    Cron,
    parser::{CronParser, Year},
};

use crate::Time;

/// A period, or a cron expression in UTC.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Every so often; at least a second. Ticks fall on multiples of the period since the epoch, so that a restart does not move them.
    Every(Duration),
    /// Whenever the expression (five fields, or six with seconds) matches.
    Cron(Box<Cron>),
}

/// Why a text or a period is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// A period that is too short or too long.
    #[error("a period of {0:?}: 1s to 366d are wanted")]
    Period(Duration),
    /// No cron expression.
    #[error(
        "`{0}` is no cron expression: {1}; five fields are wanted (minute hour day month weekday), or six with seconds first"
    )]
    Expression(String, String),
    /// A cron expression that asks for a day that never comes.
    #[error("`{0}` never comes")]
    Never(String),
}

impl Schedule {
    /// A tick every `period`.
    pub fn every(period: Duration) -> Result<Self, ScheduleError> {
        let longest = Duration::from_secs(366 * 24 * 60 * 60);
        if period < Duration::from_secs(1) || period > longest {
            return Err(ScheduleError::Period(period));
        }
        Ok(Self::Every(period))
    }

    /// A tick whenever `expression` matches, in UTC.
    pub fn cron(expression: &str) -> Result<Self, ScheduleError> {
        let shown = || expression.chars().take(80).collect();
        let parser = CronParser::builder().year(Year::Disallowed).build();
        let cron = parser
            .parse(expression)
            .map_err(|error| ScheduleError::Expression(shown(), error.to_string()))?;
        let schedule = Self::Cron(Box::new(cron));
        match schedule.next_after(Time::default()) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never(shown())),
        }
    }

    /// The first tick after `after`; `None` where the expression never matches again.
    pub fn next_after(&self, after: Time) -> Option<Time> {
        match self {
            Self::Every(period) => {
                let period = i64::try_from(period.as_micros()).ok().filter(|&p| p > 0)?;
                let ticks = after.micros().div_euclid(period).checked_add(1)?;
                ticks.checked_mul(period).map(Time::from_micros)
            }
            Self::Cron(cron) => {
                let after: DateTime<Utc> = DateTime::from_timestamp_micros(after.micros())?;
                let next = cron.find_next_occurrence(&after, false).ok()?;
                Some(Time::from_micros(next.timestamp_micros()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        let time: DateTime<Utc> = text.parse().expect("a time in RFC 3339");
        Time::from_micros(time.timestamp_micros())
    }

    #[test]
    fn periods_fall_on_multiples_since_the_epoch() {
        let schedule = Schedule::every(Duration::from_secs(60)).unwrap();
        let next = |text| schedule.next_after(at(text)).unwrap();
        assert_eq!(next("2026-11-25T03:54:07.25Z"), at("2026-11-25T03:55:00Z"));
        assert_eq!(next("2026-11-25T03:55:00Z"), at("2026-11-25T03:56:00Z"));
        assert_eq!(next("1969-12-31T23:59:59Z"), at("1970-01-01T00:00:00Z"));
        assert_eq!(schedule.next_after(Time::from_micros(i64::MAX)), None);
    }

    #[test]
    fn periods_have_bounds() {
        assert!(Schedule::every(Duration::from_millis(999)).is_err());
        assert!(Schedule::every(Duration::from_secs(367 * 86_400)).is_err());
    }

    #[test]
    fn cron_is_utc_and_strictly_after() {
        let hourly = Schedule::cron("0 * * * *").unwrap();
        let next = |text| hourly.next_after(at(text)).unwrap();
        assert_eq!(next("2026-11-25T03:54:07Z"), at("2026-11-25T04:00:00Z"));
        assert_eq!(next("2026-11-25T04:00:00Z"), at("2026-11-25T05:00:00Z"));
        assert_eq!(
            next("2026-11-25T03:59:59.999999Z"),
            at("2026-11-25T04:00:00Z")
        );
        let seconds = Schedule::cron("*/10 * * * * *").unwrap();
        assert_eq!(
            seconds.next_after(at("2026-11-25T03:54:07Z")),
            Some(at("2026-11-25T03:54:10Z"))
        );
    }

    #[test]
    fn what_is_no_expression_or_never_comes_is_refused() {
        for wrong in [
            "",
            "61 * * * *",
            "* * * *",
            "* * * * * * 2027",
            "every minute",
        ] {
            let error = Schedule::cron(wrong).unwrap_err();
            assert!(
                matches!(error, ScheduleError::Expression(..)),
                "{wrong}: {error}"
            );
        }
        assert_eq!(
            Schedule::cron("0 0 30 2 *"),
            Err(ScheduleError::Never("0 0 30 2 *".to_owned()))
        );
    }
}
