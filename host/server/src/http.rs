//! The router, and what every request and every answer goes through.

use std::{any::Any, net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Router,
    body::HttpBody as _,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    http::{HeaderName, HeaderValue, Response as HttpResponse, Version, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use metrics::{counter, histogram};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::{
    App,
    api::{self, problem::Problem},
    auth::{Hosts, authorize, check_site},
    metrics::{REQUEST_SECONDS, REQUESTS},
};

/// The most bytes of a JSON body. Events and components have limits of their own.
const JSON_BODY: usize = 1 << 20;

/// All routes, for a server that listens on `address`.
pub fn router(app: App, address: SocketAddr) -> Router {
    let component = app.config.http.component_mib.saturating_mul(1 << 20);
    let component = usize::try_from(component).unwrap_or(usize::MAX);
    let (routes, _) = api::routes(component).split_for_parts();
    guarded(routes, app, address)
}

/// `routes`, with what every request of them goes through.
fn guarded(routes: Router<App>, app: App, address: SocketAddr) -> Router {
    let hosts = Arc::new(Hosts::new(address, &app.config.http.hosts));
    // The last layer is the first that a request meets.
    routes
        .route_layer(middleware::from_fn_with_state(app.clone(), authorize))
        .layer(DefaultBodyLimit::max(JSON_BODY))
        .layer(middleware::from_fn_with_state(hosts, check_site))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(api::problem::complete))
        .layer(middleware::from_fn(close_if_refused))
        .layer(middleware::from_fn(observe))
        .layer(middleware::from_fn(protect))
        .with_state(app)
}

/// Counts and times each request, and puts its work in a span. Neither holds a query, a header or a body: they may hold secrets.
async fn observe(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("none", MatchedPath::as_str);
    let began = Instant::now();
    let span = tracing::info_span!("request", %method, path = request.uri().path());
    let response = next.run(request).instrument(span.clone()).await;
    let took = began.elapsed();
    let status = response.status();
    span.in_scope(|| {
        tracing::debug!(
            status = status.as_u16(),
            ms = took.as_secs_f64() * 1e3,
            "answered"
        );
    });
    let method = match matched {
        Some(_) => method.to_string(),
        // Anybody can make methods up.
        None => "any".to_owned(),
    };
    counter!(REQUESTS, "method" => method, "route" => route.to_owned(), "status" => status.as_u16().to_string()).increment(1);
    histogram!(REQUEST_SECONDS, "route" => route.to_owned()).record(took);
    response
}

/// What keeps browsers from doing with an answer what they should not. There are no cookies and no CORS headers: a page of
/// another origin can't send a token, and can't read what it gets.
async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Where a request was refused, nobody may have read its body, and hyper then closes the connection once it has answered. Says so, since
/// else a sender that keeps its connections sends its next request into one that is about to go.
async fn close_if_refused(request: Request, next: Next) -> Response {
    let has_body = !request.body().is_end_stream() && request.version() < Version::HTTP_2;
    let mut response = next.run(request).await;
    if has_body && (response.status().is_client_error() || response.status().is_server_error()) {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

fn panicked(cause: Box<dyn Any + Send + 'static>) -> HttpResponse<axum::body::Body> {
    let said = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied());
    Problem::internal(format_args!("a handler panicked: {}", said.unwrap_or("?"))).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{StatusCode, header::AUTHORIZATION, header::HOST},
        routing::get,
    };
    use tower::ServiceExt as _;

    use super::*;
    use crate::Config;

    #[tokio::test]
    async fn a_route_that_is_not_in_the_table_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            data: folder.path().join("data"),
            ..Config::default()
        };
        let address = config.listen;
        let admin = config.data.join("admin.token");
        let app = App::open(config).await.unwrap();
        let admin = std::fs::read_to_string(admin).unwrap();
        let forgotten = Router::new().route("/api/v1/forgotten", get(|| async { "hello" }));
        let router = guarded(forgotten, app, address);
        for (path, status) in [
            ("/api/v1/forgotten", StatusCode::FORBIDDEN),
            ("/api/v1/not-there", StatusCode::NOT_FOUND),
        ] {
            let request = Request::get(path)
                .header(HOST, "localhost")
                .header(AUTHORIZATION, format!("Bearer {}", admin.trim()))
                .body(Body::empty())
                .unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
        }
    }
}
