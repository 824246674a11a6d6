//! Replays and shadows over the API.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::{Value, json};

use crate::{
    guest,
    harness::{Answer, Server, events},
};

const ECHO: &str = "/api/v1/table/Server.Echo";
const REPLAY: &str = "/api/v1/table/Server.Echo/replay";
const SHADOW: &str = "/api/v1/table/Server.Echo/shadow";
const WATCHES: &str = "subscribe: [ { artifact: Some.Log } ]";
/// The same log, of which only the client comes through.
const LESS: &str = "subscribe: [ { artifact: Some.Log, columns: [ClientId] } ]";

async fn digest(server: &Server, version: &str, lines: &str) -> Value {
    let call = server.call(Method::POST, "/api/v1/artifacts");
    let answer = call
        .header("content-type", "application/wasm")
        .send(guest::component(version, lines))
        .await;
    assert!(answer.status.is_success(), "{}", answer.text());
    answer.value()["digest"].clone()
}

/// A server with the echo installed, and ten events of its log.
async fn echo() -> Server {
    let server = Server::start().await;
    let digest = digest(&server, "1.0.0", WATCHES).await;
    let installed = server
        .json(Method::PUT, ECHO, json!({"digest": digest}))
        .await;
    assert_eq!(
        installed.status,
        StatusCode::CREATED,
        "{}",
        installed.text()
    );
    server.ingest("Some.Log", events(0, 10)).await;
    until(&server, ECHO, |line| line["rows"] == 10).await;
    server
}

/// Asks until the answer is so.
async fn until(server: &Server, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let asked = async {
        loop {
            let value = server.get(path).await.value();
            if holds(&value) {
                return value;
            }
            tokio::task::yield_now().await;
        }
    };
    let limit = std::time::Duration::from_secs(60);
    tokio::time::timeout(limit, asked).await.unwrap()
}

async fn replay(server: &Server, body: Value) -> Answer {
    server.json(Method::POST, REPLAY, body).await
}

#[tokio::test]
async fn a_replay_is_told_line_by_line() {
    let server = echo().await;
    let answer = replay(&server, json!({"since": "2020-01-01T00:00:00Z"})).await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let mut lines = answer.rows();
    let summary = lines.pop().unwrap()["summary"].clone();
    assert_eq!(
        (&summary["end"], &summary["rows"], &summary["version"]),
        (&json!("done"), &json!(10), &json!("1.0.0"))
    );
    let numbers: Vec<&Value> = lines.iter().map(|line| &line["row"]["N"]).collect();
    assert_eq!(numbers.len(), 10);
    assert!(lines[0]["row"]["_ts"].is_number());

    let other = digest(&server, "2.0.0", LESS).await;
    let body = json!({"since": "0", "version": other, "diff": true});
    let lines = replay(&server, body).await.rows();
    let only = |side: &str| lines.iter().filter(|line| line["only"] == side).count();
    assert_eq!((only("replayed"), only("stored")), (10, 10));
    assert_eq!(
        server.get("/api/v1/rows/Server.Echo").await.rows().len(),
        10
    );
    let act = server
        .get("/api/v1/audit?capability=admin&limit=1")
        .await
        .value();
    assert_eq!(act["items"][0]["operation"], "replay");
    assert_eq!(act["items"][0]["actor"], "token:admin");
}

#[tokio::test]
async fn a_replay_that_can_not_be_made_is_a_problem() {
    let server = echo().await;
    for (body, status, word) in [
        (
            json!({"since": "4000000000"}),
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            json!({"since": "0", "until": "0"}),
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            json!({"since": "0", "answer": {"status": 99}}),
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
        ),
        (
            json!({"since": "0", "version": "00".repeat(32)}),
            StatusCode::NOT_FOUND,
            "not-found",
        ),
        (json!({}), StatusCode::BAD_REQUEST, "bad-request"),
    ] {
        replay(&server, body).await.problem(status, word);
    }
    let missing = "/api/v1/table/Server.Other/replay";
    let missing = server
        .json(Method::POST, missing, json!({"since": "0"}))
        .await;
    missing.problem(StatusCode::NOT_FOUND, "not-found");
    let reader = server
        .token(json!({"name": "eyes", "role": "analyst"}))
        .await;
    let call = server.anonymous(Method::POST, REPLAY).token(&reader);
    let denied = call.json(json!({"since": "0"})).await;
    denied.problem(StatusCode::FORBIDDEN, "forbidden");
}

#[tokio::test]
async fn a_shadow_is_started_read_promoted_and_ended() {
    let server = echo().await;
    let none = server.get(SHADOW).await;
    none.problem(StatusCode::NOT_FOUND, "not-found");
    let second = digest(&server, "2.0.0", LESS).await;
    let start = async || {
        server
            .json(Method::PUT, SHADOW, json!({"digest": second}))
            .await
    };
    let started = start().await;
    assert_eq!(started.status, StatusCode::CREATED, "{}", started.text());
    assert_eq!(started.value()["version"], "2.0.0");
    let line = server.get(ECHO).await.value();
    assert_eq!(
        line["shadow"],
        json!({"digest": second, "version": "2.0.0"})
    );

    server.ingest("Some.Log", events(10, 5)).await;
    let report = until(&server, SHADOW, |report| {
        report["only_live"]["rows"] == 5 && report["only_shadow"]["rows"] == 5
    })
    .await;
    assert_eq!(report["only_live"]["examples"][0]["N"], 10);
    assert_eq!(report["running"], true);
    let reader = server
        .token(json!({"name": "eyes", "role": "analyst"}))
        .await;
    let call = server.anonymous(Method::GET, SHADOW).token(&reader);
    assert_eq!(call.send(Body::empty()).await.status, StatusCode::OK);

    let ended = server
        .call(Method::DELETE, SHADOW)
        .send(Body::empty())
        .await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let promote = format!("{SHADOW}/promote");
    let nothing = server
        .call(Method::POST, &promote)
        .send(Body::empty())
        .await;
    nothing.problem(StatusCode::NOT_FOUND, "not-found");

    start().await;
    let promoted = server
        .call(Method::POST, &promote)
        .send(Body::empty())
        .await;
    assert_eq!(promoted.status, StatusCode::OK, "{}", promoted.text());
    let line = &promoted.value()["installation"];
    assert_eq!((&line["digest"], &line["shadow"]), (&second, &Value::Null));
    let wrong = server
        .json(Method::PUT, SHADOW, json!({"enabled": true}))
        .await;
    wrong.problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
}
