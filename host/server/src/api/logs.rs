//! Reading logs: events, rows and messages.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::HeaderMap,
    response::Response,
};
use watchbox_model::{LogKey, Name};

use super::{
    problem::Problem,
    reading::{self, ReadQuery},
    types::{Log, Page},
};
use crate::app::App;

/// List all logs
#[utoipa::path(
    get,
    path = "/api/v1/logs",
    tag = "logs",
    responses((status = 200, description = "Every log", body = Page<Log>)),
)]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Page<Log>>, Problem> {
    let logs = app.store().logs().await?;
    Ok(Json(Page::all(logs.into_iter().map(Log::from).collect())))
}

/// Read events
///
/// Oldest first. The header `Watchbox-Next` says what to give as `after` for the next page; without it there is no more (now).
#[utoipa::path(
    get,
    path = "/api/v1/events/{artifact}",
    tag = "events",
    params(("artifact" = String, Path, description = "The name of the client artifact"), ReadQuery),
    responses(
        (status = 200, description = "The events", content((String = "application/x-ndjson"), (Vec<Object> = "application/json"), (String = "text/csv")),
            headers(("Watchbox-Next" = u64, description = "What to give as `after` for the next page"))),
        (status = 422, description = "The query is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn events(
    State(app): State<App>,
    Path(artifact): Path<Name>,
    Query(query): Query<ReadQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reading::respond(&app, LogKey::events(artifact), query, &headers).await
}

/// Read the rows that an artifact emitted
///
/// Oldest first. The header `Watchbox-Next` says what to give as `after` for the next page; without it there is no more (now).
#[utoipa::path(
    get,
    path = "/api/v1/rows/{name}",
    tag = "rows",
    params(("name" = String, Path, description = "What the artifact is installed as"), ReadQuery),
    responses(
        (status = 200, description = "The rows", content((String = "application/x-ndjson"), (Vec<Object> = "application/json"), (String = "text/csv")),
            headers(("Watchbox-Next" = u64, description = "What to give as `after` for the next page"))),
        (status = 404, description = "Nothing is installed under the name, and it has no log", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The query is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn rows(
    State(app): State<App>,
    Path(name): Path<Name>,
    Query(query): Query<ReadQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reading::respond(&app, LogKey::rows(name), query, &headers).await
}

/// Read what an artifact had to say, and what the host says of it
///
/// Oldest first. The header `Watchbox-Next` says what to give as `after` for the next page; without it there is no more (now).
#[utoipa::path(
    get,
    path = "/api/v1/messages/{name}",
    tag = "rows",
    params(("name" = String, Path, description = "What the artifact is installed as"), ReadQuery),
    responses(
        (status = 200, description = "The messages", content((String = "application/x-ndjson"), (Vec<Object> = "application/json"), (String = "text/csv")),
            headers(("Watchbox-Next" = u64, description = "What to give as `after` for the next page"))),
        (status = 404, description = "Nothing is installed under the name, and it has no log", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The query is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn messages(
    State(app): State<App>,
    Path(name): Path<Name>,
    Query(query): Query<ReadQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reading::respond(&app, LogKey::messages(name), query, &headers).await
}
