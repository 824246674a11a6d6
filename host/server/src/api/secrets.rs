//! Secrets: listed by name, set one at a time, sealed anew under another key. No value ever comes out.

use axum::{
    Json,
    extract::{Path, State},
};
use watchbox_model::Name;

use super::{
    json_body::JsonBody,
    problem::Problem,
    table::public,
    types::{Installed, Page, RotatedKey, SecretEntry, SetSecret},
};
use crate::{app::App, auth::Caller};

/// List all secrets by name
#[utoipa::path(
    get,
    path = "/api/v1/secrets",
    tag = "secrets",
    responses((status = 200, description = "The secret parameters of every installation: never their values", body = Page<SecretEntry>)),
)]
pub(super) async fn list_all(State(app): State<App>) -> Result<Json<Page<SecretEntry>>, Problem> {
    let mut items = Vec::new();
    for status in app.engine.table().await? {
        // One that was removed meanwhile has none.
        let secrets = app.engine.secrets(&status.installation.name).await;
        items.extend(secrets.into_iter().flatten().map(SecretEntry::from));
    }
    Ok(Json(Page::all(items)))
}

/// List an installation's secrets by name
#[utoipa::path(
    get,
    path = "/api/v1/table/{name}/secrets",
    tag = "secrets",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    responses(
        (status = 200, description = "Its secret parameters: never their values", body = Page<SecretEntry>),
        (status = 404, description = "Nothing is installed under the name", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(
    State(app): State<App>,
    Path(name): Path<Name>,
) -> Result<Json<Page<SecretEntry>>, Problem> {
    let secrets = app.engine.secrets(&name).await?;
    Ok(Json(Page::all(
        secrets.into_iter().map(SecretEntry::from).collect(),
    )))
}

/// Set a secret
///
/// It takes hold between two turns, without a restart.
#[utoipa::path(
    put,
    path = "/api/v1/table/{name}/secrets/{parameter}",
    tag = "secrets",
    params(
        ("name" = String, Path, description = "What the artifact is installed as"),
        ("parameter" = String, Path, description = "The secret parameter"),
    ),
    request_body = SetSecret,
    responses(
        (status = 200, description = "It is set", body = Installed),
        (status = 404, description = "Nothing is installed under the name, or it has no such secret", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The artifact can't run with it", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn set(
    State(app): State<App>,
    caller: Caller,
    Path((name, parameter)): Path<(Name, String)>,
    JsonBody(request): JsonBody<SetSecret>,
) -> Result<Json<Installed>, Problem> {
    let SetSecret { value } = request;
    let actor = caller.actor();
    let installed = app
        .engine
        .set_secret(&name, parameter, value.0, &actor)
        .await?;
    Ok(Json(public(installed)))
}

/// Change the key that seals secrets
///
/// A new key is made, everything is sealed anew under it, and the old key is destroyed. Secrets in copies of the database that were made
/// before can be opened by the old key alone.
#[utoipa::path(
    post,
    path = "/api/v1/secrets/rotate",
    tag = "secrets",
    responses(
        (status = 200, description = "The new key seals", body = RotatedKey),
        (status = 500, description = "The key's file can't be written", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The store can't be written to; the old key seals on", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn rotate(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<RotatedKey>, Problem> {
    let rotated = app.engine.rotate_key(&caller.actor()).await?;
    Ok(Json(rotated.into()))
}
