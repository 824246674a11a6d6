//! A length of time, as people write it.

use std::{str::FromStr, time::Duration};

/// A length of time: `90s`, `15m`, `1h`, `7d`, or several together (`1d12h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// A text that is no length of time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a length of time is wanted, such as 90s, 15m, 1h, 7d or 1d12h")]
pub struct SpanError;

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let mut seconds = 0_u64;
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(SpanError)?;
            let number: u64 = rest[..digits].parse().map_err(|_| SpanError)?;
            let mut after = rest[digits..].chars();
            let unit = match after.next() {
                Some('s') => 1,
                Some('m') => 60,
                Some('h') => 3_600,
                Some('d') => 86_400,
                Some('w') => 7 * 86_400,
                _ => return Err(SpanError),
            };
            rest = after.as_str();
            seconds = number
                .checked_mul(unit)
                .and_then(|more| seconds.checked_add(more))
                .ok_or(SpanError)?;
        }
        if text.is_empty() {
            return Err(SpanError);
        }
        Ok(Self(Duration::from_secs(seconds)))
    }
}
