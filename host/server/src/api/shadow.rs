//! Shadows: started, looked at, promoted, stopped.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use watchbox_model::Name;

use super::{
    json_body::JsonBody,
    problem::Problem,
    table,
    types::{ChangeRequest, Installed, Shadow},
};
use crate::{app::App, auth::Caller};

/// Run a new version as an installation's shadow
///
/// It runs beside the installation on the same events and ticks from now on, its effects withheld. `digest` is needed; settings that are left
/// out are those of the installation; `enabled` can't be given. A shadow that is there already is replaced. It ends with any change of the
/// installation, and with the server.
#[utoipa::path(
    put,
    path = "/api/v1/table/{name}/shadow",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    request_body = ChangeRequest,
    responses(
        (status = 201, description = "It runs", body = Shadow),
        (status = 404, description = "Nothing is installed under the name, or no such component", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The component is of another artifact, or the installation is off", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The component, a parameter or a grant is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn start(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    JsonBody(request): JsonBody<ChangeRequest>,
) -> Result<(StatusCode, Json<Shadow>), Problem> {
    let change = table::read_change(&app, request, &caller).await?;
    let report = app.engine.shadow(&name, change).await?;
    Ok((StatusCode::CREATED, Json(report.into())))
}

/// Show how a shadow compares
#[utoipa::path(
    get,
    path = "/api/v1/table/{name}/shadow",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    responses(
        (status = 200, description = "How it compares so far", body = Shadow),
        (status = 404, description = "Nothing is installed under the name, or it has no shadow", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn report(
    State(app): State<App>,
    Path(name): Path<Name>,
) -> Result<Json<Shadow>, Problem> {
    Ok(Json(app.engine.shadow_report(&name)?.into()))
}

/// End a shadow
#[utoipa::path(
    delete,
    path = "/api/v1/table/{name}/shadow",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "Nothing is installed under the name, or it has no shadow", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn stop(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Result<StatusCode, Problem> {
    app.engine.stop_shadow(&name, &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have an installation run its shadow's version
///
/// As a change with what the shadow was started with. The shadow ends.
#[utoipa::path(
    post,
    path = "/api/v1/table/{name}/shadow/promote",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    responses(
        (status = 200, description = "It is changed", body = Installed),
        (status = 404, description = "Nothing is installed under the name, or it has no shadow", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The component, a parameter or a grant is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn promote(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Result<Json<Installed>, Problem> {
    let (actor, may_widen) = (caller.actor(), caller.may_widen());
    let installed = app.engine.promote_shadow(&name, &actor, may_widen).await?;
    Ok(Json(table::public(installed)))
}
