//! The history of an installation: what ran under its name, with which settings, and how that came.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use watchbox_model::{Digest, Time};

/// How many versions of an installation are kept, the newest ones, each with its component.
pub const KEPT_VERSIONS: u64 = 20;

/// One version of an installation.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Its number within the installation, from 1 on.
    pub number: u64,
    /// When it came.
    pub at: Time,
    /// Who put it there: `token:NAME`, `folder`, or `watchbox` itself.
    pub by: String,
    /// The component.
    pub digest: Digest,
    /// The open parameters as they were given.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// The secret ones, sealed: opaque here.
    pub secrets: Vec<u8>,
    /// The grants, in their JSON form.
    pub grants: serde_json::Value,
    /// What is noted of it.
    pub note: VersionNote,
}

/// What is noted of a version when it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionNote {
    /// The artifact's own version, by its manifest; empty where it is not known.
    pub version: String,
    /// How it came.
    pub how: How,
    /// What it changed, for people; no secret's value.
    pub changed: String,
    /// Why, where it came by itself.
    pub reason: Option<String>,
    /// The number of the version that was gone back to.
    pub back_to: Option<u64>,
}

/// How a version came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It was installed.
    Install,
    /// Another component took its predecessor's place.
    Upgrade,
    /// The settings were changed.
    Change,
    /// It had waited, and was approved.
    Approval,
    /// Somebody went back to it.
    Rollback,
    /// The server went back to it, since its successor failed on its first turns.
    AutomaticRollback,
}

impl How {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::Install,
        Self::Upgrade,
        Self::Change,
        Self::Approval,
        Self::Rollback,
        Self::AutomaticRollback,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Change => "change",
            Self::Approval => "approval",
            Self::Rollback => "rollback",
            Self::AutomaticRollback => "automatic-rollback",
        }
    }
}

/// A text that is no word for how a version came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` says nothing of how a version came")]
pub struct HowError(String);

impl FromStr for How {
    type Err = HowError;

    fn from_str(text: &str) -> Result<Self, HowError> {
        Self::ALL
            .into_iter()
            .find(|how| how.as_str() == text)
            .ok_or_else(|| HowError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
