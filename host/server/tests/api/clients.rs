//! Clients and labels.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn a_client_is_registered_changed_labelled_and_removed() {
    let server = Server::start().await;
    let path = "/api/v1/clients/C.1";
    let made = server
        .json(
            Method::PUT,
            path,
            json!({"hostname": "WS1", "os": "windows"}),
        )
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert_eq!(
        made.value()["last_seen"],
        json!(null),
        "it has not reported"
    );
    let changed = server
        .json(Method::PUT, path, json!({"hostname": "WS2"}))
        .await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_eq!(
        (&changed.value()["hostname"], &changed.value()["os"]),
        (&json!("WS2"), &json!("windows"))
    );

    let edit = json!({"add": ["Slack", "VIP"], "remove": []});
    let labelled = server
        .json(Method::POST, "/api/v1/clients/C.1/labels", edit)
        .await;
    assert_eq!(labelled.value()["labels"], json!(["Slack", "VIP"]));
    let edit = json!({"remove": ["slack"]});
    let labelled = server
        .json(Method::POST, "/api/v1/clients/C.1/labels", edit)
        .await;
    assert_eq!(labelled.value()["labels"], json!(["VIP"]));

    let gone = server.call(Method::DELETE, path).send(Body::empty()).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    server
        .get(path)
        .await
        .problem(StatusCode::NOT_FOUND, "not-found");
    let again = server.call(Method::DELETE, path).send(Body::empty()).await;
    again.problem(StatusCode::NOT_FOUND, "not-found");

    let trail = server.get("/api/v1/audit?capability=admin").await.value();
    let acts: Vec<_> = trail["items"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .skip(1)
        .map(|entry| {
            format!(
                "{} {}: {}",
                entry["actor"].as_str().unwrap(),
                entry["operation"].as_str().unwrap(),
                entry["target"].as_str().unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!(acts.join("\n"), @r"
    token:admin register-client: C.1
    token:admin change-client: C.1
    token:admin change-labels: C.1 +Slack +VIP
    token:admin change-labels: C.1 -slack
    token:admin remove-client: C.1
    ");
}

#[tokio::test]
async fn a_search_goes_page_by_page() {
    let server = Server::start().await;
    for n in 0..5 {
        let path = format!("/api/v1/clients/C.{n}");
        server
            .json(Method::PUT, &path, json!({"hostname": format!("WS{n}")}))
            .await;
    }
    let label = json!({"add": ["Slack"]});
    server
        .json(Method::POST, "/api/v1/clients/C.3/labels", label)
        .await;
    let page = server.get("/api/v1/clients?limit=2").await.value();
    assert_eq!(
        (page["items"].as_array().map(Vec::len), &page["next"]),
        (Some(2), &json!("C.1"))
    );
    let rest = server
        .get("/api/v1/clients?limit=10&after=C.1")
        .await
        .value();
    assert_eq!(
        (rest["items"].as_array().map(Vec::len), &rest["next"]),
        (Some(3), &json!(null))
    );
    let slack = server
        .get("/api/v1/clients?search=label:slack")
        .await
        .value();
    assert_eq!(
        (
            slack["items"].as_array().map(Vec::len),
            &slack["items"][0]["id"]
        ),
        (Some(1), &json!("C.3"))
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let server = Server::start().await;
    let long = json!({"hostname": "x".repeat(256)});
    let answer = server.json(Method::PUT, "/api/v1/clients/C.1", long).await;
    answer.problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    let answer = server
        .json(Method::PUT, "/api/v1/clients/C.1", json!({"host": "x"}))
        .await;
    answer.problem(StatusCode::BAD_REQUEST, "bad-request");
    let answer = server
        .json(Method::PUT, "/api/v1/clients/nobody", json!({}))
        .await;
    answer.problem(StatusCode::BAD_REQUEST, "bad-request");
    let answer = server
        .json(
            Method::POST,
            "/api/v1/clients/C.9/labels",
            json!({"add": ["x"]}),
        )
        .await;
    answer.problem(StatusCode::NOT_FOUND, "not-found");
    let answer = server
        .json(
            Method::POST,
            "/api/v1/clients/C.9/labels",
            json!({"add": ["a,b"]}),
        )
        .await;
    answer.problem(StatusCode::BAD_REQUEST, "bad-request");
    let answer = server.get("/api/v1/clients?search=label:").await;
    answer.problem(StatusCode::BAD_REQUEST, "bad-request");
}
