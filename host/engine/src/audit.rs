//! The audit records of what operators do, and of what the server does by itself.

use watchbox_model::{AuditRecord, Digest, Name, Time, audit::Decision};

use crate::EngineError;

/// One administrative act.
pub(crate) struct Admin(AuditRecord);

impl Admin {
    /// `actor` does `operation` to `installation`.
    pub(crate) fn new(actor: &str, operation: &str, installation: &Name) -> Self {
        let mut record = Self::of(actor, operation).0;
        record.artifact = Some(installation.clone());
        record.target = installation.to_string();
        Self(record)
    }

    /// `actor` does `operation` to no installation.
    pub(crate) fn of(actor: &str, operation: &str) -> Self {
        Self(AuditRecord {
            at: Time::now(),
            actor: actor.to_owned(),
            artifact: None,
            digest: None,
            turn: None,
            capability: "admin".to_owned(),
            operation: operation.to_owned(),
            target: String::new(),
            decision: Decision::Allowed,
            reason: "the actor's role".to_owned(),
            outcome: "ok".to_owned(),
            bytes: 0,
            ms: 0.0,
        })
    }

    /// On what.
    pub(crate) fn on(mut self, target: String) -> Self {
        self.0.target = target;
        self
    }

    /// With which component.
    pub(crate) fn with(mut self, digest: Digest) -> Self {
        self.0.digest = Some(digest);
        self
    }

    /// Why, where it was not asked for by anybody.
    pub(crate) fn because(mut self, reason: &str) -> Self {
        self.0.reason = reason.to_owned();
        self
    }

    /// It could not be done.
    pub(crate) fn failed(mut self, error: &EngineError) -> Self {
        self.0.outcome = format!("failed: {error}");
        self
    }

    /// The record.
    pub(crate) fn record(self) -> AuditRecord {
        self.0
    }
}
