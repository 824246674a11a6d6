//! Decides each request before its handler sees it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use watchbox_model::{AuditRecord, Name, Time, audit::Decision};
use watchbox_store::Store;

use super::{Bearer, Hosts, routes, token};
use crate::{
    api::problem::{Kind, Problem},
    app::App,
};

/// A denial of one token on one route is written down once in this time, so that a loop can't fill the trail.
const DENIAL_PERIOD: Duration = Duration::from_secs(60);

/// Who a request that was let through is from; handlers take it as an argument.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) Arc<Bearer>);

impl Caller {
    /// The record of an administrative act of theirs that is about to be done.
    pub(crate) fn act(
        &self,
        operation: &str,
        target: impl ToString,
        artifact: Option<&Name>,
    ) -> AuditRecord {
        let role = self.0.access.to_string();
        let reason = format!("role {role}");
        record(
            &self.0,
            operation,
            target,
            artifact,
            Decision::Allowed,
            reason,
        )
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Problem::internal("a handler asked for the caller of an open route"))
    }
}

/// What was denied a while ago.
#[derive(Default)]
pub(crate) struct Denials(Mutex<HashMap<(String, &'static str, Method), Time>>);

impl Denials {
    /// Whether this one is to be written down.
    fn is_new(&self, bearer: &Bearer, route: &routes::Route, now: Time) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| now.since(*at) < DENIAL_PERIOD);
        let key = (bearer.name.clone(), route.path, route.method.clone());
        let is_new = !told.contains_key(&key);
        if is_new {
            told.insert(key, now);
        }
        is_new
    }
}

/// Lets a request through that its token allows.
pub(crate) async fn authorize(
    State(app): State<App>,
    matched: MatchedPath,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(route) = routes::find(request.method(), matched.as_str()) else {
        return Ok(no_such_method(matched.as_str()));
    };
    if route.allowed == routes::Allowed::Anybody {
        return Ok(next.run(request).await);
    }
    let now = Time::now();
    let bearer = bearer_token(request.headers())
        .and_then(token::hash)
        .and_then(|hash| app.tokens.find(&hash, now));
    let Some(bearer) = bearer else {
        return Err(Problem::new(
            Kind::Unauthorized,
            "send a valid token as `Authorization: Bearer wb_...`",
        ));
    };
    app.tokens.used(&bearer, now).await;
    if !route.allowed.includes(bearer.access.role) {
        if app.denials.is_new(&bearer, route, now) {
            write_down(app.engine.store().as_ref(), &bearer, route).await;
        }
        return Err(Problem::new(
            Kind::Forbidden,
            format!(
                "the role of `{}` is `{}`, which may not do this",
                bearer.name, bearer.access
            ),
        ));
    }
    request.extensions_mut().insert(Caller(bearer));
    Ok(next.run(request).await)
}

/// Refuses a request for a name that is not the server's.
pub(crate) async fn check_host(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let named = request.headers().get(header::HOST);
    let host = match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => named.and_then(|host| host.to_str().ok()),
    };
    if host.is_some_and(|host| hosts.allow(host)) {
        return Ok(next.run(request).await);
    }
    Err(Problem::new(
        Kind::Misdirected,
        "the server does not go by the name in `Host`; add it to `http.hosts` in the server's settings if it should",
    ))
}

/// The token of the one `Authorization` header, if there is just one and it is a bearer's.
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn no_such_method(path: &str) -> Response {
    let methods: Vec<&str> = routes::methods(path).map(Method::as_str).collect();
    let detail = "this path has no such method; `Allow` lists those it has";
    let mut response = Problem::new(Kind::MethodNotAllowed, detail).into_response();
    if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

async fn write_down(store: &dyn Store, bearer: &Bearer, route: &routes::Route) {
    let operation = format!("{} {}", route.method, route.path);
    let reason = format!("role {}", bearer.access);
    let denied = record(bearer, &operation, "", None, Decision::Denied, reason);
    if let Err(error) = store.record(Vec::new(), vec![denied]).await {
        tracing::warn!(%error, token = bearer.name, "a denial could not be written down");
    }
}

fn record(
    bearer: &Bearer,
    operation: &str,
    target: impl ToString,
    artifact: Option<&Name>,
    decision: Decision,
    reason: String,
) -> AuditRecord {
    AuditRecord {
        at: Time::now(),
        actor: bearer.actor(),
        artifact: artifact.cloned(),
        digest: None,
        turn: None,
        capability: "admin".to_owned(),
        operation: operation.to_owned(),
        target: target.to_string(),
        decision,
        reason,
        outcome: match decision {
            Decision::Allowed => "ok".to_owned(),
            Decision::Denied => String::new(),
        },
        bytes: 0,
        ms: 0.0,
    }
}
