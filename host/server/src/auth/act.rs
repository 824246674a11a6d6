//! The audit record of what somebody does, or may not do.

use watchbox_model::{AuditRecord, Name, Time, audit::Decision};

/// That `actor` does `operation`, or is denied it.
pub(super) fn record(
    actor: &str,
    operation: &str,
    target: impl ToString,
    artifact: Option<&Name>,
    decision: Decision,
    reason: String,
) -> AuditRecord {
    AuditRecord {
        at: Time::now(),
        actor: actor.to_owned(),
        artifact: artifact.cloned(),
        digest: None,
        turn: None,
        capability: "admin".to_owned(),
        operation: operation.to_owned(),
        target: target.to_string(),
        decision,
        reason,
        outcome: match decision {
            Decision::Allowed => "ok".to_owned(),
            Decision::Denied => String::new(),
        },
        bytes: 0,
        ms: 0.0,
    }
}
