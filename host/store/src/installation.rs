//! One line of the monitoring table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use watchbox_model::{Digest, Name, Time};

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
}
