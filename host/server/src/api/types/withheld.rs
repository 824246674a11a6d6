//! What replays and shadows have in common: requests that would have been made, calls that were denied, triggers that were given up.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchbox_model::AuditRecord;

use super::Trigger;

/// A request that would have been made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WithheldCall {
    /// Method and URL; of a secret URL, the secret's name and where it leads.
    #[schema(example = "POST secret(token_url) -> https://hooks.slack.com")]
    pub target: String,
    /// Bytes of its body.
    pub bytes: u64,
    /// The name that the artifact gave the effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<String>,
}

/// How many requests would have gone to one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WithheldTarget {
    /// Method and URL, without what is secret; `others`, where there were too many to tell apart.
    pub target: String,
    /// How many.
    pub count: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
}

/// A call that the grants denied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeniedCall {
    /// The capability.
    #[schema(example = "http")]
    pub capability: String,
    /// The operation.
    #[schema(example = "send")]
    pub operation: String,
    /// On what.
    pub target: String,
    /// Why, and which grant would allow it.
    pub reason: String,
}

/// A trigger that could not be handled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GivenUp {
    /// What it was.
    pub trigger: Trigger,
    /// Why.
    pub error: String,
}

impl From<watchbox_sandbox::WithheldCall> for WithheldCall {
    fn from(call: watchbox_sandbox::WithheldCall) -> Self {
        Self {
            target: call.target,
            bytes: call.bytes,
            once: call.once,
        }
    }
}

impl From<watchbox_engine::Target> for WithheldTarget {
    fn from(target: watchbox_engine::Target) -> Self {
        Self {
            target: target.target,
            count: target.count,
            bytes: target.bytes,
        }
    }
}

impl From<AuditRecord> for DeniedCall {
    fn from(record: AuditRecord) -> Self {
        Self {
            capability: record.capability,
            operation: record.operation,
            target: record.target,
            reason: record.reason,
        }
    }
}

impl From<watchbox_engine::GivenUp> for GivenUp {
    fn from(given_up: watchbox_engine::GivenUp) -> Self {
        Self {
            trigger: given_up.trigger.into(),
            error: given_up.error,
        }
    }
}
