//! The audit trail.

mod export;

pub(super) use export::*;

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;
use utoipa::IntoParams;
use watchbox_model::{Name, Time, audit::Decision};
use watchbox_store::AuditQuery;

use super::{
    MAX_PAGE, PAGE,
    problem::Problem,
    types::{AuditEntry, Page, Timestamp},
};
use crate::app::App;

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TrailQuery {
    /// Those of this installation.
    #[param(value_type = Option<String>)]
    artifact: Option<Name>,
    /// Those of this capability, or `admin`.
    capability: Option<String>,
    /// `allowed` or `denied`.
    #[param(value_type = Option<String>)]
    decision: Option<Decision>,
    /// Those at this time or later: RFC 3339, or seconds since 1970.
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Those before this time.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// Those with a smaller number.
    before: Option<u64>,
    /// How many at most, up to 1,000; 100 where left out.
    limit: Option<u32>,
}

/// Read the audit trail
///
/// Newest first; `next` is what to give as `before` for the next page.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "audit",
    params(TrailQuery),
    responses((status = 200, description = "The records that match", body = Page<AuditEntry>)),
)]
pub(super) async fn list(
    State(app): State<App>,
    Query(query): Query<TrailQuery>,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    let query = AuditQuery {
        artifact: query.artifact,
        capability: query.capability,
        decision: query.decision,
        since: query.since.map(Time::from),
        until: query.until.map(Time::from),
        before: query.before,
        limit: query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE),
    };
    let found = app.store().audit(query).await?;
    let last = found.items.last().map(|(number, _)| number.to_string());
    Ok(Json(Page {
        items: found.items.into_iter().map(AuditEntry::from).collect(),
        next: last.filter(|_| found.more),
    }))
}
