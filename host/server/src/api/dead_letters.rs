//! Dead letters: looked at, redriven, dropped.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::IntoParams;
use watchbox_model::{Name, TurnId};

use super::{
    MAX_PAGE, PAGE,
    problem::Problem,
    types::{DeadLetter, DeadLetterDetails, Page},
};
use crate::{app::App, auth::Caller};

/// Which dead letters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LettersQuery {
    /// Those of this installation.
    #[param(value_type = Option<String>)]
    installation: Option<Name>,
    /// Those with a smaller number.
    before: Option<u64>,
    /// How many at most, up to 1,000; 100 where left out.
    limit: Option<u32>,
}

/// List dead letters
///
/// Newest first; `next` is what to give as `before` for the next page.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters",
    tag = "dead letters",
    params(LettersQuery),
    responses((status = 200, description = "The dead letters", body = Page<DeadLetter>)),
)]
pub(super) async fn list(
    State(app): State<App>,
    Query(query): Query<LettersQuery>,
) -> Result<Json<Page<DeadLetter>>, Problem> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let found = app
        .store()
        .dead_letters(query.installation.as_ref(), query.before, limit)
        .await?;
    let last = found.items.last().map(|letter| letter.id.to_string());
    Ok(Json(Page {
        items: found.items.into_iter().map(DeadLetter::from).collect(),
        next: last.filter(|_| found.more),
    }))
}

/// Show a dead letter
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters/{id}",
    tag = "dead letters",
    params(("id" = u64, Path, description = "Its number")),
    responses(
        (status = 200, description = "The dead letter, and what its turn left behind", body = DeadLetterDetails),
        (status = 404, description = "No such dead letter", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<u64>,
) -> Result<Json<DeadLetterDetails>, Problem> {
    let before = Some(id.saturating_add(1));
    let found = app.store().dead_letters(None, before, 1).await?;
    let letter = found
        .items
        .into_iter()
        .find(|letter| letter.id == id)
        .ok_or_else(|| Problem::missing(format_args!("dead letter {id}")))?;
    let kept_under = TurnId::of(&letter.trigger);
    let written = app
        .store()
        .written(&letter.installation, &kept_under)
        .await?;
    // What was taken or forgotten is no answer to a redrive.
    let kept = written.into_iter().filter(|written| !written.is_taken);
    let sent = kept
        .map(|written| format!("{}#{}", written.effect.name, written.effect.nth))
        .collect();
    let letter = letter.into();
    Ok(Json(DeadLetterDetails { letter, sent }))
}

/// Give a dead letter's trigger to its installation again
///
/// Once, now: the answer comes when that turn is over. Where it was committed the dead letter is gone; else it stays.
#[utoipa::path(
    post,
    path = "/api/v1/dead-letters/{id}/redrive",
    tag = "dead letters",
    params(("id" = u64, Path, description = "Its number")),
    responses(
        (status = 204, description = "The turn was committed, and the dead letter is gone"),
        (status = 404, description = "No such dead letter", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It can't be given again, or the turn failed again", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn redrive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<StatusCode, Problem> {
    app.engine.redrive(id, &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Drop a dead letter
#[utoipa::path(
    delete,
    path = "/api/v1/dead-letters/{id}",
    tag = "dead letters",
    params(("id" = u64, Path, description = "Its number")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such dead letter", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn drop_letter(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<StatusCode, Problem> {
    app.engine.drop_dead_letter(id, &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
