//! Logs, read: by page, by time, in each form.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::Value;
use watchbox_model::{LogKey, RowsBuilder, Time, ValueRef};
use watchbox_store::Append;

use crate::harness::{Server, events};

const LOG: &str = "/api/v1/events/Some.Log";

#[tokio::test]
async fn pages_follow_one_another_to_the_end() {
    let server = Server::start().await;
    for first in [0, 30, 60] {
        server.ingest("Some.Log", events(first, 30)).await;
    }
    let mut seen = Vec::new();
    let mut path = format!("{LOG}?limit=20");
    loop {
        let page = server.get(&path).await;
        let numbers = page.numbers();
        assert!(numbers.len() <= 20);
        seen.extend(numbers);
        let next = page.header("watchbox-next");
        if next.is_empty() {
            break;
        }
        path = format!("{LOG}?limit=20&after={next}");
    }
    assert_eq!(seen, (0..90).collect::<Vec<_>>());
    assert_eq!(
        server.get(&format!("{LOG}?last=3")).await.numbers(),
        [87, 88, 89]
    );
    assert_eq!(
        server
            .get(&format!("{LOG}?last=1000&limit=2"))
            .await
            .numbers(),
        [0, 1]
    );
    assert!(
        server
            .get(&format!("{LOG}?after=1000"))
            .await
            .rows()
            .is_empty()
    );
    assert!(
        server
            .get(&format!("{LOG}?after={}", u64::MAX))
            .await
            .rows()
            .is_empty()
    );
}

#[tokio::test]
async fn a_time_range_holds_its_beginning_and_not_its_end() {
    let server = Server::start().await;
    let log = LogKey::events("Some.Log".parse().unwrap());
    // Committed in another order than they were accepted in, as can happen.
    for (n, at) in [(0_u64, 1_000.0), (1, 1_002.0), (2, 1_001.0), (3, 1_003.0)] {
        let mut rows = RowsBuilder::new();
        rows.push_columns([("_ts", ValueRef::Float(at)), ("N", ValueRef::UInt(n))]);
        let append = Append {
            log: log.clone(),
            rows: rows.finish(),
            at: Time::from_seconds(at),
        };
        server
            .app
            .engine()
            .store()
            .append(vec![append], vec![])
            .await
            .unwrap();
    }
    let range = async |query: &str| server.get(&format!("{LOG}?{query}")).await.numbers();
    assert_eq!(range("since=1001").await, [1, 2, 3]);
    assert_eq!(range("until=1002").await, [0, 2]);
    assert_eq!(
        range("since=1970-01-01T00:16:41Z&until=1970-01-01T00:16:43Z").await,
        [1, 2]
    );
    assert_eq!(range("since=2000").await, [0_u64; 0]);
    assert_eq!(range("until=10").await, [0_u64; 0]);
}

#[tokio::test]
async fn the_form_is_chosen_by_the_query_or_by_accept() {
    let server = Server::start().await;
    let event = "{\"ClientId\":\"C.1\",\"Text\":\"a,\\\"b\\\"\",\"List\":[1,{\"x\":null}]}\n{\"ClientId\":\"C.1\",\"More\":\"=1+1\"}";
    server.ingest("Some.Log", event).await;
    let columns = |row: &Value| {
        let columns = row.as_object().unwrap().keys();
        columns.map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    let array = server.get(&format!("{LOG}?format=json")).await;
    assert_eq!(array.header("content-type"), "application/json");
    assert_eq!(array.value().as_array().map(Vec::len), Some(2));
    let accepted = server
        .call(Method::GET, LOG)
        .header("accept", "text/html, application/json;q=0.9")
        .send(Body::empty())
        .await;
    assert_eq!(accepted.body, array.body);
    assert_eq!(columns(&array.value()[1]), "ClientId More _ts");

    let csv = server
        .call(Method::GET, LOG)
        .header("accept", "text/csv")
        .send(Body::empty())
        .await;
    assert!(csv.header("content-type").starts_with("text/csv"));
    let (header, rows) = csv.text().split_once("\r\n").unwrap();
    assert_eq!(header, "_ts,ClientId,Text,List,More");
    let rows: Vec<&str> = rows
        .lines()
        .map(|row| row.split_once(',').unwrap().1)
        .collect();
    assert_eq!(
        rows,
        [
            "C.1,\"a,\"\"b\"\"\",\"[1,{\"\"x\"\":null}]\",",
            "C.1,,,'=1+1"
        ]
    );

    let empty = server.get("/api/v1/events/No.Log?format=json").await;
    assert_eq!(empty.value(), Value::Array(Vec::new()));
    assert_eq!(server.get("/api/v1/events/No.Log").await.text(), "");
}

#[tokio::test]
async fn queries_that_are_wrong_are_refused() {
    let server = Server::start().await;
    for query in ["limit=0", "limit=100001"] {
        let answer = server.get(&format!("{LOG}?{query}")).await;
        answer.problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    }
    for query in [
        "since=yesterday",
        "after=-1",
        "format=xml",
        "offset=3",
        "limit=x",
    ] {
        let answer = server.get(&format!("{LOG}?{query}")).await;
        answer.problem(StatusCode::BAD_REQUEST, "bad-request");
    }
}

#[tokio::test]
async fn rows_and_messages_are_those_of_what_is_installed() {
    let server = Server::start().await;
    for path in [
        "/api/v1/rows/No.Such",
        "/api/v1/messages/No.Such",
        "/api/v1/rows/No.Such/live",
    ] {
        server
            .get(path)
            .await
            .problem(StatusCode::NOT_FOUND, "not-found");
    }
}

#[tokio::test]
async fn every_log_is_listed() {
    let server = Server::start().await;
    server.ingest("Some.Log", events(0, 5)).await;
    let logs = server.get("/api/v1/logs").await.value();
    let log = &logs["items"][0];
    assert_eq!(
        (&log["kind"], &log["name"], &log["first"], &log["next"]),
        (&"events".into(), &"Some.Log".into(), &0.into(), &5.into())
    );
    assert!(log["newest"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn csv_with_too_many_columns_is_refused() {
    let server = Server::start().await;
    let columns: Vec<String> = (0..3_000).map(|n| format!("\"c{n}\":1")).collect();
    server
        .ingest(
            "Some.Log",
            format!("{{\"ClientId\":\"C.1\",{}}}", columns.join(",")),
        )
        .await;
    let answer = server.get(&format!("{LOG}?format=csv")).await;
    answer.problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
}
