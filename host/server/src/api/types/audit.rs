//! The audit trail.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchbox_model::{
    AuditRecord, Digest, Name, TurnId,
    audit::{Checkpoint, Decision, Entry, SignedCheckpoint},
    signing::Signature,
};

use super::Timestamp;

/// One line of the trail: a use, or an attempted use, of a capability, or an administrative act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its number; later ones have greater numbers.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who acted: an installation's name; for an administrative act `token:NAME`, `certificate:ID`, `folder` or `watchbox`; of a request without a valid token `address:IP`.
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

impl From<AuditEntry> for (u64, AuditRecord) {
    fn from(entry: AuditEntry) -> Self {
        let record = AuditRecord {
            at: entry.at.into(),
            actor: entry.actor,
            artifact: entry.artifact,
            digest: entry.digest,
            turn: entry.turn,
            capability: entry.capability,
            operation: entry.operation,
            target: entry.target,
            decision: entry.decision,
            reason: entry.reason,
            outcome: entry.outcome,
            bytes: entry.bytes,
            ms: entry.ms,
        };
        (entry.number, record)
    }
}

/// A line of the trail with its place in the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HashedEntry {
    /// The line.
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// The hash of the line, its number, and the hash of the one before.
    #[schema(value_type = String)]
    pub hash: Digest,
}

impl From<Entry> for HashedEntry {
    fn from(entry: Entry) -> Self {
        Self {
            entry: (entry.number, entry.record).into(),
            hash: entry.hash,
        }
    }
}

impl From<HashedEntry> for Entry {
    fn from(hashed: HashedEntry) -> Self {
        let (number, record) = hashed.entry.into();
        Self {
            number,
            record,
            hash: hashed.hash,
        }
    }
}

/// What was signed of the trail at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckpointEntry {
    /// When.
    pub at: Timestamp,
    /// The number of the first record that was kept then.
    pub first: u64,
    /// The hash of the one before it.
    #[schema(value_type = String)]
    pub before: Digest,
    /// The number of the last record.
    pub last: u64,
    /// Its hash.
    #[schema(value_type = String)]
    pub hash: Digest,
    /// The signature, as minisign writes it.
    #[schema(value_type = String)]
    pub signature: Signature,
}

impl From<SignedCheckpoint> for CheckpointEntry {
    fn from(signed: SignedCheckpoint) -> Self {
        Self {
            at: signed.checkpoint.at.into(),
            first: signed.checkpoint.first,
            before: signed.checkpoint.before,
            last: signed.checkpoint.last,
            hash: signed.checkpoint.hash,
            signature: signed.signature,
        }
    }
}

impl From<CheckpointEntry> for SignedCheckpoint {
    fn from(entry: CheckpointEntry) -> Self {
        Self {
            checkpoint: Checkpoint {
                at: entry.at.into(),
                first: entry.first,
                before: entry.before,
                last: entry.last,
                hash: entry.hash,
            },
            signature: entry.signature,
        }
    }
}

/// The checkpoints of the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Checkpoints {
    /// The public key that checks them, as minisign writes it.
    pub key: String,
    /// Oldest first.
    pub items: Vec<CheckpointEntry>,
}

/// A line of an exported trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TrailLine {
    /// The public key that checks the checkpoints.
    Key {
        /// As minisign writes it.
        key: String,
    },
    /// A checkpoint.
    Checkpoint(CheckpointEntry),
    /// A record.
    Record(HashedEntry),
}
