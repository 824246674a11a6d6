//! Every error is a problem document, whoever it comes from.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};

use crate::harness::Server;

#[tokio::test]
async fn what_the_router_and_the_extractors_refuse_is_a_problem_too() {
    let server = Server::start().await;
    let nowhere = server.get("/api/v1/nowhere?x=1").await;
    nowhere.problem(StatusCode::NOT_FOUND, "not-found");
    insta::assert_snapshot!(pretty(&nowhere.value()), @r#"
    {
      "detail": "there is nothing at this path",
      "instance": "/api/v1/nowhere",
      "status": 404,
      "title": "Not found",
      "type": "urn:watchbox:problem:not-found"
    }
    "#);
    let method = server
        .call(Method::DELETE, "/api/v1/logs")
        .send(Body::empty())
        .await;
    method.problem(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed");
    assert_eq!(method.header("allow"), "GET");
    let path = server.get("/api/v1/artifacts/xyz").await;
    insta::assert_snapshot!(path.problem(StatusCode::BAD_REQUEST, "bad-request")["detail"], @r#""Invalid URL: a text of 3 bytes is no digest: 64 hexadecimal digits are wanted""#);
}

#[tokio::test]
async fn a_problem_says_what_was_wrong_and_where() {
    let server = Server::start().await;
    let missing = server.get("/api/v1/table/No.Such").await;
    insta::assert_snapshot!(pretty(&missing.value()), @r#"
    {
      "detail": "nothing is installed as `No.Such`",
      "instance": "/api/v1/table/No.Such",
      "status": 404,
      "title": "Not found",
      "type": "urn:watchbox:problem:not-found"
    }
    "#);
    let anonymous = server
        .anonymous(Method::GET, "/api/v1/table")
        .send(Body::empty())
        .await;
    insta::assert_snapshot!(pretty(&anonymous.value()), @r#"
    {
      "detail": "send a valid token as `Authorization: Bearer wb_...`",
      "instance": "/api/v1/table",
      "status": 401,
      "title": "A token is needed",
      "type": "urn:watchbox:problem:unauthorized"
    }
    "#);
    let events = server.ingest("Some.Log", "17").await.value();
    let members: Vec<&str> = events
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    insta::assert_snapshot!(members.join(" "), @"accepted detail instance refusals refused status title type");
}

#[tokio::test]
async fn a_body_is_json_and_bounded() {
    let server = Server::start().await;
    let path = "/api/v1/clients/C.1";
    let answer = server.call(Method::PUT, path).send("{}").await;
    answer.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type");
    let large = format!("{{\"hostname\": \"{}\"}}", "x".repeat(2 << 20));
    let call = server
        .call(Method::PUT, path)
        .header("content-type", "application/json");
    call.send(large)
        .await
        .problem(StatusCode::PAYLOAD_TOO_LARGE, "too-large");
    let call = server
        .call(Method::PUT, path)
        .header("content-type", "application/json");
    call.send("{\"hostname\":")
        .await
        .problem(StatusCode::BAD_REQUEST, "bad-request");
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}
