//! The monitoring table: install, change, remove.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use bytes::Bytes;
use std::collections::BTreeMap;
use watchbox_engine::{Change, Install, StartAt, Status};
use watchbox_model::{Digest, Grants, Name, Secret, Time, parameter::ParameterChange};

use super::{
    json_body::JsonBody,
    problem::{Kind, Problem},
    types::{ChangeRequest, InstallRequest, Installation, Installed, Page, SecretText, Start},
};
use crate::{app::App, auth::Caller};

/// List what is installed
#[utoipa::path(
    get,
    path = "/api/v1/table",
    tag = "monitoring table",
    responses((status = 200, description = "Every installation, by name", body = Page<Installation>)),
)]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Page<Installation>>, Problem> {
    let table = app.engine.table().await?;
    let letters = dead_letters(&app, None).await;
    let lines = table
        .into_iter()
        .map(|status| line(status, letters.as_ref()));
    Ok(Json(Page::all(lines.collect())))
}

/// Show an installation
#[utoipa::path(
    get,
    path = "/api/v1/table/{name}",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    responses(
        (status = 200, description = "How it stands", body = Installation),
        (status = 404, description = "Nothing is installed under the name", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(
    State(app): State<App>,
    Path(name): Path<Name>,
) -> Result<Json<Installation>, Problem> {
    let status = app.engine.status(&name).await?;
    let letters = dead_letters(&app, Some(&name)).await;
    Ok(Json(line(status, letters.as_ref())))
}

/// How many dead letters there are of each installation, or of one. The table is shown without them too: it is looked at where something is wrong.
async fn dead_letters(app: &App, name: Option<&Name>) -> Option<BTreeMap<Name, u64>> {
    let counts = app.store().dead_letter_counts(name).await;
    counts
        .inspect_err(|error| tracing::warn!(%error, "the dead letters can't be counted"))
        .ok()
}

fn line(status: Status, letters: Option<&BTreeMap<Name, u64>>) -> Installation {
    let name = status.installation.name.clone();
    Installation {
        dead_letters: letters.map(|letters| letters.get(&name).copied().unwrap_or_default()),
        ..status.into()
    }
}

/// Install an artifact
///
/// The component must have been uploaded before. It runs when the answer comes.
#[utoipa::path(
    put,
    path = "/api/v1/table/{name}",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What to install it as: the artifact's name, or another")),
    request_body = InstallRequest,
    responses(
        (status = 201, description = "It is installed", body = Installed),
        (status = 404, description = "No such component", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The component, a parameter or a grant is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn install(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    JsonBody(request): JsonBody<InstallRequest>,
) -> Result<(StatusCode, Json<Installed>), Problem> {
    let install = Install {
        component: component(&app, request.digest).await?,
        signature: None,
        name: Some(name),
        parameters: request.parameters,
        secrets: secrets(request.secrets),
        grants: grants(&request.grants)?,
        start: match request.start {
            Start::Now => StartAt::Now,
            Start::Oldest => StartAt::Oldest,
        },
        enabled: request.enabled,
        files: None,
        may_widen: caller.may_widen(),
        actor: caller.actor(),
    };
    let installed = app.engine.install(install).await?;
    Ok((StatusCode::CREATED, Json(public(installed))))
}

/// Change an installation
///
/// What is left out stays. The change takes hold between two turns; cursors and state are kept. A component that wants more than is granted
/// waits for approval (202), unless grants are given with it; one that fails on its first turns makes way for the one before it by itself.
#[utoipa::path(
    patch,
    path = "/api/v1/table/{name}",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    request_body = ChangeRequest,
    responses(
        (status = 200, description = "It is changed", body = Installed),
        (status = 202, description = "It waits for approval, since it wants more than is granted; what runs goes on", body = Installed),
        (status = 404, description = "Nothing is installed under the name, or no such component", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The component is of another artifact, or it was changed since `unchanged_since`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The component, a parameter or a grant is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    JsonBody(request): JsonBody<ChangeRequest>,
) -> Result<(StatusCode, Json<Installed>), Problem> {
    let upgrade = request.digest;
    let change = read_change(&app, request, &caller).await?;
    let installed = app.engine.change(&name, change).await?;
    let waits = installed.status.installation.pending.as_ref();
    let status = if upgrade.is_some() && waits.map(|pending| pending.digest) == upgrade {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(public(installed))))
}

/// Remove an installation
///
/// Its cursors and its state go; rows, messages, dead letters and the audit trail stay.
#[utoipa::path(
    delete,
    path = "/api/v1/table/{name}",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "Nothing is installed under the name", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
) -> Result<StatusCode, Problem> {
    app.engine.remove(&name, &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a request asks to be changed.
pub(super) async fn read_change(
    app: &App,
    request: ChangeRequest,
    caller: &Caller,
) -> Result<Change, Problem> {
    Ok(Change {
        component: match request.digest {
            Some(digest) => Some(component(app, digest).await?),
            None => None,
        },
        signature: None,
        parameters: match request.parameters {
            Some(_) if !request.set_parameters.is_empty() => {
                let both = "`parameters` are all parameters, `set_parameters` some: one of the two is wanted";
                return Err(Problem::new(Kind::Parameter, both));
            }
            Some(all) => ParameterChange::All(all),
            None if request.set_parameters.is_empty() => ParameterChange::Stay,
            None => ParameterChange::Named(request.set_parameters),
        },
        secrets: secrets(request.secrets),
        grants: request.grants.as_ref().map(grants).transpose()?,
        enabled: request.enabled,
        unchanged_since: request.unchanged_since.map(Time::from),
        files: None,
        may_widen: caller.may_widen(),
        actor: caller.actor(),
    })
}

async fn component(app: &App, digest: Digest) -> Result<Bytes, Problem> {
    let component = app.store().component(digest).await?;
    component.ok_or_else(|| {
        let detail = format!("there is no component {digest}: upload it first");
        Problem::new(Kind::NotFound, detail)
    })
}

pub(super) fn grants(given: &serde_json::Value) -> Result<Grants, Problem> {
    Grants::parse("grants", &given.to_string())
        .map_err(|error| Problem::new(Kind::Grants, error.to_string()))
}

fn secrets(given: BTreeMap<String, SecretText>) -> BTreeMap<String, Secret> {
    given
        .into_iter()
        .map(|(name, SecretText(secret))| (name, secret))
        .collect()
}

/// What came of a change, as it is told.
pub(super) fn public(installed: watchbox_engine::Installed) -> Installed {
    Installed {
        installation: installed.status.into(),
        warnings: installed.warnings,
    }
}
