//! The versions of an installation: what ran, what may run again, what waits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use watchbox_model::{Capability, Digest, grants::Lack, parameter::ParameterChange};
use watchbox_store::How;

use super::Timestamp;

/// One version of an installation. Secrets are not in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// Its number within the installation, from 1 on.
    pub number: u64,
    /// The artifact's version; empty where it is not known.
    pub version: String,
    /// The component.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// The ids of the keys that its component is signed with, by what the signatures say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// When it came.
    pub at: Timestamp,
    /// Who put it there: `token:NAME`, `folder`, or `watchbox` itself.
    pub by: String,
    /// How it came: `install`, `upgrade`, `change`, `approval`, `rollback` or `automatic-rollback`.
    #[schema(value_type = String, example = "upgrade")]
    pub how: How,
    /// What it changed.
    pub changed: String,
    /// Why, where it came by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The number of the version that was gone back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_to: Option<u64>,
    /// The open parameters, as they were given.
    #[schema(value_type = BTreeMap<String, Object>)]
    pub parameters: BTreeMap<String, Value>,
    /// The grants.
    #[schema(value_type = Object)]
    pub grants: Value,
}

impl From<watchbox_store::Version> for Version {
    fn from(version: watchbox_store::Version) -> Self {
        let note = version.note;
        Self {
            number: version.number,
            version: note.version,
            digest: version.digest,
            keys: Vec::new(),
            at: version.at.into(),
            by: version.by,
            how: note.how,
            changed: note.changed,
            reason: note.reason,
            back_to: note.back_to,
            parameters: version.parameters,
            grants: version.grants,
        }
    }
}

/// Where to go back to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RollbackRequest {
    /// The version: its number, the artifact's version, or the first digits of its digest (6 or more). Where left out, the last that ran another component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether it gets back all that it was granted then. Where not, it gets what was granted then and still is.
    pub restore_grants: bool,
}

/// The approval of a version that waits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ApproveRequest {
    /// The component that is meant: where another waits by now, nothing is approved (409). Left out: whichever waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub digest: Option<Digest>,
    /// What it may do; where left out, what is granted now, and no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub grants: Option<Value>,
}

/// A version that waits for approval, since it wants more than is granted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Pending {
    /// The component.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// The artifact's version.
    pub version: String,
    /// What it wants and is not granted.
    pub wants: Vec<Want>,
    /// The open parameters that change with it; null where one gets its default again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Value>)]
    pub set_parameters: BTreeMap<String, Option<Value>>,
    /// Whether all other open parameters get their defaults with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resets_parameters: bool,
    /// When it came.
    pub at: Timestamp,
    /// Who gave it.
    pub by: String,
}

/// Something that an artifact wants and that is not granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Want {
    /// Of which capability.
    #[schema(value_type = String, example = "http")]
    pub capability: Capability,
    /// The request, or whom it wants to write to, as the manifest writes it; left out where the capability as a whole is not granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "POST {token_url}")]
    pub need: Option<String>,
    /// Why the artifact wants it.
    pub reason: String,
    /// What the grants say to it.
    pub refusal: String,
}

impl From<watchbox_store::Pending> for Pending {
    fn from(pending: watchbox_store::Pending) -> Self {
        Self {
            digest: pending.digest,
            version: pending.version,
            wants: pending.lacks.into_iter().map(Want::from).collect(),
            resets_parameters: matches!(pending.parameters, ParameterChange::All(_)),
            set_parameters: match pending.parameters {
                ParameterChange::Stay => BTreeMap::new(),
                ParameterChange::All(all) => all
                    .into_iter()
                    .map(|(name, value)| (name, Some(value)))
                    .collect(),
                ParameterChange::Named(named) => named,
            },
            at: pending.at.into(),
            by: pending.by,
        }
    }
}

impl From<Lack> for Want {
    fn from(lack: Lack) -> Self {
        Self {
            capability: lack.capability,
            need: lack.need.map(|need| need.to_string()),
            reason: lack.reason,
            refusal: lack.refusal,
        }
    }
}

/// Why an installation does not run though it is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quarantine {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

impl From<watchbox_store::Quarantine> for Quarantine {
    fn from(quarantine: watchbox_store::Quarantine) -> Self {
        Self {
            at: quarantine.at.into(),
            reason: quarantine.reason,
        }
    }
}
