//! Decides each request before its handler sees it.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use metrics::counter;
use watchbox_model::Time;

use super::{
    Action, Caller,
    credentials::{Stranger, identify},
    cut::{Over, cut, within},
    routes::{self, Route},
};
use crate::{
    api::problem::{Kind, Problem},
    app::App,
    metrics::STRANGERS,
    peer::Peer,
};

/// How many requests of one address without a valid token are answered as such in a minute; those beyond are told to come later.
const STRANGERS_A_MINUTE: u64 = 30;

/// Lets a request through that its token or certificate allows, for as long as it does.
pub(crate) async fn authorize(
    State(app): State<App>,
    matched: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(route) = routes::find(request.method(), matched.as_str()) else {
        return no_such_route(matched.as_str());
    };
    if route.action == Action::Open {
        return next.run(request).await;
    }
    let now = Time::now();
    let peer = request.extensions().get::<Peer>().cloned();
    let peer = peer.unwrap_or_default();
    let found = identify(&app.tokens, &peer, route.action, request.headers(), now).await;
    let caller = match found {
        Ok(bearer) => Caller(bearer),
        Err(stranger) => return refuse(&app, &peer, route, stranger, now).await,
    };
    if !caller.access().allows(route.action) {
        let detail = format!(
            "the role of `{}` is `{}`, which may not do this",
            caller.actor(),
            caller.access().role
        );
        return deny(
            &app,
            &caller,
            route,
            Problem::new(Kind::Forbidden, detail),
            now,
        )
        .await;
    }
    request.extensions_mut().insert(caller.clone());
    match within(&caller, next.run(request)).await {
        Err(Over) => over(&caller.actor()).into_response(),
        Ok(mut response) if response.status() == StatusCode::FORBIDDEN => {
            // What a handler finds out only once it has looked at the request.
            match response.extensions_mut().remove::<Problem>() {
                Some(problem) => deny(&app, &caller, route, problem, now).await,
                None => response,
            }
        }
        Ok(response) => cut(caller, response),
    }
}

/// Answers, and writes down, that the caller may not do this.
async fn deny(app: &App, caller: &Caller, route: &Route, problem: Problem, now: Time) -> Response {
    let reason = problem.detail.clone();
    let (store, operation) = (app.store().as_ref(), operation(route));
    app.denials
        .tell(store, caller.actor(), operation, reason, now)
        .await;
    problem.into_response()
}

/// Answers, and writes down, that it is not known who asks.
async fn refuse(app: &App, peer: &Peer, route: &Route, stranger: Stranger, now: Time) -> Response {
    counter!(STRANGERS).increment(1);
    let store = app.store().as_ref();
    let (reason, detail) = match stranger {
        Stranger::Over(actor) => {
            let reason = "its token or certificate is over".to_owned();
            app.denials
                .tell(store, actor.clone(), operation(route), reason, now)
                .await;
            return over(&actor).into_response();
        }
        Stranger::Unknown(reason) => (
            reason,
            "send a valid token as `Authorization: Bearer wb_...`".to_owned(),
        ),
        Stranger::Certificate(detail) => ("no client certificate, or one for no client", detail),
    };
    let often = app
        .denials
        .tell_of_stranger(store, peer.address, reason, now)
        .await;
    if often.times <= STRANGERS_A_MINUTE {
        return Problem::new(Kind::Unauthorized, detail).into_response();
    }
    let left = often.over_at.since(now).as_secs() + 1;
    let detail = format!(
        "more than {STRANGERS_A_MINUTE} requests without a valid token came from your address within a minute; with a valid one you are let in at any time"
    );
    let mut response = Problem::new(Kind::TooManyLogins, detail).into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(left));
    response
}

fn over(actor: &str) -> Problem {
    let detail = format!("`{actor}` is no longer valid: ask an administrator for another");
    Problem::new(Kind::Unauthorized, detail)
}

/// What the trail calls a request of `route`.
fn operation(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

fn no_such_route(path: &str) -> Response {
    let methods: Vec<&str> = routes::methods(path).map(Method::as_str).collect();
    if methods.is_empty() {
        tracing::error!(
            path,
            "a route that is not in the table of routes is refused"
        );
        let detail = "nobody may use this path: the server does not say who may";
        return Problem::new(Kind::Forbidden, detail).into_response();
    }
    let detail = "this path has no such method; `Allow` lists those it has";
    let mut response = Problem::new(Kind::MethodNotAllowed, detail).into_response();
    if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
