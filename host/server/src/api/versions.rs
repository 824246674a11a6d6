//! The versions of an installation: listed, gone back to, approved, rejected.

use axum::{
    Json,
    extract::{Path, State},
};
use watchbox_engine::{Approve, Rollback};
use watchbox_model::Name;

use super::{
    json_body::JsonBody,
    problem::Problem,
    table::{grants, public},
    types::{ApproveRequest, Installed, Page, RollbackRequest, Version},
};
use crate::{app::App, auth::Caller};

/// List the versions of an installation
///
/// Newest first; the first is what runs. The newest 20 are kept, with their components.
#[utoipa::path(
    get,
    path = "/api/v1/table/{name}/versions",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    responses(
        (status = 200, description = "Its versions", body = Page<Version>),
        (status = 404, description = "Nothing is installed under the name", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(
    State(app): State<App>,
    Path(name): Path<Name>,
) -> Result<Json<Page<Version>>, Problem> {
    let mut items = Vec::new();
    for version in app.engine.versions(&name).await? {
        let signatures = app.store().signatures(version.digest).await?;
        let keys = signatures.iter().map(|(signature, _)| signature.key());
        items.push(Version {
            keys: keys.map(|key| key.to_string()).collect(),
            ..Version::from(version)
        });
    }
    Ok(Json(Page::all(items)))
}

/// Go back to an earlier version
///
/// Its component, with the parameters and secrets that it ran with. It is granted what it was granted then and what is granted still, unless `restore_grants` says otherwise.
#[utoipa::path(
    post,
    path = "/api/v1/table/{name}/rollback",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    request_body = RollbackRequest,
    responses(
        (status = 200, description = "It runs", body = Installed),
        (status = 404, description = "Nothing is installed under the name, or it has no such version", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The version can't run any more", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn rollback(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    JsonBody(request): JsonBody<RollbackRequest>,
) -> Result<Json<Installed>, Problem> {
    let rollback = Rollback {
        to: request.to,
        restore_grants: request.restore_grants,
        may_widen: caller.may_widen(),
        actor: caller.actor(),
    };
    let installed = app.engine.rollback(&name, rollback).await?;
    Ok(Json(public(installed)))
}

/// Approve a version that waits
#[utoipa::path(
    post,
    path = "/api/v1/table/{name}/approve",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    request_body = ApproveRequest,
    responses(
        (status = 200, description = "It runs", body = Installed),
        (status = 404, description = "Nothing is installed under the name", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Nothing waits", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The grants are wrong, or the version can't run", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn approve(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    JsonBody(request): JsonBody<ApproveRequest>,
) -> Result<Json<Installed>, Problem> {
    let approve = Approve {
        digest: request.digest,
        grants: request.grants.as_ref().map(grants).transpose()?,
        may_widen: caller.may_widen(),
        actor: caller.actor(),
    };
    let installed = app.engine.approve(&name, approve).await?;
    Ok(Json(public(installed)))
}

/// Reject a version that waits
#[utoipa::path(
    post,
    path = "/api/v1/table/{name}/reject",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    responses(
        (status = 200, description = "It waits no more; what runs goes on", body = Installed),
        (status = 404, description = "Nothing is installed under the name", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Nothing waits", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn reject(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Result<Json<Installed>, Problem> {
    let installed = app.engine.reject(&name, &caller.actor()).await?;
    Ok(Json(public(installed)))
}
