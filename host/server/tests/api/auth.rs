//! Who may do what.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt as _};

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::json;
use watchbox_server::{
    api::{document, types::Role},
    auth::routes::{Allowed, ROUTES},
};

use crate::harness::{Server, events};

fn documented() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods = |(path, item): (&String, &serde_json::Value)| {
        let methods = item.as_object().unwrap().keys();
        methods
            .filter(|key| ["get", "put", "post", "patch", "delete"].contains(&key.as_str()))
            .map(|method| (method.to_uppercase(), path.clone()))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

/// A path that the route matches.
fn example(path: &str) -> String {
    path.replace("{artifact}", "Some.Log")
        .replace("{name}", "Some.Name")
        .replace("{digest}", &"0".repeat(64))
        .replace("{labels}", "x")
        .replace("{id}", if path.contains("clients") { "C.1" } else { "1" })
}

#[test]
fn the_table_of_routes_has_every_route_and_no_other() {
    let tabled: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .collect();
    assert_eq!(tabled.len(), ROUTES.len(), "a route comes twice");
    assert_eq!(tabled, documented());
}

#[tokio::test]
async fn every_route_asks_for_a_token_and_for_the_right_role() {
    let server = Server::start().await;
    let tokens = [
        (Role::Admin, server.admin().to_owned()),
        (
            Role::Reader,
            server
                .token(json!({"name": "eyes", "role": "reader"}))
                .await,
        ),
        (
            Role::Ingest,
            server
                .token(json!({"name": "agent", "role": "ingest"}))
                .await,
        ),
    ];
    for route in &ROUTES {
        let path = example(route.path);
        let place = format!("{} {path}", route.method);
        let (status, headers, _) = server
            .anonymous(route.method.clone(), &path)
            .open(Body::empty())
            .await;
        if route.allowed == Allowed::Anybody {
            assert_eq!(status, StatusCode::OK, "{place}");
            continue;
        }
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{place}");
        assert_eq!(
            headers["www-authenticate"], "Bearer realm=\"watchbox\"",
            "{place}"
        );
        for (role, token) in &tokens {
            let call = server.anonymous(route.method.clone(), &path).token(token);
            let (status, _, _) = call.open(Body::empty()).await;
            let let_through = !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            assert_eq!(
                let_through,
                route.allowed.includes(*role),
                "{place} as {role:?}: {status}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_valid_token_is_nobody() {
    let server = Server::start().await;
    let admin = server.admin().to_owned();
    let wrong = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {admin}"),
        admin.clone(),
        format!("Bearer {}", &admin[..admin.len() - 1]),
        format!("Bearer {admin}x"),
        format!("Bearer wb_{}", "A".repeat(43)),
    ];
    for header in wrong {
        let call = server.anonymous(Method::GET, "/api/v1/logs");
        let answer = call
            .header("authorization", &header)
            .send(Body::empty())
            .await;
        answer.problem(StatusCode::UNAUTHORIZED, "unauthorized");
        assert!(!answer.text().contains(&admin[3..20]));
    }
    let twice = server.call(Method::GET, "/api/v1/logs").token(&admin);
    let answer = twice.send(Body::empty()).await;
    answer.problem(StatusCode::UNAUTHORIZED, "unauthorized");
    let call = server.anonymous(Method::GET, "/api/v1/logs");
    let answer = call
        .header("authorization", &format!("bearer {admin}"))
        .send(Body::empty())
        .await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_in_the_query_is_no_token() {
    let server = Server::start().await;
    let path = format!("/api/v1/logs?access_token={}", server.admin());
    let answer = server
        .anonymous(Method::GET, &path)
        .send(Body::empty())
        .await;
    answer.problem(StatusCode::UNAUTHORIZED, "unauthorized");
}

#[tokio::test]
async fn a_token_is_told_once_and_kept_as_a_hash() {
    let server = Server::start().await;
    let text = server
        .token(json!({"name": "agent", "role": "ingest", "client": "C.1", "artifacts": ["A.B"]}))
        .await;
    let listed = server.get("/api/v1/tokens").await;
    assert!(!listed.text().contains(&text));
    let items = listed.value()["items"].clone();
    assert_eq!(items[0]["name"], "admin");
    assert_eq!(
        (
            &items[1]["role"],
            &items[1]["client"],
            &items[1]["artifacts"]
        ),
        (&json!("ingest"), &json!("C.1"), &json!(["A.B"]))
    );
    for file in ["watchbox.db", "watchbox.db-wal"] {
        let bytes = std::fs::read(server.folder.path().join("data").join(file)).unwrap_or_default();
        for secret in [&text, server.admin()] {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{file}");
        }
    }
    let trail = server.get("/api/v1/audit?capability=admin").await;
    assert!(!trail.text().contains(&text[3..]));
}

#[tokio::test]
async fn a_revoked_token_is_nobody_at_the_next_request() {
    let server = Server::start().await;
    let reader = server
        .token(json!({"name": "eyes", "role": "reader"}))
        .await;
    let call = || server.anonymous(Method::GET, "/api/v1/logs").token(&reader);
    assert_eq!(call().send(Body::empty()).await.status, StatusCode::OK);
    let revoked = server
        .call(Method::DELETE, "/api/v1/tokens/eyes")
        .send(Body::empty())
        .await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    assert_eq!(
        call().send(Body::empty()).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn the_last_admin_stays() {
    let server = Server::start().await;
    let answer = server
        .call(Method::DELETE, "/api/v1/tokens/admin")
        .send(Body::empty())
        .await;
    answer.problem(StatusCode::CONFLICT, "conflict");
    server
        .token(json!({"name": "guest", "role": "admin", "expires": "2999-01-01T00:00:00Z"}))
        .await;
    let answer = server
        .call(Method::DELETE, "/api/v1/tokens/admin")
        .send(Body::empty())
        .await;
    answer.problem(StatusCode::CONFLICT, "conflict");
    server
        .token(json!({"name": "other", "role": "admin"}))
        .await;
    let answer = server
        .call(Method::DELETE, "/api/v1/tokens/admin")
        .send(Body::empty())
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn tokens_that_make_no_sense_are_not_made() {
    let server = Server::start().await;
    let wrong = [
        json!({"name": "", "role": "reader"}),
        json!({"name": "a b", "role": "reader"}),
        json!({"name": "x".repeat(65), "role": "reader"}),
        json!({"name": "eyes", "role": "reader", "client": "C.1"}),
        json!({"name": "eyes", "role": "reader", "expires": "2001-01-01T00:00:00Z"}),
    ];
    for body in wrong {
        let answer = server.json(Method::POST, "/api/v1/tokens", body).await;
        answer.problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    }
    let taken = server
        .json(
            Method::POST,
            "/api/v1/tokens",
            json!({"name": "admin", "role": "reader"}),
        )
        .await;
    taken.problem(StatusCode::CONFLICT, "conflict");
    let root = server
        .json(
            Method::POST,
            "/api/v1/tokens",
            json!({"name": "root", "role": "root"}),
        )
        .await;
    root.problem(StatusCode::BAD_REQUEST, "bad-request");
}

#[tokio::test]
async fn an_ingest_token_is_held_to_its_client_and_its_artifacts() {
    let server = Server::start().await;
    let bound = server
        .token(json!({"name": "one", "role": "ingest", "client": "C.1", "artifacts": ["Some.Log"]}))
        .await;
    let send = async |path: &str, body: &str| {
        let call = server.anonymous(Method::POST, path).token(&bound);
        call.send(body.to_owned()).await
    };
    let answer = send("/api/v1/events/Some.Log", "{\"N\":1}").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    for (path, body) in [
        ("/api/v1/events/Other.Log", "{\"N\":2}"),
        (
            "/api/v1/events/Some.Log",
            "{\"N\":2}\n{\"ClientId\":\"C.2\",\"N\":3}",
        ),
        ("/api/v1/events/Some.Log?client_id=C.2", "{\"N\":2}"),
    ] {
        send(path, body)
            .await
            .problem(StatusCode::FORBIDDEN, "forbidden");
    }
    let rows = server.get("/api/v1/events/Some.Log").await.rows();
    assert_eq!((rows.len(), &rows[0]["ClientId"]), (1, &json!("C.1")));
    assert_eq!(
        server.get("/api/v1/clients/C.2").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_denial_stands_in_the_trail_once() {
    let server = Server::start().await;
    let agent = server
        .token(json!({"name": "agent", "role": "ingest"}))
        .await;
    for _ in 0..3 {
        let call = server
            .anonymous(Method::GET, "/api/v1/tokens")
            .token(&agent);
        assert_eq!(call.send(Body::empty()).await.status, StatusCode::FORBIDDEN);
    }
    let trail = server.get("/api/v1/audit?decision=denied").await.value();
    assert_eq!(trail["items"].as_array().map(Vec::len), Some(1), "{trail}");
    assert_eq!(trail["items"][0]["actor"], "token:agent");
    assert_eq!(trail["items"][0]["operation"], "GET /api/v1/tokens");
}

#[tokio::test]
async fn a_host_of_somebody_elses_is_refused() {
    let server = Server::with(|config| config.http.hosts = vec!["watch.example".to_owned()]).await;
    let ask = async |host: &str| {
        let request = axum::http::Request::builder()
            .uri("/health")
            .header("host", host);
        let router = watchbox_server::router(server.app.clone(), crate::harness::ADDRESS.into());
        let response =
            tower::ServiceExt::oneshot(router, request.body(Body::empty()).unwrap()).await;
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
async fn browsers_are_told_to_keep_their_hands_off() {
    let server = Server::start().await;
    let call = server
        .call(Method::GET, "/api/v1/logs")
        .header("origin", "https://evil.example");
    let answer = call.send(Body::empty()).await;
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let preflight = server
        .anonymous(Method::OPTIONS, "/api/v1/logs")
        .send(Body::empty())
        .await;
    preflight.problem(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed");
}

#[tokio::test]
async fn the_admin_token_is_its_owners_and_is_made_once() {
    let server = Server::start().await;
    let data = server.folder.path().join("data");
    let file = data.join("admin.token");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(&data)), (0o600, 0o700));
    let before = std::fs::read_to_string(&file).unwrap();
    server.app.engine().stop().await;
    let config = watchbox_server::Config {
        data,
        ..watchbox_server::Config::default()
    };
    watchbox_server::App::open(config).await.unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
}

#[tokio::test]
async fn use_of_a_token_is_noted() {
    let server = Server::start().await;
    let agent = server
        .token(json!({"name": "agent", "role": "ingest"}))
        .await;
    let used = async || server.get("/api/v1/tokens").await.value()["items"][1]["last_used"].clone();
    assert!(used().await.is_null());
    server
        .anonymous(Method::POST, "/api/v1/events/Some.Log")
        .token(&agent)
        .send(events(0, 1))
        .await;
    assert!(used().await.is_string());
}
