//! What an operator may do with artifacts, and what only an administrator may: grant more.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::{Value, json};

use crate::{
    guest,
    harness::{Answer, Server},
};

const ECHO: &str = "/api/v1/table/Server.Echo";
const WATCHES: &str = "subscribe: [ { artifact: Some.Log } ]";

/// A server with the echo installed by its admin, granted to log and to send to one host; and an operator of it.
struct Operator {
    server: Server,
    token: String,
}

impl Operator {
    async fn new() -> Self {
        let server = Server::start().await;
        let token = server
            .token(json!({"name": "ops", "role": "operator"}))
            .await;
        Self { server, token }
    }

    async fn with_echo() -> Self {
        let operator = Self::new().await;
        let digest = operator.upload("1.0.0", WATCHES).await;
        let body = json!({"digest": digest, "grants": granted()});
        let installed = operator.server.json(Method::PUT, ECHO, body).await;
        assert_eq!(
            installed.status,
            StatusCode::CREATED,
            "{}",
            installed.text()
        );
        operator
    }

    async fn json(&self, method: Method, path: &str, body: Value) -> Answer {
        let call = self.server.anonymous(method, path).token(&self.token);
        call.json(body).await
    }

    async fn upload(&self, version: &str, lines: &str) -> Value {
        let call = self.server.anonymous(Method::POST, "/api/v1/artifacts");
        let answer = call
            .token(&self.token)
            .send(guest::component(version, lines))
            .await;
        assert!(answer.status.is_success(), "{}", answer.text());
        answer.value()["digest"].clone()
    }

    async fn grants(&self) -> Value {
        self.server.get(ECHO).await.value()["grants"].clone()
    }
}

fn granted() -> Value {
    json!({"log": true, "http": [{"method": "POST", "url": "https://a.example/x/*"}]})
}

/// Grants that go beyond those, each in another way.
fn wider() -> Vec<Value> {
    vec![
        json!({"log": true, "state": true}),
        json!({"log": true, "clients": ["all"]}),
        json!({"log": true, "labels": {"add": ["X"]}}),
        json!({"http": [{"method": "POST", "url": "https://b.example/x/*"}]}),
        json!({"http": [{"method": "*", "url": "https://a.example/x/*"}]}),
        json!({"http": [{"method": "POST", "url": "https://a.example/*"}]}),
        json!({"http": [{"method": "POST", "url": "https://a.example/x/*", "redirects": 1}]}),
        json!({"http": [{"method": "POST", "url": "https://a.example/x/*", "secrets": ["hook"]}]}),
        json!({"log": true, "limits": {"memory": "65MiB"}}),
    ]
}

#[tokio::test]
async fn an_operator_installs_and_upgrades_within_what_is_granted() {
    let operator = Operator::with_echo().await;
    let second = operator.upload("2.0.0", WATCHES).await;
    let narrower = json!({"http": [{"method": "POST", "url": "https://a.example/x/y"}]});
    for body in [
        json!({"enabled": false}),
        json!({"enabled": true, "digest": second}),
        json!({"grants": granted()}),
        json!({"grants": narrower}),
    ] {
        let changed = operator.json(Method::PATCH, ECHO, body).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    }
    let back = operator
        .json(Method::POST, &format!("{ECHO}/rollback"), json!({}))
        .await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.text());
    let other = "/api/v1/table/Server.Other";
    let installed = operator
        .json(Method::PUT, other, json!({"digest": second}))
        .await;
    assert_eq!(
        installed.status,
        StatusCode::CREATED,
        "{}",
        installed.text()
    );
}

#[tokio::test]
async fn no_way_leads_an_operator_to_wider_grants() {
    let operator = Operator::with_echo().await;
    let before = operator.grants().await;
    let second = operator.upload("2.0.0", WATCHES).await;
    let greedy = format!("{WATCHES}\ncapabilities:\n  clock: {{ reason: Tells the time }}");
    let third = operator.upload("3.0.0", &greedy).await;
    let waits = operator
        .json(Method::PATCH, ECHO, json!({"digest": third}))
        .await;
    assert_eq!(waits.status, StatusCode::ACCEPTED, "{}", waits.text());
    let mut ways = Vec::new();
    for grants in wider() {
        ways.extend([
            (Method::PATCH, ECHO.to_owned(), json!({"grants": grants})),
            (
                Method::PATCH,
                ECHO.to_owned(),
                json!({"digest": second, "grants": grants}),
            ),
            (
                Method::PUT,
                format!("{ECHO}/shadow"),
                json!({"digest": second, "grants": grants}),
            ),
            (
                Method::POST,
                format!("{ECHO}/approve"),
                json!({"grants": grants}),
            ),
            (
                Method::PUT,
                "/api/v1/table/Server.Other".to_owned(),
                json!({"digest": second, "grants": grants}),
            ),
        ]);
    }
    for (method, path, body) in ways {
        let refused = operator.json(method.clone(), &path, body.clone()).await;
        assert_eq!(
            refused.status,
            StatusCode::FORBIDDEN,
            "{method} {path} {body}: {}",
            refused.text()
        );
        refused.problem(StatusCode::FORBIDDEN, "forbidden");
    }
    assert_eq!(operator.grants().await, before);
    let trail = operator
        .server
        .get("/api/v1/audit?decision=denied")
        .await
        .value();
    let operations: Vec<&str> = trail["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| {
            assert_eq!(record["actor"], "token:ops");
            record["operation"].as_str().unwrap()
        })
        .collect();
    assert_eq!(
        operations,
        [
            "PUT /api/v1/table/{name}",
            "POST /api/v1/table/{name}/approve",
            "PUT /api/v1/table/{name}/shadow",
            "PATCH /api/v1/table/{name}",
        ]
    );
}

#[tokio::test]
async fn a_way_back_restores_no_grants_for_an_operator() {
    let operator = Operator::with_echo().await;
    let taken_away = operator
        .server
        .json(Method::PATCH, ECHO, json!({"grants": {}}))
        .await;
    assert_eq!(taken_away.status, StatusCode::OK);
    let rollback = format!("{ECHO}/rollback");
    let all = json!({"to": "1", "restore_grants": true});
    operator
        .json(Method::POST, &rollback, all.clone())
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden");
    let back = operator
        .json(Method::POST, &rollback, json!({"to": "1"}))
        .await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.text());
    assert_eq!(operator.grants().await["log"], false);
    let restored = operator.server.json(Method::POST, &rollback, all).await;
    assert_eq!(restored.status, StatusCode::OK, "{}", restored.text());
    assert_eq!(operator.grants().await["log"], true);
}

#[tokio::test]
async fn a_shadow_of_an_administrators_is_not_promoted_to_its_grants_by_an_operator() {
    let operator = Operator::with_echo().await;
    let second = operator.upload("2.0.0", WATCHES).await;
    let shadow = format!("{ECHO}/shadow");
    let body = json!({"digest": second, "grants": {"log": true, "state": true}});
    let started = operator.server.json(Method::PUT, &shadow, body).await;
    assert_eq!(started.status, StatusCode::CREATED, "{}", started.text());
    let promote = format!("{shadow}/promote");
    operator
        .json(Method::POST, &promote, json!({}))
        .await
        .problem(StatusCode::FORBIDDEN, "forbidden");
    let promoted = operator
        .server
        .call(Method::POST, &promote)
        .send(Body::empty())
        .await;
    assert_eq!(promoted.status, StatusCode::OK, "{}", promoted.text());
    assert_eq!(operator.grants().await["state"], true);
}

#[tokio::test]
async fn a_secret_is_not_read_by_declaring_it_an_open_parameter() {
    let operator = Operator::new().await;
    let with = |kind: &str| {
        format!(
            "{WATCHES}\nparameters:\n  - {{ name: hook, type: {kind}, default: none, description: A hook }}"
        )
    };
    let first = operator
        .upload("1.0.0", &with("secret").replace("default: none, ", ""))
        .await;
    let body = json!({"digest": first, "secrets": {"hook": "hunter2-is-secret"}});
    let installed = operator.server.json(Method::PUT, ECHO, body).await;
    assert_eq!(
        installed.status,
        StatusCode::CREATED,
        "{}",
        installed.text()
    );
    // The component of it could tell whoever uploaded it.
    let second = operator.upload("2.0.0", &with("string")).await;
    let upgraded = operator
        .json(Method::PATCH, ECHO, json!({"digest": second}))
        .await;
    assert_eq!(upgraded.status, StatusCode::OK, "{}", upgraded.text());
    let warnings = upgraded.value()["warnings"].to_string();
    assert!(
        warnings.contains("its secret `hook` was dropped"),
        "{warnings}"
    );
}
