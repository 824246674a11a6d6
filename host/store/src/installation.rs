//! One line of the monitoring table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use watchbox_model::{Digest, Name, Time, grants::Lack, parameter::ParameterChange};

/// An installed artifact, as it is kept. What it is doing is the engine's to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Installation {
    /// What it is installed as: the artifact's name, or another.
    pub name: Name,
    /// The component that runs.
    pub digest: Digest,
    /// The component that ran before it, if one did.
    pub previous: Option<Digest>,
    /// The open parameters as they were given (before defaults are filled in).
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// The secret parameters, sealed by the engine: opaque here.
    pub secrets: Vec<u8>,
    /// The grants, in their JSON form.
    pub grants: serde_json::Value,
    /// On or off.
    pub enabled: bool,
    /// When it was first installed.
    pub installed_at: Time,
    /// When it was last changed.
    pub changed_at: Time,
    /// Who changed it last.
    pub changed_by: String,
    /// Whether its version has yet to prove itself: where it fails on its first turns, the one before it takes its place again.
    pub probation: bool,
    /// Why it does not run though it is on, where it was set aside.
    pub quarantine: Option<Quarantine>,
    /// A version that waits for approval.
    pub pending: Option<Pending>,
    /// The digest of the files of the watched folder that were last taken in for it.
    pub files: Option<Digest>,
}

impl Installation {
    /// Whether it is to run.
    pub fn runs(&self) -> bool {
        self.enabled && self.quarantine.is_none()
    }
}

/// An installation set aside, since it kept failing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Since when.
    pub at: Time,
    /// Why.
    pub reason: String,
    /// Whether it could not even be loaded; then each start of the server tries again, for the cause may have been outside of it.
    pub unloadable: bool,
}

/// A version that waits for approval, since it wants more than is granted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// The component.
    pub digest: Digest,
    /// The artifact's version.
    pub version: String,
    /// What was to become of the open parameters with it.
    pub parameters: ParameterChange,
    /// The secret parameters given with it, sealed by the engine: opaque here.
    pub secrets: Vec<u8>,
    /// What it wants and is not granted.
    pub lacks: Vec<Lack>,
    /// When it came.
    pub at: Time,
    /// Who gave it.
    pub by: String,
}
