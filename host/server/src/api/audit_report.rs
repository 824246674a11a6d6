//! What installations may do, beside what they did.

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;
use utoipa::IntoParams;
use watchbox_engine::Status;
use watchbox_model::{Grants, Name, Time};
use watchbox_store::UsageQuery;

use super::{
    problem::{Kind, Problem},
    types::{AuditReport, Page, Subject, Timestamp},
};
use crate::app::App;

/// How many kinds of uses of an installation are told apart.
const KINDS: usize = 1_000;

/// Of what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportQuery {
    /// This installation alone.
    #[param(value_type = Option<String>)]
    artifact: Option<Name>,
    /// Uses at this time or later: RFC 3339, or seconds since 1970.
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Uses before this time; now, where left out.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
}

/// Report what is imported, declared, granted and used
///
/// For each installation: what its component imports, what its manifest declares and why, which rules are granted and how often each was used, what
/// was tried and denied, and the narrower grants that would have been enough. Uses are those in the trail, of whatever version.
#[utoipa::path(
    get,
    path = "/api/v1/audit/report",
    tag = "audit",
    params(ReportQuery),
    responses(
        (status = 200, description = "A report an installation, by name", body = Page<AuditReport>),
        (status = 404, description = "Nothing is installed under the name", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn report(
    State(app): State<App>,
    Query(query): Query<ReportQuery>,
) -> Result<Json<Page<AuditReport>>, Problem> {
    let installed = match &query.artifact {
        Some(name) => vec![app.engine.status(name).await?],
        None => app.engine.table().await?,
    };
    let until = query.until.unwrap_or_else(|| Timestamp(Time::now()));
    let mut reports = Vec::with_capacity(installed.len());
    for status in installed {
        reports.push(of_one(&app, status, query.since, until).await?);
    }
    Ok(Json(Page::all(reports)))
}

async fn of_one(
    app: &App,
    status: Status,
    since: Option<Timestamp>,
    until: Timestamp,
) -> Result<AuditReport, Problem> {
    let kept = status.installation;
    let usages = app
        .store()
        .usage(UsageQuery {
            artifact: kept.name.clone(),
            since: since.map(Time::from),
            until: Some(until.0),
            most: KINDS,
        })
        .await?;
    // One that can't be read is still reported on.
    let inspection = app.inspections.of(app, kept.digest).await.ok();
    let grants = Grants::parse("grants", &kept.grants.to_string());
    let grants = grants.map_err(|error| Problem::new(Kind::Grants, error.to_string()))?;
    let subject = Subject {
        version: status.version,
        digest: kept.digest,
        changed_at: kept.changed_at.into(),
        inspection: inspection.as_deref(),
        grants: &grants,
        name: kept.name,
    };
    Ok(AuditReport::new(&subject, &usages, since, until))
}
