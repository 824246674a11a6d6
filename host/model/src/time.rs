//! A moment, as watchbox stores and compares it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Microseconds since the Unix epoch, UTC.
///
/// Microseconds survive the way through an `f64` of seconds (the form that rows and guests see)
/// exactly until the year 2242.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// The moment `micros` microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The moment `seconds` after the epoch, rounded to the microsecond; saturates at the ends.
    pub fn from_seconds(seconds: f64) -> Self {
        // Apart, so that rounding the product does not add to what rounding the seconds has cost already.
        let whole = seconds.floor();
        let micros = ((seconds - whole) * 1e6).round() as i64;
        Self(
            (whole as i64)
                .saturating_mul(1_000_000)
                .saturating_add(micros),
        )
    }

    /// What the machine's clock says.
    pub fn now() -> Self {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Self(since.as_micros() as i64),
            Err(before) => Self(-(before.duration().as_micros() as i64)),
        }
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch: the form of `_ts`, `clock.now` and every time in the contract.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// This moment and `by` more; saturates.
    pub fn plus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero where it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ends_saturate() {
        assert_eq!(
            Time::from_seconds(f64::INFINITY),
            Time::from_micros(i64::MAX)
        );
        assert_eq!(Time::from_seconds(-1e300), Time::from_micros(i64::MIN));
        assert_eq!(Time::from_seconds(f64::NAN), Time::from_micros(0));
        let last = Time::from_micros(i64::MAX);
        assert_eq!(last.plus(Duration::MAX), last);
        assert_eq!(Time::from_micros(i64::MIN).since(last), Duration::ZERO);
    }

    #[test]
    fn since_is_never_negative() {
        let (early, late) = (Time::from_micros(5), Time::from_micros(8));
        assert_eq!(late.since(early), Duration::from_micros(3));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early.plus(Duration::from_micros(3)), late);
    }

    proptest! {
        // Until the year 2242.
        #[test]
        fn seconds_hold_microseconds_exactly(micros in -8_589_934_592_000_000..8_589_934_592_000_000i64) {
            let time = Time::from_micros(micros);
            prop_assert_eq!(Time::from_seconds(time.seconds()), time);
        }
    }
}
