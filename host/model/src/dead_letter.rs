//! Triggers set aside after their tries were spent.

use serde::{Deserialize, Serialize};

use crate::{Digest, Name, Time, TurnId, turn::Trigger};

/// A trigger that its artifact could not handle, kept until somebody redrives or drops it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its number, given by the store.
    pub id: u64,
    /// The installation whose turn it was.
    pub installation: Name,
    /// The component that failed on it.
    pub digest: Digest,
    /// The turn, as messages and audit records name it.
    pub turn: TurnId,
    /// What set it off: of a stretch of a log, from the first event that it was handed to the last.
    pub trigger: Trigger,
    /// The turn's time, which it has again when it is redriven.
    pub now: Time,
    /// How often it was tried.
    pub tries: u32,
    /// The last try's error.
    pub error: String,
    /// When it was set aside.
    pub at: Time,
}
