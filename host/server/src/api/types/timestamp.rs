//! A moment on the wire.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchbox_model::Time;

/// A moment as RFC 3339 text in UTC, to the microsecond: `2026-11-25T03:33:00.25Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, format = DateTime, example = "2026-11-25T03:33:00.25Z")]
pub struct Timestamp(pub Time);

/// A text that is no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no time: RFC 3339 (2026-11-25T03:33:00Z) or seconds since 1970-01-01 (1764041580.25) are wanted"
)]
pub struct TimestampError(String);

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Reads RFC 3339, or seconds since the epoch.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let wrong = || TimestampError(text.chars().take(80).flat_map(char::escape_debug).collect());
        if let Ok(seconds) = text.parse::<f64>() {
            let known = seconds.is_finite().then(|| Time::from_seconds(seconds));
            return known.map(Self).ok_or_else(wrong);
        }
        let moment: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
        Ok(Self(Time::from_micros(moment.as_microsecond())))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 3339 ends at the year 9999; what lies beyond is shown as the nearest moment that it has.
        let nearest = if self.0 < Time::default() {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        let moment = jiff::Timestamp::from_microsecond(self.0.micros()).unwrap_or(nearest);
        f.pad(&moment.to_string())
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(moment: Timestamp) -> Self {
        moment.to_string()
    }
}

impl From<Time> for Timestamp {
    fn from(time: Time) -> Self {
        Self(time)
    }
}

impl From<Timestamp> for Time {
    fn from(moment: Timestamp) -> Self {
        moment.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_the_same_moment() {
        let text: Timestamp = "2026-11-25T03:33:00.25Z".parse().unwrap();
        let offset: Timestamp = "2026-11-25T05:33:00.25+02:00".parse().unwrap();
        let seconds: Timestamp = text.0.seconds().to_string().parse().unwrap();
        assert_eq!((text, text), (offset, seconds));
        assert_eq!(text.to_string(), "2026-11-25T03:33:00.25Z");
    }

    #[test]
    fn what_is_no_moment_is_named() {
        for text in ["", "yesterday", "NaN", "inf", "2026-13-01T00:00:00Z"] {
            let error = text.parse::<Timestamp>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is no time")),
                "{error}"
            );
        }
    }

    #[test]
    fn times_beyond_rfc_3339_are_shown_as_the_nearest() {
        let last = Timestamp(Time::from_micros(i64::MAX)).to_string();
        let first = Timestamp(Time::from_micros(i64::MIN)).to_string();
        assert!(last.starts_with("9999-"), "{last}");
        assert!(first.starts_with("-009999-"), "{first}");
    }
}
