//! What a hostile page in an operator's browser can't do.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::json;
use tower::ServiceExt as _;

use crate::harness::{ADDRESS, Server, events};

#[tokio::test]
async fn a_host_of_somebody_elses_is_refused() {
    let server = Server::with(|config| config.http.hosts = vec!["watch.example".to_owned()]).await;
    let ask = async |host: &str| {
        let request = Request::builder().uri("/health").header("host", host);
        let router = watchbox_server::router(server.app.clone(), ADDRESS.into());
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await;
        response.unwrap().status()
    };
    for host in ["localhost:8421", "127.0.0.1:9", "watch.example"] {
        assert_eq!(ask(host).await, StatusCode::OK, "{host}");
    }
    for host in ["rebound.example", "127.0.0.1.rebound.example:8421", ""] {
        assert_eq!(ask(host).await, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_is_refused_even_with_a_token() {
    let server = Server::start().await;
    for (method, path) in [
        (Method::GET, "/api/v1/logs"),
        (Method::POST, "/api/v1/events/Some.Log"),
        (Method::POST, "/api/v1/backups"),
        (Method::GET, "/health"),
    ] {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let call = server.call(method.clone(), path).header(name, value);
            let answer = call.send(events(0, 1)).await;
            answer.problem(StatusCode::FORBIDDEN, "cross-site");
        }
    }
    let answer = server.get("/api/v1/events/Some.Log").await;
    assert_eq!(answer.text(), "", "nothing of it was taken");
    let own = server
        .call(Method::GET, "/api/v1/logs")
        .header("origin", "http://localhost:8421");
    assert_eq!(own.send(Body::empty()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_a_form_can_send_is_no_call_of_the_api() {
    let server = Server::start().await;
    let body = json!({"name": "thief", "role": "admin"}).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "",
    ] {
        for (method, path) in [
            (Method::POST, "/api/v1/tokens"),
            (Method::PUT, "/api/v1/clients/C.1"),
            (Method::POST, "/api/v1/clients/C.1/labels"),
            (Method::PUT, "/api/v1/table/Server.Echo"),
            (Method::PATCH, "/api/v1/table/Server.Echo"),
            (Method::POST, "/api/v1/table/Server.Echo/replay"),
        ] {
            // With a token, which a page does not have.
            let call = server.call(method, path).header("content-type", kind);
            let answer = call.send(body.clone()).await;
            answer.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type");
        }
    }
    for path in ["/api/v1/events/Some.Log", "/api/v1/artifacts"] {
        let call = server
            .call(Method::POST, path)
            .header("content-type", "text/plain");
        let answer = call.send(events(0, 1)).await;
        answer.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type");
    }
}

#[tokio::test]
async fn browsers_are_told_to_keep_their_hands_off_every_answer() {
    let server = Server::start().await;
    for (path, status) in [
        ("/health", StatusCode::OK),
        ("/api/v1/logs", StatusCode::OK),
        ("/api/v1/events/Some.Log", StatusCode::OK),
        ("/metrics", StatusCode::OK),
        ("/api/v1/clients/C.404", StatusCode::NOT_FOUND),
        ("/nowhere", StatusCode::NOT_FOUND),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
            ("access-control-allow-origin", ""),
            ("access-control-allow-credentials", ""),
            ("set-cookie", ""),
        ] {
            assert_eq!(answer.header(name), value, "{path}: {name}");
        }
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
    }
    let preflight = server
        .anonymous(Method::OPTIONS, "/api/v1/logs")
        .header("access-control-request-method", "GET")
        .send(Body::empty())
        .await;
    preflight.problem(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed");
    assert_eq!(preflight.header("access-control-allow-methods"), "");
}
