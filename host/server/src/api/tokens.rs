//! Tokens: listed, made, given another secret, revoked.

use std::time::Duration;

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
    types::{CreatedToken, NewToken, Page, Role, RotateToken, SecretText, Token},
};
use crate::{
    app::App,
    auth::{
        Access, Caller,
        token::{self, TokenText},
    },
};

/// The longest name.
const MAX_NAME: usize = 64;

/// The most clients and artifacts that a token is bound to.
const MAX_BOUND: usize = 1_000;

/// The longest that the former secret of a token is good still.
const MAX_GRACE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

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
    let (text, hash) = fresh()?;
    let access = Access {
        role: request.role,
        clients: request.clients,
        artifacts: request.artifacts,
    };
    let kept = Kept {
        name: request.name,
        role: access.to_string(),
        hash,
        former: None,
        created: now,
        expires: request.expires.map(Time::from),
        last_used: None,
    };
    let target = format!("{} ({access})", kept.name);
    let audit = caller.act("create-token", target, None);
    app.tokens.add(kept.clone(), audit).await?;
    Ok((StatusCode::CREATED, Json(created(kept, &text)?)))
}

/// Give a token another secret
///
/// The answer holds its text. The secret that it has now is good for `grace_seconds` still, so that who uses it can go over to the new one;
/// where nothing is said it is not, and what is under way with it is cut.
#[utoipa::path(
    post,
    path = "/api/v1/tokens/{name}/rotate",
    tag = "tokens",
    params(("name" = String, Path, description = "The token's name")),
    request_body = RotateToken,
    responses(
        (status = 200, description = "It has another secret", body = CreatedToken),
        (status = 404, description = "No such token", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It has ended", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The grace is too long", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(request): JsonBody<RotateToken>,
) -> Result<Json<CreatedToken>, Problem> {
    let grace = Duration::from_secs(request.grace_seconds);
    if grace > MAX_GRACE {
        return Err(Problem::new(
            Kind::Invalid,
            "`grace_seconds` is a week at most",
        ));
    }
    let (text, hash) = fresh()?;
    let target = format!("{name} (grace {} s)", grace.as_secs());
    let audit = caller.act("rotate-token", target, None);
    let kept = app
        .tokens
        .rotate(&name, hash, Time::now(), grace, audit)
        .await?;
    Ok(Json(created(kept, &text)?))
}

/// Revoke a token
///
/// It is refused from the next request on, and what is under way with it is cut, live streams too. The last admin token can't be revoked.
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
    let bound = request.clients.len() + request.artifacts.len();
    if bound > 0 && request.role != Role::Ingest {
        return wrong("only a token of the role `ingest` can be bound to clients or to artifacts");
    }
    if bound > MAX_BOUND {
        return wrong("a token is bound to 1,000 clients and artifacts at most");
    }
    if request.expires.is_some_and(|end| end.0 <= now) {
        return wrong("`expires` must lie in the future");
    }
    Ok(())
}

/// A new secret, and its hash.
fn fresh() -> Result<(TokenText, token::Hash), Problem> {
    let text = TokenText::generate().map_err(Problem::internal)?;
    let hash = token::hash(text.reveal());
    let hash = hash.ok_or_else(|| Problem::internal("a token has no hash"))?;
    Ok((text, hash))
}

fn created(kept: Kept, text: &TokenText) -> Result<CreatedToken, Problem> {
    Ok(CreatedToken {
        token: public(kept).ok_or_else(|| Problem::internal("a token has no role"))?,
        text: SecretText(Secret::new(text.reveal())),
    })
}

/// What may be told of a token. One whose role is not understood allows nothing, and is not shown.
fn public(kept: Kept) -> Option<Token> {
    let access: Access = kept.role.parse().ok()?;
    Some(Token {
        name: kept.name,
        role: access.role,
        clients: access.clients,
        artifacts: access.artifacts,
        created: kept.created.into(),
        expires: kept.expires.map(Into::into),
        last_used: kept.last_used.map(Into::into),
        former_until: kept
            .former
            .filter(|former| former.until > Time::now())
            .map(|former| former.until.into()),
    })
}
