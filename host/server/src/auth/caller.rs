//! Who a request that was let through is from; handlers take it as an argument.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use watchbox_model::{AuditRecord, Name, audit::Decision};

use super::{Access, Action, Bearer, act::record};
use crate::api::problem::Problem;

/// Who a request that was let through is from.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(super) Arc<Bearer>);

impl Caller {
    /// What the audit trail calls them.
    pub(crate) fn actor(&self) -> String {
        self.0.actor()
    }

    /// What they may do.
    pub(crate) fn access(&self) -> &Access {
        self.0.access()
    }

    /// Whether they may grant more than is granted.
    pub(crate) fn may_widen(&self) -> bool {
        self.access().allows(Action::Widen)
    }

    /// The record of an administrative act of theirs that is about to be done.
    pub(crate) fn act(
        &self,
        operation: &str,
        target: impl ToString,
        artifact: Option<&Name>,
    ) -> AuditRecord {
        let reason = format!("role {}", self.access());
        record(
            &self.actor(),
            operation,
            target,
            artifact,
            Decision::Allowed,
            reason,
        )
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::internal("a handler asked for the caller of an open route"))
    }
}
