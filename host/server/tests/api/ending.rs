//! What becomes of requests that are under way when their token is revoked, rotated or at its end.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{Method, StatusCode},
};
use futures::{StreamExt as _, stream};
use serde_json::json;
use watchbox_model::Time;
use watchbox_server::api::types::Timestamp;

use crate::harness::{Answer, Server, events};

const LIVE: &str = "/api/v1/events/Some.Log/live";

/// Follows a log with `token`; gives the rest of the stream once it has begun.
async fn follow(server: &Server, token: &str) -> axum::body::BodyDataStream {
    let call = server.anonymous(Method::GET, LIVE).token(token);
    let (status, _, body) = call.open(Body::empty()).await;
    assert_eq!(status, StatusCode::OK);
    let mut pieces = body.into_data_stream();
    let first = pieces.next().await.unwrap().unwrap();
    assert_eq!(first, "retry: 1000\n\n");
    pieces
}

/// The next piece of a stream that should not be silent.
async fn next(stream: &mut axum::body::BodyDataStream) -> Option<Result<Bytes, axum::Error>> {
    let limit = Duration::from_secs(30);
    let next = tokio::time::timeout(limit, stream.next()).await;
    next.expect("the stream goes on or ends")
}

async fn ask(server: &Server, token: &str) -> StatusCode {
    let call = server.anonymous(Method::GET, "/api/v1/logs").token(token);
    call.send(Body::empty()).await.status
}

async fn rotate(server: &Server, name: &str, grace: u64) -> Answer {
    let path = format!("/api/v1/tokens/{name}/rotate");
    let body = json!({"grace_seconds": grace});
    server.json(Method::POST, &path, body).await
}

#[tokio::test]
async fn live_streams_of_a_revoked_token_break_off_and_others_go_on() {
    let server = Server::start().await;
    let revoked = server
        .token(json!({"name": "gone", "role": "analyst"}))
        .await;
    let stays = server
        .token(json!({"name": "stays", "role": "analyst"}))
        .await;
    let mut cut = follow(&server, &revoked).await;
    let mut goes_on = follow(&server, &stays).await;
    server
        .call(Method::DELETE, "/api/v1/tokens/gone")
        .send(Body::empty())
        .await;
    let last = next(&mut cut).await.unwrap();
    assert!(last.is_err(), "it breaks off, rather than ends: {last:?}");
    assert!(next(&mut cut).await.is_none());
    server.ingest("Some.Log", events(0, 1)).await;
    let row = next(&mut goes_on).await.unwrap().unwrap();
    assert!(row.starts_with(b"id: 0\n"), "{row:?}");
    assert_eq!(ask(&server, &revoked).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn live_streams_of_a_token_end_with_it() {
    let server = Server::start().await;
    let soon = Timestamp(Time::now().plus(Duration::from_secs(3)));
    let token = server
        .token(json!({"name": "short", "role": "analyst", "expires": soon}))
        .await;
    let mut stream = follow(&server, &token).await;
    assert!(next(&mut stream).await.unwrap().is_err());
    let call = server.anonymous(Method::GET, LIVE).token(&token);
    let answer = call.send(Body::empty()).await;
    let problem = answer.problem(StatusCode::UNAUTHORIZED, "unauthorized");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("token:short"), "{detail}");
    let trail = server.get("/api/v1/audit?decision=denied").await.value();
    assert_eq!(trail["items"][0]["actor"], "token:short", "{trail}");
}

#[tokio::test]
async fn a_request_that_drags_on_is_cut_with_its_token() {
    let server = Server::start().await;
    let token = server
        .token(json!({"name": "slow", "role": "ingest"}))
        .await;
    let (began, begins) = tokio::sync::oneshot::channel();
    let first = async move {
        let _ = began.send(());
        Ok::<_, std::io::Error>(Bytes::from(events(0, 1)))
    };
    let body = Body::from_stream(stream::once(first).chain(stream::pending()));
    let call = server.anonymous(Method::POST, "/api/v1/events/Some.Log");
    let (answer, ()) = tokio::join!(call.token(&token).send(body), async {
        begins.await.unwrap();
        server
            .call(Method::DELETE, "/api/v1/tokens/slow")
            .send(Body::empty())
            .await;
    });
    answer.problem(StatusCode::UNAUTHORIZED, "unauthorized");
    assert_eq!(server.get("/api/v1/events/Some.Log").await.text(), "");
}

#[tokio::test]
async fn who_revokes_the_token_that_they_use_gets_their_answer() {
    let server = Server::start().await;
    let own = server.token(json!({"name": "own", "role": "admin"})).await;
    let call = server
        .anonymous(Method::DELETE, "/api/v1/tokens/own")
        .token(&own);
    assert_eq!(
        call.send(Body::empty()).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(ask(&server, &own).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_rotated_token_is_the_new_secret_alone() {
    let server = Server::start().await;
    let old = server
        .token(json!({"name": "eyes", "role": "analyst"}))
        .await;
    let mut stream = follow(&server, &old).await;
    let rotated = rotate(&server, "eyes", 0).await;
    assert_eq!(rotated.status, StatusCode::OK, "{}", rotated.text());
    let new = rotated.value()["token"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    assert!(next(&mut stream).await.unwrap().is_err());
    assert_eq!(ask(&server, &old).await, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&server, &new).await, StatusCode::OK);
    let listed = server.get("/api/v1/tokens").await;
    assert!(!listed.text().contains(&new));
    assert_eq!(listed.value()["items"][1]["role"], "analyst");
}

#[tokio::test]
async fn a_rotation_with_a_grace_cuts_nothing_until_it_is_over() {
    let server = Server::start().await;
    let old = server
        .token(json!({"name": "eyes", "role": "analyst"}))
        .await;
    let mut stream = follow(&server, &old).await;
    let new = rotate(&server, "eyes", 3_600).await.value();
    assert!(new["former_until"].is_string(), "{new}");
    for token in [&old, new["token"].as_str().unwrap()] {
        assert_eq!(ask(&server, token).await, StatusCode::OK);
    }
    server.ingest("Some.Log", events(0, 1)).await;
    assert!(next(&mut stream).await.unwrap().is_ok());
    // Only one secret before the present one is good.
    let newest = rotate(&server, "eyes", 3).await.value();
    assert!(next(&mut stream).await.unwrap().is_err());
    assert_eq!(ask(&server, &old).await, StatusCode::UNAUTHORIZED);
    let mut stream = follow(&server, new["token"].as_str().unwrap()).await;
    assert!(
        next(&mut stream).await.unwrap().is_err(),
        "the grace is over"
    );
    let newest = newest["token"].as_str().unwrap();
    assert_eq!(ask(&server, newest).await, StatusCode::OK);
}

#[tokio::test]
async fn what_can_not_be_rotated_is_told() {
    let server = Server::start().await;
    rotate(&server, "nobody", 0)
        .await
        .problem(StatusCode::NOT_FOUND, "not-found");
    rotate(&server, "admin", 8 * 24 * 60 * 60)
        .await
        .problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    assert_eq!(ask(&server, server.admin()).await, StatusCode::OK);
}
