//! Triggers set aside after their tries were spent.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchbox_model::{Digest, Name, TurnId, turn};

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
    /// The turn: what its messages and audit records name.
    #[schema(value_type = String)]
    pub turn: TurnId,
    /// What set it off.
    pub trigger: Trigger,
    /// The turn's time, which it has again when it is redriven.
    pub now: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// The last try's error.
    pub error: String,
    /// When it was set aside.
    pub at: Timestamp,
}

/// A dead letter, and what its turn left behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterDetails {
    /// The letter.
    #[serde(flatten)]
    pub letter: DeadLetter,
    /// What its tries sent and a server settled, by name: `once:NAME`, or a digest of the request; then `#` and which of that name.
    /// A redrive does not send it again.
    pub sent: Vec<String>,
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
            turn: letter.turn,
            trigger: letter.trigger.into(),
            now: letter.now.into(),
            tries: letter.tries,
            error: letter.error,
            at: letter.at.into(),
        }
    }
}
