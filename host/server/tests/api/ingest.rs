//! Events that are accepted, in every form.

use std::io::Write as _;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Server, events};

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// MessagePack of `[{"ClientId": "C.1", "N": 1}, {"ClientId": "C.1", "N": 2}]`.
fn msgpack() -> Vec<u8> {
    let event = |n| [b"\x82\xa8ClientId\xa3C.1\xa1N".to_vec(), vec![n]].concat();
    [vec![0x92], event(1), event(2)].concat()
}

#[tokio::test]
async fn every_form_of_body_is_read() {
    let server = Server::start().await;
    let lines = events(1, 2);
    let array = json!([{"ClientId": "C.1", "N": 1}, {"ClientId": "C.1", "N": 2}]).to_string();
    let forms: [(&str, &str, Vec<u8>); 9] = [
        ("application/x-ndjson", "", lines.clone().into()),
        ("application/json", "", array.clone().into()),
        ("", "", array.clone().into()),
        ("", "", lines.replace('\n', "").into()),
        ("application/json", "gzip", gzip(array.as_bytes())),
        (
            "application/json; charset=utf-8",
            "deflate",
            zlib(array.as_bytes()),
        ),
        (
            "application/ndjson",
            "zstd",
            zstd::encode_all(lines.as_bytes(), 1).unwrap(),
        ),
        ("application/x-msgpack", "identity", msgpack()),
        ("", "", msgpack()),
    ];
    for (at, (kind, coding, body)) in forms.into_iter().enumerate() {
        let path = format!("/api/v1/events/Form.{at}");
        let mut call = server.call(Method::POST, &path);
        if !kind.is_empty() {
            call = call.header("content-type", kind);
        }
        if !coding.is_empty() {
            call = call.header("content-encoding", coding);
        }
        let answer = call.send(body).await;
        let accepted = json!({"accepted": 2, "refused": 0, "refusals": []});
        assert_eq!(
            (answer.status, answer.value()),
            (StatusCode::OK, accepted),
            "form {at}"
        );
        assert_eq!(server.get(&path).await.numbers(), [1, 2], "form {at}");
    }
}

#[tokio::test]
async fn a_large_body_is_read_apart_from_the_others() {
    let server = Server::start().await;
    let answer = server.ingest("Big.Log", events(0, 20_000)).await;
    assert_eq!(answer.value()["accepted"], 20_000);
    let page = server.get("/api/v1/events/Big.Log?after=19997").await;
    assert_eq!(page.numbers(), [19_998, 19_999]);
}

#[tokio::test]
async fn the_client_of_the_request_is_that_of_events_without_one() {
    let server = Server::start().await;
    let body = "{\"N\":1}\n{\"ClientId\":\"C.row\",\"Hostname\":\"WS2\",\"N\":2}";
    let path = "/api/v1/events/Some.Log?client_id=C.request";
    let answer = server.call(Method::POST, path).send(body).await;
    assert_eq!(answer.value()["accepted"], 2);
    let rows = server.get("/api/v1/events/Some.Log").await.rows();
    let clients: Vec<&Value> = rows.iter().map(|row| &row["ClientId"]).collect();
    assert_eq!(clients, ["C.request", "C.row"]);
    let seen = server.get("/api/v1/clients/C.row").await.value();
    assert_eq!(seen["hostname"], "WS2");
    assert!(seen["last_seen"].is_string());
}

#[tokio::test]
async fn nothing_sent_is_nothing_wrong() {
    let server = Server::start().await;
    for body in ["", "\n\n", "[]"] {
        let answer = server.ingest("Some.Log", body).await;
        let nothing = json!({"accepted": 0, "refused": 0, "refusals": []});
        assert_eq!(
            (answer.status, answer.value()),
            (StatusCode::OK, nothing),
            "{body:?}"
        );
    }
}

#[tokio::test]
async fn what_is_in_flight_is_bounded() {
    let server = Server::with(|config| config.ingest.in_flight_mib = 1).await;
    // Half a mebibyte of events, received; their rows would make it more than one.
    let body = format!("{{\"ClientId\":\"C.1\",\"N\":\"{}\"}}\n", "x".repeat(99)).repeat(3_000);
    let answer = server.ingest("Some.Log", body.clone()).await;
    answer.problem(StatusCode::PAYLOAD_TOO_LARGE, "too-large");
    let text = "x".repeat(1_000);
    let body = format!("{{\"ClientId\":\"C.1\",\"N\":\"{text}\"}}\n").repeat(450);
    let held = "x".repeat(700_000);
    let large = format!("{{\"ClientId\":\"C.1\",\"N\":\"{held}\"}}");
    let answer = server.ingest("Some.Log", large + &body).await;
    answer.problem(StatusCode::SERVICE_UNAVAILABLE, "busy");
    assert_eq!(answer.header("retry-after"), "2");
    let answer = server.ingest("Some.Log", events(0, 10)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(server.get("/api/v1/events/Some.Log").await.rows().len(), 10);
}
