//! A moment, as people write it.

use std::{str::FromStr, time::Duration};

use watchbox_model::Time;
use watchbox_server::api::types::Timestamp;

use super::Span;

/// A moment: RFC 3339 (`2026-11-25T04:00:00Z`), seconds since the epoch, or how long ago (`1h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// This moment.
    At(Time),
    /// So long before now.
    Ago(Duration),
}

/// A text that is no moment.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time such as 2026-11-25T04:00:00Z is wanted, or how long ago, such as 90s, 1h or 7d")]
pub struct WhenError;

impl When {
    /// The moment, where it is `now`.
    pub fn resolve(self, now: Time) -> Time {
        match self {
            Self::At(time) => time,
            Self::Ago(span) => {
                let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
                Time::from_micros(now.micros().saturating_sub(span))
            }
        }
    }
}

impl FromStr for When {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<Self, WhenError> {
        if let Ok(Span(span)) = text.parse() {
            return Ok(Self::Ago(span));
        }
        let Timestamp(time) = text.parse().map_err(|_| WhenError)?;
        Ok(Self::At(time))
    }
}
