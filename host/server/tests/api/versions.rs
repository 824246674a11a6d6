//! Versions of an installation.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{guest, harness::Server};

/// The lines of a manifest: one log and a secret parameter.
const WATCHES: &str = "subscribe: [ { artifact: Some.Log } ]
parameters:
  - { name: hook, type: secret, description: A secret }";

const ECHO: &str = "/api/v1/table/Server.Echo";
const SECRET: &str = "hunter2-is-secret";

async fn digest(server: &Server, version: &str, lines: &str) -> Value {
    let answer = server
        .call(Method::POST, "/api/v1/artifacts")
        .header("content-type", "application/wasm")
        .send(guest::component(version, lines))
        .await;
    assert!(answer.status.is_success(), "{}", answer.text());
    answer.value()["digest"].clone()
}

/// A server with version 1.0.0 installed, which wants nothing.
async fn installed() -> Server {
    let server = Server::start().await;
    let first = digest(&server, "1.0.0", WATCHES).await;
    let body = json!({"digest": first, "secrets": {"hook": SECRET}, "grants": {"log": true}});
    let answer = server.json(Method::PUT, ECHO, body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    server
}

async fn post(server: &Server, act: &str, body: Value) -> crate::harness::Answer {
    server
        .json(Method::POST, &format!("{ECHO}/{act}"), body)
        .await
}

#[tokio::test]
async fn versions_are_listed_and_gone_back_to() {
    let server = installed().await;
    let second = digest(&server, "2.0.0", WATCHES).await;
    let body = json!({"digest": second, "grants": {}});
    let upgraded = server.json(Method::PATCH, ECHO, body).await;
    assert_eq!(upgraded.status, StatusCode::OK, "{}", upgraded.text());
    assert_eq!(upgraded.value()["installation"]["probation"], true);

    let back = post(&server, "rollback", json!({})).await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.text());
    let back = back.value();
    assert_eq!(back["installation"]["version"], "1.0.0");
    assert_eq!(back["installation"]["grants"]["log"], false);
    assert!(
        back["warnings"].to_string().contains("`log: true` then"),
        "{back}"
    );
    let restored = post(
        &server,
        "rollback",
        json!({"to": "1", "restore_grants": true}),
    )
    .await;
    assert_eq!(
        restored.value()["installation"]["grants"]["log"],
        true,
        "{}",
        restored.text()
    );

    let listed = server.get(&format!("{ECHO}/versions")).await;
    assert!(!listed.text().contains(SECRET));
    let items = listed.value()["items"].clone();
    let hows: Vec<&str> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["how"].as_str().unwrap())
        .collect();
    assert_eq!(hows, ["rollback", "rollback", "upgrade", "install"]);
    assert_eq!(items[0]["back_to"], 1);
    assert_eq!(items[2]["digest"], second);
    assert_eq!(items[2]["by"], "token:admin");

    post(&server, "rollback", json!({"to": "7"}))
        .await
        .problem(StatusCode::NOT_FOUND, "not-found");
    post(&server, "rollback", json!({"too": "1"}))
        .await
        .problem(StatusCode::BAD_REQUEST, "bad-request");
    let nobody = server.get("/api/v1/table/Server.Nobody/versions").await;
    nobody.problem(StatusCode::NOT_FOUND, "not-found");
}

#[tokio::test]
async fn what_wants_more_waits_until_it_is_approved_or_rejected() {
    let server = installed().await;
    let wants = format!("{WATCHES}\ncapabilities:\n  clock: {{ reason: Tells the time }}");
    let greedy = digest(&server, "2.0.0", &wants).await;
    let upgrade = async || {
        server
            .json(Method::PATCH, ECHO, json!({"digest": greedy}))
            .await
    };
    let asked = upgrade().await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text());
    let line = &asked.value()["installation"];
    assert_eq!(line["version"], "1.0.0");
    assert_eq!(
        line["pending"]["wants"],
        json!([{"capability": "clock", "reason": "Tells the time", "refusal": "nothing of `clock` is granted"}])
    );
    // Another change leaves it waiting, and is no upgrade.
    let other = server
        .json(Method::PATCH, ECHO, json!({"enabled": true}))
        .await;
    assert_eq!(other.status, StatusCode::OK);
    assert_eq!(other.value()["installation"]["pending"]["version"], "2.0.0");

    let rejected = post(&server, "reject", json!({})).await;
    assert_eq!(rejected.status, StatusCode::OK, "{}", rejected.text());
    assert_eq!(rejected.value()["installation"]["pending"], Value::Null);
    for act in ["reject", "approve"] {
        let nothing = post(&server, act, json!({})).await;
        nothing.problem(StatusCode::CONFLICT, "conflict");
    }

    upgrade().await;
    post(&server, "approve", json!({"grants": {"clok": true}}))
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid-grants");
    let other = json!({"grants": {"clock": true}, "digest": "00".repeat(32)});
    let other = post(&server, "approve", other).await;
    other.problem(StatusCode::CONFLICT, "conflict");
    let approved = post(&server, "approve", json!({"grants": {"clock": true}})).await;
    assert_eq!(approved.status, StatusCode::OK, "{}", approved.text());
    let line = &approved.value()["installation"];
    assert_eq!(line["version"], "2.0.0");
    assert_eq!(line["grants"]["clock"], true);
    assert_eq!(line["grants"]["log"], false);
}
