//! Tells the time. Needs the grant `clock`.

use crate::host;

/// Why the time is not told: the clock is not granted. The text names the grant that would allow it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("clock: denied: {0}")]
pub struct Denied(pub String);

/// The turn's time: when its first try began, in seconds since the Unix epoch. The same at every call and on every try of the
/// turn, so that a turn done again comes out the same; it can't be used to measure.
pub fn now() -> Result<f64, Denied> {
    host::now()
}
