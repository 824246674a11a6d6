//! Tokens: listed, made, revoked.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use watchbox_model::{Secret, Time};
use watchbox_store::Token as Kept;

use super::{
    json_body::JsonBody,
    problem::{Kind, Problem},
    types::{CreatedToken, NewToken, Page, Role, SecretText, Token},
};
use crate::{
    app::App,
    auth::{Access, Caller, token},
};

/// The longest name.
const MAX_NAME: usize = 64;

/// List tokens
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    tag = "tokens",
    responses((status = 200, description = "Every token, without its text", body = Page<Token>)),
)]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Page<Token>>, Problem> {
    let kept = app.tokens.list().await?;
    Ok(Json(Page::all(
        kept.into_iter().filter_map(public).collect(),
    )))
}

/// Make a token
///
/// The answer holds its text, which is kept nowhere and never told again.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    tag = "tokens",
    request_body = NewToken,
    responses(
        (status = 201, description = "It is made", body = CreatedToken),
        (status = 409, description = "The name is taken", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The name, the end or what it is bound to is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    JsonBody(request): JsonBody<NewToken>,
) -> Result<(StatusCode, Json<CreatedToken>), Problem> {
    let now = Time::now();
    check(&request, now)?;
    let text = token::TokenText::generate().map_err(Problem::internal)?;
    let access = Access {
        role: request.role,
        client: request.client,
        artifacts: request.artifacts,
    };
    let kept = Kept {
        name: request.name,
        role: access.to_string(),
        hash: token::hash(text.reveal()).ok_or_else(|| Problem::internal("a token has no hash"))?,
        created: now,
        expires: request.expires.map(Time::from),
        last_used: None,
    };
    let target = format!("{} ({access})", kept.name);
    let audit = caller.act("create-token", target, None);
    app.tokens.add(kept.clone(), audit).await?;
    let created = CreatedToken {
        token: public(kept).ok_or_else(|| Problem::internal("a token has no role"))?,
        text: SecretText(Secret::new(text.reveal())),
    };
    Ok((StatusCode::CREATED, Json(created)))
}

/// Revoke a token
///
/// It is refused from the next request on. The last admin token can't be revoked.
#[utoipa::path(
    delete,
    path = "/api/v1/tokens/{name}",
    tag = "tokens",
    params(("name" = String, Path, description = "The token's name")),
    responses(
        (status = 204, description = "It is revoked"),
        (status = 404, description = "No such token", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is the last admin token", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let audit = caller.act("revoke-token", &name, None);
    app.tokens.revoke(&name, audit).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn check(request: &NewToken, now: Time) -> Result<(), Problem> {
    let wrong = |detail: &str| Err(Problem::new(Kind::Invalid, detail));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let name = request.name.as_bytes();
    if name.is_empty() || name.len() > MAX_NAME || !name.iter().copied().all(plain) {
        return wrong("a token's name has 1 to 64 letters, digits, `.`, `_` and `-`");
    }
    let bound = request.client.is_some() || !request.artifacts.is_empty();
    if bound && request.role != Role::Ingest {
        return wrong("only a token of the role `ingest` can be bound to a client or to artifacts");
    }
    if request.expires.is_some_and(|end| end.0 <= now) {
        return wrong("`expires` must lie in the future");
    }
    Ok(())
}

/// What may be told of a token. One whose role is not understood allows nothing, and is not shown.
fn public(kept: Kept) -> Option<Token> {
    let access: Access = kept.role.parse().ok()?;
    Some(Token {
        name: kept.name,
        role: access.role,
        client: access.client,
        artifacts: access.artifacts,
        created: kept.created.into(),
        expires: kept.expires.map(Into::into),
        last_used: kept.last_used.map(Into::into),
    })
}
