//! Secrets by name, and signatures of components.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use watchbox_model::{TrustPolicy, signing::SigningKey};

use crate::{
    guest,
    harness::{Answer, Server},
};

const WATCHES: &str = "subscribe: [ { artifact: Some.Log } ]
parameters:
  - { name: hook, type: secret, description: A secret }
  - { name: Word, type: string, default: x, description: None }";

const ECHO: &str = "/api/v1/table/Server.Echo";
const SECRET: &str = "hunter2-is-secret";

async fn upload(server: &Server, version: &str) -> Value {
    let answer = server
        .call(Method::POST, "/api/v1/artifacts")
        .header("content-type", "application/wasm")
        .send(guest::component(version, WATCHES))
        .await;
    assert!(answer.status.is_success(), "{}", answer.text());
    answer.value()["digest"].clone()
}

async fn sign(server: &Server, digest: &Value, text: String) -> Answer {
    let digest = digest.as_str().unwrap();
    let path = format!("/api/v1/artifacts/{digest}/signatures");
    server.call(Method::POST, &path).send(text).await
}

#[tokio::test]
async fn secrets_are_listed_set_and_sealed_anew_and_never_told() {
    let server = Server::start().await;
    let digest = upload(&server, "1.0.0").await;
    let grants =
        json!({"http": [{"method": "POST", "url": "https://a.example/*", "secrets": ["hook"]}]});
    let body = json!({"digest": digest, "secrets": {"hook": SECRET}, "grants": grants});
    let installed = server.json(Method::PUT, ECHO, body).await;
    assert_eq!(
        installed.status,
        StatusCode::CREATED,
        "{}",
        installed.text()
    );

    let one = server.get(&format!("{ECHO}/secrets")).await;
    let all = server.get("/api/v1/secrets").await;
    assert_eq!(one.value()["items"], all.value()["items"]);
    let hook = one.value()["items"][0].clone();
    assert_eq!(
        (&hook["parameter"], &hook["set"], &hook["set_by"]),
        (&json!("hook"), &json!(true), &json!("token:admin"))
    );
    assert_eq!(hook["destinations"], json!(["POST https://a.example/*"]));
    assert!(!all.text().contains(SECRET));

    let set = server
        .json(
            Method::PUT,
            &format!("{ECHO}/secrets/hook"),
            json!({"value": format!("{SECRET}-2")}),
        )
        .await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text());
    for (parameter, body, status) in [
        ("Word", json!({"value": SECRET}), StatusCode::NOT_FOUND),
        ("nothing", json!({"value": SECRET}), StatusCode::NOT_FOUND),
        ("hook", json!({"value": [SECRET]}), StatusCode::BAD_REQUEST),
        ("hook", json!({"values": SECRET}), StatusCode::BAD_REQUEST),
    ] {
        let refused = server
            .json(Method::PUT, &format!("{ECHO}/secrets/{parameter}"), body)
            .await;
        assert_eq!(refused.status, status, "{}", refused.text());
        assert!(!refused.text().contains(SECRET), "{}", refused.text());
    }
    let rotated = server
        .json(Method::POST, "/api/v1/secrets/rotate", json!({}))
        .await;
    assert_eq!(rotated.status, StatusCode::OK, "{}", rotated.text());
    assert_eq!(rotated.value()["sealed"], 3);
    let trail = server.get("/api/v1/audit").await;
    assert!(trail.text().contains("secrets hook") && !trail.text().contains(SECRET));
    assert_eq!(
        server.get("/api/v1/table/Server.None/secrets").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_signature_is_kept_where_it_is_of_the_component() {
    let key = SigningKey::generate().unwrap();
    let public = key.public();
    let policy = json!({"keys": [{"name": "release", "key": public.to_string(), "artifacts": ["Server.*"]}]});
    let policy: TrustPolicy = serde_json::from_value(policy).unwrap();
    let server = Server::with(|config| config.trust = Some(policy)).await;
    let component = guest::component("1.0.0", WATCHES);
    let digest = upload(&server, "1.0.0").await;
    let body = json!({"digest": digest, "secrets": {"hook": SECRET}});
    let refused = server.json(Method::PUT, ECHO, body.clone()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        refused.value()["type"],
        "urn:watchbox:problem:untrusted-component"
    );

    let signed = |data: &[u8], comment: &str| key.sign(data, comment).unwrap().as_str().to_owned();
    for wrong in [
        "no signature".to_owned(),
        signed(&component, "timestamp:1"),
        signed(&component, "artifact:Server.Echo version:2.0.0"),
        signed(&component, "artifact:Server.Other version:1.0.0"),
        signed(b"something else", "artifact:Server.Echo version:1.0.0"),
    ] {
        let refused = sign(&server, &digest, wrong).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            refused.text()
        );
    }
    let nowhere = json!("0".repeat(64));
    let good = signed(
        &component,
        "timestamp:1700000000 artifact:Server.Echo version:1.0.0",
    );
    assert_eq!(
        sign(&server, &nowhere, good.clone()).await.status,
        StatusCode::NOT_FOUND
    );
    let kept = sign(&server, &digest, good).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text());
    let signature = kept.value()["signatures"][0].clone();
    assert_eq!(
        (&signature["signer"], &signature["subject"]),
        (&json!("release"), &json!("Server.Echo 1.0.0"))
    );
    assert_eq!(signature["signed_at"], "2023-11-14T22:13:20Z");

    let installed = server.json(Method::PUT, ECHO, body).await;
    assert_eq!(
        installed.status,
        StatusCode::CREATED,
        "{}",
        installed.text()
    );
    let origin = &installed.value()["installation"]["origin"];
    assert_eq!(
        (&origin["trust"], &origin["signer"]),
        (&json!("signed"), &json!("release"))
    );
    let versions = server.get(&format!("{ECHO}/versions")).await.value();
    assert_eq!(
        versions["items"][0]["keys"],
        json!([public.id().to_string()])
    );
}
