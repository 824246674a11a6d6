//! Triggers set aside after their tries were spent.

use serde::{Deserialize, Serialize};

use crate::{Digest, Name, Time, turn::Trigger};

/// A trigger that its artifact could not handle, kept until somebody redrives or drops it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its number, given by the store.
    pub id: u64,
    /// The installation whose turn it was.
    pub installation: Name,
    /// The component that failed on it.
    pub digest: Digest,
    /// What set the turn off.
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
