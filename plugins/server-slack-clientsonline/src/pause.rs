//! How long to send nothing: because Slack asked for it, or because messages are refused and sending more of them would have the webhook disabled.
//!
//! Kept in the artifact's state, so that it outlives a restart.

use serde::{Deserialize, Serialize};
use watchbox_sdk::{Failure, state};

const KEY: &str = "pause";

/// The pause after a first refusal, and the longest one, in seconds.
const SHORTEST: f64 = 60.0;
const LONGEST: f64 = 3_600.0;

/// A pause.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pause {
    /// When it ends: seconds since the Unix epoch.
    until: f64,
    /// How long it is for refusals, in seconds; 0 where the last message was not refused.
    refused: f64,
}

impl Pause {
    /// The one that is kept, or none.
    pub(crate) fn load() -> Result<Self, Failure> {
        Ok(state::get(KEY)?.unwrap_or_default())
    }

    /// Whether it still lasts.
    pub(crate) fn lasts(&self, now: f64) -> bool {
        now < self.until
    }

    /// Begins one of this many seconds.
    pub(crate) fn for_as_long_as(&mut self, now: f64, seconds: f64) -> Result<(), Failure> {
        self.until = now + seconds;
        Ok(state::set(KEY, self)?)
    }

    /// Begins one twice as long as the last, up to an hour, and gives its seconds.
    pub(crate) fn longer_each_time(&mut self, now: f64) -> Result<f64, Failure> {
        self.refused = (self.refused * 2.0).clamp(SHORTEST, LONGEST);
        self.for_as_long_as(now, self.refused)?;
        Ok(self.refused)
    }

    /// Forgets it: a message was accepted.
    pub(crate) fn clear(&mut self) -> Result<(), Failure> {
        if *self != Self::default() {
            *self = Self::default();
            state::remove(KEY)?;
        }
        Ok(())
    }
}
