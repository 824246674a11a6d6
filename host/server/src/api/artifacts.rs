//! Artifacts: components that are kept, and what they are and want.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode, header},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use watchbox_model::{ComponentSignature, Digest, Name};
use watchbox_sandbox::{Inspection, inspect};

use super::{
    problem::{Kind, Problem},
    types::{Artifact, ArtifactSummary, Page},
};
use crate::{app::App, auth::Caller};

/// What was found in components, by digest: it can't change, and finding it means reading megabytes.
#[derive(Default)]
pub(crate) struct Inspections(Mutex<HashMap<Digest, Arc<Inspection>>>);

/// The most inspections that are kept in memory.
const KEPT: usize = 1_000;

impl Inspections {
    pub(super) async fn of(&self, app: &App, digest: Digest) -> Result<Arc<Inspection>, Problem> {
        if let Some(known) = self.lock().get(&digest) {
            return Ok(known.clone());
        }
        let component = app.store().component(digest).await?;
        let component = component.ok_or_else(|| missing(digest))?;
        let inspection = inspect_apart(component).await?;
        self.keep(inspection.clone());
        Ok(inspection)
    }

    fn keep(&self, inspection: Arc<Inspection>) {
        let mut known = self.lock();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(inspection.digest, inspection);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Arc<Inspection>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Inspects on a thread of its own: a large component takes a while.
async fn inspect_apart(component: Bytes) -> Result<Arc<Inspection>, Problem> {
    tokio::task::spawn_blocking(move || inspect(&component))
        .await
        .map_err(Problem::internal)?
        .map(Arc::new)
        .map_err(|error| Problem::new(Kind::Component, error.to_string()))
}

fn missing(digest: Digest) -> Problem {
    Problem::missing(format_args!("component {digest}"))
}

/// The routes. An upload may be larger than other bodies.
pub(super) fn routes(component: usize) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(upload, list))
        .layer(DefaultBodyLimit::max(component))
        .routes(routes!(show, remove))
        .routes(routes!(sign))
}

/// Upload an artifact
///
/// The body is the component itself. It is inspected and kept, and nothing of it is run. Uploading it twice is the same as once.
#[utoipa::path(
    post,
    path = "/api/v1/artifacts",
    tag = "artifacts",
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The component"),
    responses(
        (status = 200, description = "It was kept already", body = Artifact),
        (status = 201, description = "It is kept now", body = Artifact),
        (status = 413, description = "It is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It is no component, or its manifest is missing or wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn upload(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    component: Bytes,
) -> Result<(StatusCode, Json<Artifact>), Problem> {
    only_wasm(&headers)?;
    let inspection = inspect_apart(component.clone()).await?;
    if let Some(error) = &inspection.manifest_error {
        return Err(Problem::new(Kind::Component, error));
    }
    let digest = inspection.digest;
    let kept = app.store().components().await?;
    let status = if kept.iter().any(|(other, _, _)| *other == digest) {
        StatusCode::OK
    } else {
        let audit = caller.act("upload", digest, None);
        app.store().put_component(digest, component, audit).await?;
        StatusCode::CREATED
    };
    let answer = described(&app, &inspection).await?;
    app.inspections.keep(inspection);
    Ok((status, Json(answer)))
}

fn only_wasm(headers: &HeaderMap) -> Result<(), Problem> {
    let said = headers.get(header::CONTENT_TYPE);
    match said.map(|said| said.to_str().unwrap_or("?")) {
        None | Some("application/wasm" | "application/octet-stream") => Ok(()),
        Some(_) => Err(Problem::new(
            Kind::UnsupportedMediaType,
            "send the component as application/wasm",
        )),
    }
}

/// List artifacts
#[utoipa::path(
    get,
    path = "/api/v1/artifacts",
    tag = "artifacts",
    responses((status = 200, description = "Every component that is kept", body = Page<ArtifactSummary>)),
)]
async fn list(State(app): State<App>) -> Result<Json<Page<ArtifactSummary>>, Problem> {
    let installed = app.store().installations().await?;
    let mut items = Vec::new();
    for (digest, size, uploaded) in app.store().components().await? {
        let inspection = app.inspections.of(&app, digest).await?;
        let manifest = inspection.manifest.as_ref();
        let runs = installed.iter().filter(|line| line.digest == digest);
        items.push(ArtifactSummary {
            digest,
            size,
            uploaded: uploaded.into(),
            name: manifest.map(|manifest| manifest.name.clone()),
            version: manifest.map(|manifest| manifest.version.to_string()),
            installed_as: runs.map(|line| line.name.clone()).collect::<Vec<Name>>(),
        });
    }
    Ok(Json(Page::all(items)))
}

/// Inspect an artifact
#[utoipa::path(
    get,
    path = "/api/v1/artifacts/{digest}",
    tag = "artifacts",
    params(("digest" = String, Path, description = "SHA-256 of the component, 64 hexadecimal digits")),
    responses(
        (status = 200, description = "What it is and wants", body = Artifact),
        (status = 404, description = "No such component", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn show(
    State(app): State<App>,
    Path(digest): Path<Digest>,
) -> Result<Json<Artifact>, Problem> {
    let inspection = app.inspections.of(&app, digest).await?;
    Ok(Json(described(&app, &inspection).await?))
}

/// What was found in a component, and the signatures of it that are kept.
async fn described(app: &App, inspection: &Inspection) -> Result<Artifact, Problem> {
    let signatures = app.engine.signatures(inspection.digest).await?;
    Ok(Artifact {
        signatures: signatures.into_iter().map(Into::into).collect(),
        ..Artifact::from(inspection)
    })
}

/// Sign an artifact
///
/// The body is a signature by `minisign` (a `.minisig` file) of the component, whose trusted comment has the words `artifact:NAME` and
/// `version:VERSION` of its manifest. It is kept in place of another by the same key. One that says it is by a key of the server's trust policy
/// must be.
#[utoipa::path(
    post,
    path = "/api/v1/artifacts/{digest}/signatures",
    tag = "artifacts",
    params(("digest" = String, Path, description = "SHA-256 of the component, 64 hexadecimal digits")),
    request_body(content = String, content_type = "text/plain", description = "The signature"),
    responses(
        (status = 200, description = "It is kept", body = Artifact),
        (status = 404, description = "No such component", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It is no signature, or a wrong one", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn sign(
    State(app): State<App>,
    caller: Caller,
    Path(digest): Path<Digest>,
    text: String,
) -> Result<Json<Artifact>, Problem> {
    let invalid = |error: &dyn std::fmt::Display| Problem::new(Kind::Invalid, error.to_string());
    let signature: ComponentSignature = text.parse().map_err(|error| invalid(&error))?;
    let inspection = app.inspections.of(&app, digest).await?;
    let named = signature.subject().map_err(|error| invalid(&error))?;
    let is_of_manifest = inspection.manifest.as_ref().is_some_and(|manifest| {
        named.artifact == manifest.name && named.version == manifest.version
    });
    if !is_of_manifest {
        return Err(invalid(&format!(
            "it is signed as {named}, which is not what its manifest says"
        )));
    }
    let actor = caller.actor();
    app.engine.keep_signature(digest, signature, &actor).await?;
    Ok(Json(described(&app, &inspection).await?))
}

/// Remove an artifact
#[utoipa::path(
    delete,
    path = "/api/v1/artifacts/{digest}",
    tag = "artifacts",
    params(("digest" = String, Path, description = "SHA-256 of the component, 64 hexadecimal digits")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such component", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "An installation runs it, or ran it before", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(digest): Path<Digest>,
) -> Result<StatusCode, Problem> {
    let audit = caller.act("remove-artifact", digest, None);
    app.store().remove_component(digest, audit).await?;
    app.inspections.lock().remove(&digest);
    Ok(StatusCode::NO_CONTENT)
}
