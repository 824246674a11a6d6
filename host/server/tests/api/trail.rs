//! The audit trail and dead letters.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::json;
use watchbox_model::{LogKey, Time, dead_letter::DeadLetter};
use watchbox_store::TurnCommit;

use crate::{
    guest,
    harness::{Server, events},
};

#[tokio::test]
async fn the_trail_is_read_page_by_page_newest_first() {
    let server = Server::start().await;
    for n in 0..5 {
        server
            .json(Method::PUT, &format!("/api/v1/clients/C.{n}"), json!({}))
            .await;
    }
    let page = server
        .get("/api/v1/audit?limit=2&capability=admin")
        .await
        .value();
    assert_eq!(
        (&page["items"][0]["target"], &page["items"][1]["target"]),
        (&json!("C.4"), &json!("C.3"))
    );
    let next = page["next"].as_str().unwrap();
    let page = server
        .get(&format!("/api/v1/audit?limit=10&before={next}"))
        .await
        .value();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(4), "{page}");
    assert_eq!(
        (&page["items"][3]["actor"], &page["next"]),
        (&json!("server"), &json!(null))
    );
    let none = server
        .get("/api/v1/audit?since=2999-01-01T00:00:00Z")
        .await
        .value();
    assert_eq!(none["items"], json!([]));
    let http = server.get("/api/v1/audit?capability=http").await.value();
    assert_eq!(http["items"], json!([]));
}

#[tokio::test]
async fn dead_letters_are_shown_redriven_and_dropped() {
    let server = Server::start().await;
    let component = guest::component("1.0.0", "subscribe: [ { artifact: Some.Log } ]");
    let call = server.call(Method::POST, "/api/v1/artifacts");
    let uploaded = call.send(component).await.value();
    let body = json!({"digest": uploaded["digest"]});
    let installed = server
        .json(Method::PUT, "/api/v1/table/Server.Echo", body)
        .await;
    assert_eq!(
        installed.status,
        StatusCode::CREATED,
        "{}",
        installed.text()
    );

    server.ingest("Some.Log", events(0, 5)).await;
    // As if the third event had been set aside, twice.
    let trigger = watchbox_model::turn::Trigger::Events {
        log: LogKey::events("Some.Log".parse().unwrap()),
        from: 2,
        to: 3,
    };
    let letter = DeadLetter {
        id: 0,
        installation: "Server.Echo".parse().unwrap(),
        digest: uploaded["digest"].as_str().unwrap().parse().unwrap(),
        turn: watchbox_model::TurnId::of(&trigger),
        trigger,
        now: Time::now(),
        tries: 8,
        error: "the artifact trapped".to_owned(),
        at: Time::now(),
    };
    for _ in 0..2 {
        let commit = TurnCommit {
            installation: letter.installation.clone(),
            advance: None,
            tick: None,
            journal: None,
            appends: Vec::new(),
            labels: Vec::new(),
            state: Vec::new(),
            audit: Vec::new(),
            dead_letter: Some(letter.clone()),
            redriven: None,
            durable: true,
        };
        server.app.engine().store().commit(commit).await.unwrap();
    }

    let listed = server
        .get("/api/v1/dead-letters?installation=Server.Echo&limit=1")
        .await
        .value();
    let newest = listed["items"][0]["id"].as_u64().unwrap();
    assert_eq!(listed["next"], json!(newest.to_string()));
    let trigger = json!({"events": {"log": "events/Some.Log", "from": 2, "to": 3}});
    assert_eq!(listed["items"][0]["trigger"], trigger);
    let older = server
        .get(&format!("/api/v1/dead-letters?before={newest}"))
        .await
        .value();
    assert_eq!(
        (older["items"].as_array().map(Vec::len), &older["next"]),
        (Some(1), &json!(null))
    );

    let path = format!("/api/v1/dead-letters/{newest}");
    let mut shown = server.get(&path).await.value();
    assert_eq!(shown["sent"].take(), json!([]));
    shown.as_object_mut().unwrap().remove("sent");
    assert_eq!(shown, listed["items"][0]);
    let redriven = server
        .call(Method::POST, &format!("{path}/redrive"))
        .send(Body::empty())
        .await;
    assert_eq!(
        redriven.status,
        StatusCode::NO_CONTENT,
        "{}",
        redriven.text()
    );
    server
        .get(&path)
        .await
        .problem(StatusCode::NOT_FOUND, "not-found");
    let rows = server.get("/api/v1/rows/Server.Echo?last=1").await;
    assert_eq!(rows.numbers(), [2]);
    let other = format!("/api/v1/dead-letters/{}", older["items"][0]["id"]);
    let dropped = server
        .call(Method::DELETE, &other)
        .send(Body::empty())
        .await;
    assert_eq!(dropped.status, StatusCode::NO_CONTENT, "{}", dropped.text());
    server
        .get(&other)
        .await
        .problem(StatusCode::NOT_FOUND, "not-found");
    for (method, path) in [
        (Method::DELETE, "/api/v1/dead-letters/9999"),
        (Method::POST, "/api/v1/dead-letters/9999/redrive"),
    ] {
        let answer = server.call(method, path).send(Body::empty()).await;
        answer.problem(StatusCode::NOT_FOUND, "not-found");
    }
}
