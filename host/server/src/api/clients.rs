//! Clients and their labels.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::IntoParams;
use watchbox_model::{Client as Known, ClientId, LabelChange, SearchTerm, Time, label::LabelOp};

use super::{
    MAX_PAGE, PAGE,
    json_body::JsonBody,
    problem::{Kind, Problem},
    types::{Client, LabelEdit, Page, PutClient},
};
use crate::{app::App, auth::Caller};

/// The most bytes of a hostname or an os.
const MAX_TEXT: usize = 255;

/// Which clients.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ClientsQuery {
    /// `label:X`, `host:X`, `client:X`, `all`, or text that occurs in id, hostname or labels; all where left out.
    #[param(value_type = Option<String>, example = "label:Slack")]
    search: Option<SearchTerm>,
    /// How many at most, up to 1,000; 100 where left out.
    limit: Option<u32>,
    /// Those after this id.
    #[param(value_type = Option<String>)]
    after: Option<ClientId>,
}

/// Search clients
#[utoipa::path(
    get,
    path = "/api/v1/clients",
    tag = "clients",
    params(ClientsQuery),
    responses((status = 200, description = "Those that match, by id", body = Page<Client>)),
)]
pub(super) async fn list(
    State(app): State<App>,
    Query(query): Query<ClientsQuery>,
) -> Result<Json<Page<Client>>, Problem> {
    let term = query.search.unwrap_or(SearchTerm::All);
    let limit = query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let snapshot = app.store().snapshot().await?;
    let found = snapshot.search(&term, limit, query.after.as_ref()).await?;
    let last = found.items.last().map(|client| client.id.to_string());
    Ok(Json(Page {
        items: found.items.into_iter().map(Client::from).collect(),
        next: last.filter(|_| found.more),
    }))
}

/// Show a client
#[utoipa::path(
    get,
    path = "/api/v1/clients/{id}",
    tag = "clients",
    params(("id" = String, Path, description = "The client's id")),
    responses(
        (status = 200, description = "The client", body = Client),
        (status = 404, description = "No such client", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<ClientId>,
) -> Result<Json<Client>, Problem> {
    find(&app, &id).await.map(|client| Json(client.into()))
}

/// Register a client, or change it
#[utoipa::path(
    put,
    path = "/api/v1/clients/{id}",
    tag = "clients",
    params(("id" = String, Path, description = "The client's id")),
    request_body = PutClient,
    responses(
        (status = 200, description = "It is changed", body = Client),
        (status = 201, description = "It is registered", body = Client),
        (status = 422, description = "A hostname or an os that is too long", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClientId>,
    JsonBody(request): JsonBody<PutClient>,
) -> Result<(StatusCode, Json<Client>), Problem> {
    for text in [&request.hostname, &request.os].into_iter().flatten() {
        if text.len() > MAX_TEXT || text.contains(char::is_control) {
            let detail =
                format!("hostname and os have at most {MAX_TEXT} bytes and no control characters");
            return Err(Problem::new(Kind::Invalid, detail));
        }
    }
    let known = app.store().snapshot().await?.client(&id).await?;
    let (status, operation) = match known {
        Some(_) => (StatusCode::OK, "change-client"),
        None => (StatusCode::CREATED, "register-client"),
    };
    let known = known.unwrap_or_else(|| Known {
        id: id.clone(),
        hostname: String::new(),
        os: String::new(),
        labels: Vec::new(),
        first_seen: Time::now(),
        // It has not reported: an artifact that waits for clients to come online must not take this for it.
        last_seen: Time::default(),
    });
    let client = Known {
        hostname: request.hostname.unwrap_or(known.hostname),
        os: request.os.unwrap_or(known.os),
        ..known
    };
    let audit = caller.act(operation, &id, None);
    app.store().put_client(client, audit).await?;
    let client = find(&app, &id).await?;
    Ok((status, Json(client.into())))
}

/// Remove a client
///
/// Its events stay, and it is registered again when it reports again.
#[utoipa::path(
    delete,
    path = "/api/v1/clients/{id}",
    tag = "clients",
    params(("id" = String, Path, description = "The client's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such client", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClientId>,
) -> Result<StatusCode, Problem> {
    let audit = caller.act("remove-client", &id, None);
    app.store().remove_client(&id, audit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change a client's labels
#[utoipa::path(
    post,
    path = "/api/v1/clients/{id}/labels",
    tag = "clients",
    params(("id" = String, Path, description = "The client's id")),
    request_body = LabelEdit,
    responses(
        (status = 200, description = "The client as it is now", body = Client),
        (status = 404, description = "No such client", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn labels(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ClientId>,
    JsonBody(edit): JsonBody<LabelEdit>,
) -> Result<Json<Client>, Problem> {
    let signed = |sign: char| move |label: &watchbox_model::Label| format!("{sign}{label}");
    let told: Vec<String> = edit
        .add
        .iter()
        .map(signed('+'))
        .chain(edit.remove.iter().map(signed('-')))
        .collect();
    let change = |op| {
        let client = id.clone();
        move |label| LabelChange {
            client: client.clone(),
            label,
            op,
        }
    };
    let added = edit.add.into_iter().map(change(LabelOp::Add));
    let removed = edit.remove.into_iter().map(change(LabelOp::Remove));
    let changes: Vec<LabelChange> = added.chain(removed).collect();
    if !changes.is_empty() {
        let target = format!("{id} {}", told.join(" "));
        let audit = caller.act("change-labels", target, None);
        app.store().change_labels(changes, audit).await?;
    }
    find(&app, &id).await.map(|client| Json(client.into()))
}

async fn find(app: &App, id: &ClientId) -> Result<Known, Problem> {
    let client = app.store().snapshot().await?.client(id).await?;
    client.ok_or_else(|| Problem::missing(format_args!("client `{id}`")))
}
