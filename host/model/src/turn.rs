//! What names a turn and what set it off.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{LogKey, Time};

/// A turn's name within its installation; the same on every try and after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TurnId(Arc<str>);

impl TurnId {
    /// The id of the turn that `trigger` sets off.
    pub fn of(trigger: &Trigger) -> Self {
        Self(match trigger {
            Trigger::Events { log, from, to } => format!("{log}@{from}-{to}").into(),
            Trigger::Tick { due } => format!("tick@{}", due.micros()).into(),
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for TurnId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What sets a turn off: a stretch of a log, or a due tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// The events of `log` from position `from` up to, not including, `to`; those of them that pass the filter.
    Events {
        /// Which log.
        log: LogKey,
        /// The first position.
        from: u64,
        /// The position after the last.
        to: u64,
    },
    /// A tick of the artifact's schedule.
    Tick {
        /// When it was due.
        due: Time,
    },
}

impl Trigger {
    /// Whether both are of one source: stretches of the same log, or ticks.
    pub fn is_of_source_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Events { log, .. }, Self::Events { log: other, .. }) => log == other,
            (Self::Tick { .. }, Self::Tick { .. }) => true,
            _ => false,
        }
    }
}
