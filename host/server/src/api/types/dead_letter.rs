//! Triggers set aside after their tries were spent.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchbox_model::{Digest, Name, turn};

use super::Timestamp;

/// A trigger that its artifact could not handle, kept until somebody redrives or drops it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetter {
    /// Its number.
    pub id: u64,
    /// The installation whose turn it was.
    #[schema(value_type = String)]
    pub installation: Name,
    /// The component that failed on it.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// What set the turn off.
    pub trigger: Trigger,
    /// How often it was tried.
    pub tries: u32,
    /// The last try's error.
    pub error: String,
    /// When it was set aside.
    pub at: Timestamp,
}

/// What set a turn off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// The events of a log from position `from` up to, not including, `to`.
    Events {
        /// The log's kind and name: `events/Windows.Events.ProcessCreation`.
        log: String,
        /// The first position.
        from: u64,
        /// The position after the last.
        to: u64,
    },
    /// A tick of the artifact's schedule.
    Tick {
        /// When it was due.
        due: Timestamp,
    },
}

impl From<turn::Trigger> for Trigger {
    fn from(trigger: turn::Trigger) -> Self {
        match trigger {
            turn::Trigger::Events { log, from, to } => Self::Events {
                log: log.to_string(),
                from,
                to,
            },
            turn::Trigger::Tick { due } => Self::Tick { due: due.into() },
        }
    }
}

impl From<watchbox_model::dead_letter::DeadLetter> for DeadLetter {
    fn from(letter: watchbox_model::dead_letter::DeadLetter) -> Self {
        Self {
            id: letter.id,
            installation: letter.installation,
            digest: letter.digest,
            trigger: letter.trigger.into(),
            tries: letter.tries,
            error: letter.error,
            at: letter.at.into(),
        }
    }
}
