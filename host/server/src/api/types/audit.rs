//! The audit trail.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchbox_model::{AuditRecord, Digest, Name, TurnId, audit::Decision};

use super::Timestamp;

/// One line of the trail: a use, or an attempted use, of a capability, or an administrative act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its number; later ones have greater numbers.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who acted: an installation's name, or `token:NAME` for an administrative act.
    #[schema(example = "token:admin")]
    pub actor: String,
    /// The installation it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub artifact: Option<Name>,
    /// The component that acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub digest: Option<Digest>,
    /// The turn in which it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub turn: Option<TurnId>,
    /// The capability, or `admin`.
    #[schema(example = "http")]
    pub capability: String,
    /// The operation.
    #[schema(example = "send")]
    pub operation: String,
    /// On what.
    pub target: String,
    /// `allowed` or `denied`.
    #[schema(value_type = String, example = "allowed")]
    pub decision: Decision,
    /// The grant that allowed it, or why none did.
    pub reason: String,
    /// What came of it; empty where it was denied.
    pub outcome: String,
    /// Bytes sent and received.
    pub bytes: u64,
    /// How long it took, in milliseconds.
    pub ms: f64,
}

impl From<(u64, AuditRecord)> for AuditEntry {
    fn from((number, record): (u64, AuditRecord)) -> Self {
        Self {
            number,
            at: record.at.into(),
            actor: record.actor,
            artifact: record.artifact,
            digest: record.digest,
            turn: record.turn,
            capability: record.capability,
            operation: record.operation,
            target: record.target,
            decision: record.decision,
            reason: record.reason,
            outcome: record.outcome,
            bytes: record.bytes,
            ms: record.ms,
        }
    }
}
