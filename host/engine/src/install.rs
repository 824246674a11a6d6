//! What can be asked of the monitoring table.

use std::collections::BTreeMap;

use bytes::Bytes;
use watchbox_model::{Digest, Grants, Name, Secret};

use crate::Status;

/// An artifact to install.
#[derive(Clone, Debug)]
pub struct Install {
    /// The component's bytes.
    pub component: Bytes,
    /// Under which name; the artifact's own where `None`.
    pub name: Option<Name>,
    /// Its open parameters.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Its secret ones.
    pub secrets: BTreeMap<String, Secret>,
    /// What it may do.
    pub grants: Grants,
    /// Where it begins in the logs that it watches.
    pub start: StartAt,
    /// On, or off until it is switched on.
    pub enabled: bool,
    /// Who installs it.
    pub actor: String,
}

/// Where a new installation begins in a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartAt {
    /// With the events that are accepted from now on.
    #[default]
    Now,
    /// With the oldest that is kept.
    Oldest,
}

/// A change of an installation; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another component of the same artifact.
    pub component: Option<Bytes>,
    /// Other open parameters, all of them.
    pub parameters: Option<BTreeMap<String, serde_json::Value>>,
    /// Other secrets; those not named stay.
    pub secrets: BTreeMap<String, Secret>,
    /// Other grants.
    pub grants: Option<Grants>,
    /// On or off.
    pub enabled: Option<bool>,
    /// Who changes it.
    pub actor: String,
}

/// What came of an install or a change.
#[derive(Clone, Debug)]
pub struct Installed {
    /// How it stands now.
    pub status: Status,
    /// The component before, where it was changed.
    pub previous: Option<Digest>,
    /// What the operator should know: declared and not granted, declared and not imported, ...
    pub warnings: Vec<String>,
}
