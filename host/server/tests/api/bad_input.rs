//! What bad input gets: a clear 4xx, or a refusal by line beside the good ones that are accepted.

use std::io::{Read as _, Write as _};

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::Value;

use crate::harness::{Answer, Server, events};

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

async fn coded(server: &Server, coding: &str, body: Vec<u8>) -> Answer {
    server
        .call(Method::POST, "/api/v1/events/Some.Log")
        .header("content-type", "application/json")
        .header("content-encoding", coding)
        .send(body)
        .await
}

async fn kept(server: &Server) -> usize {
    server.get("/api/v1/events/Some.Log").await.rows().len()
}

#[tokio::test]
async fn a_bad_line_is_refused_by_its_number_and_the_good_ones_are_accepted() {
    let server = Server::start().await;
    let deep = format!(
        "{{\"ClientId\":\"C.1\",\"x\":{}1{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let large = format!("{{\"ClientId\":\"C.1\",\"x\":\"{}\"}}", "x".repeat(1 << 20));
    let cases: [(&str, &[u8]); 12] = [
        ("cut short", b"{\"ClientId\":\"C.1\",\"a\":"),
        ("no JSON", b"nonsense"),
        ("no object", b"17"),
        ("a column twice", b"{\"ClientId\":\"C.1\",\"a\":1,\"a\":2}"),
        ("NaN", b"{\"ClientId\":\"C.1\",\"a\":NaN}"),
        ("a number too large", b"{\"ClientId\":\"C.1\",\"a\":1e999}"),
        ("no UTF-8", b"{\"ClientId\":\"C.1\",\"a\":\"\xff\xfe\"}"),
        (
            "a lone surrogate",
            b"{\"ClientId\":\"C.1\",\"a\":\"\\ud800\"}",
        ),
        ("no client", b"{\"a\":1}"),
        ("a wrong client", b"{\"ClientId\":\"x\"}"),
        ("nested deep", deep.as_bytes()),
        ("over-size", large.as_bytes()),
    ];
    for (at, (case, line)) in cases.iter().enumerate() {
        let body = [
            events(0, 1).as_bytes(),
            line,
            b"\n",
            events(1, 1).as_bytes(),
        ]
        .concat();
        let answer = server.ingest("Some.Log", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{case}: {}", answer.text());
        let value = answer.value();
        assert_eq!(
            (&value["accepted"], &value["refused"]),
            (&2.into(), &1.into()),
            "{case}"
        );
        assert_eq!(value["refusals"][0]["line"], 2, "{case}");
        let reason = value["refusals"][0]["reason"].as_str().unwrap();
        assert!(!reason.is_empty() && reason.len() < 500, "{case}: {reason}");
        assert_eq!(kept(&server).await, 2 * (at + 1), "{case}");
    }
}

#[tokio::test]
async fn a_hundred_refusals_are_told_and_the_rest_counted() {
    let server = Server::start().await;
    let body = "nonsense\n".repeat(1_000) + &events(0, 1);
    let value = server.ingest("Some.Log", body).await.value();
    assert_eq!(
        (&value["accepted"], &value["refused"]),
        (&1.into(), &1_000.into())
    );
    assert_eq!(value["refusals"].as_array().map(Vec::len), Some(100));
}

#[tokio::test]
async fn events_of_which_none_is_good_are_a_problem_that_says_why() {
    let server = Server::start().await;
    let answer = server.ingest("Some.Log", "nonsense\n17\n").await;
    let problem = answer.problem(StatusCode::UNPROCESSABLE_ENTITY, "nothing-accepted");
    assert_eq!(
        (&problem["accepted"], &problem["refused"]),
        (&0.into(), &2.into())
    );
    let lines: Vec<&Value> = problem["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refusal| &refusal["line"])
        .collect();
    assert_eq!(lines, [1, 2]);
    assert_eq!(kept(&server).await, 0);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whole() {
    let server = Server::with(|config| config.ingest.body_mib = 1).await;
    let body = events(0, 40_000);
    assert!(body.len() > 1 << 20);
    let answer = server.ingest("Some.Log", body.clone()).await;
    answer.problem(StatusCode::PAYLOAD_TOO_LARGE, "too-large");
    let pieces = body.into_bytes();
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = pieces
        .chunks(1_000)
        .map(|piece| Ok(piece.to_vec()))
        .collect();
    let streamed = Body::from_stream(futures::stream::iter(pieces));
    let answer = server.ingest("Some.Log", streamed).await;
    answer.problem(StatusCode::PAYLOAD_TOO_LARGE, "too-large");
    assert_eq!(kept(&server).await, 0);
}

#[tokio::test]
async fn a_bomb_is_stopped_at_the_limit() {
    let server = Server::with(|config| config.ingest.body_mib = 4).await;
    let spaces = || std::io::repeat(b' ').take(256 << 20);
    let mut bomb = Vec::new();
    flate2::read::GzEncoder::new(spaces(), flate2::Compression::fast())
        .read_to_end(&mut bomb)
        .unwrap();
    let answer = coded(&server, "gzip", bomb).await;
    answer.problem(StatusCode::PAYLOAD_TOO_LARGE, "too-large");
    let bomb = zstd::encode_all(spaces(), 1).unwrap();
    let answer = coded(&server, "zstd", bomb).await;
    answer.problem(StatusCode::PAYLOAD_TOO_LARGE, "too-large");
    assert_eq!(
        server.ingest("Some.Log", events(0, 1)).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn what_is_cut_short_or_is_not_what_it_says_is_refused_whole() {
    let server = Server::start().await;
    let whole = gzip(events(0, 1_000).as_bytes());
    let cases = [
        ("gzip", whole[..whole.len() / 2].to_vec()),
        ("gzip", events(0, 1).into_bytes()),
        ("zstd", b"\x28\xb5\x2f\xfd".to_vec()),
        ("deflate", vec![0xff; 100]),
    ];
    for (coding, body) in cases {
        let answer = coded(&server, coding, body).await;
        answer.problem(StatusCode::BAD_REQUEST, "bad-request");
    }
    assert_eq!(kept(&server).await, 0);
}

#[tokio::test]
async fn unknown_types_and_encodings_are_refused() {
    let server = Server::start().await;
    let answer = coded(&server, "br", events(0, 1).into_bytes()).await;
    answer.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type");
    for kind in ["text/html", "application/x-www-form-urlencoded"] {
        let call = server.call(Method::POST, "/api/v1/events/Some.Log");
        let answer = call.header("content-type", kind).send(events(0, 1)).await;
        answer.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type");
    }
    assert_eq!(kept(&server).await, 0);
}

#[tokio::test]
async fn messagepack_that_is_cut_short_keeps_what_came_whole() {
    let server = Server::start().await;
    let event = b"\x82\xa8ClientId\xa3C.1\xa1N\x01";
    let body = [&event[..], &event[..event.len() - 1]].concat();
    let call = server.call(Method::POST, "/api/v1/events/Some.Log");
    let answer = call
        .header("content-type", "application/msgpack")
        .send(body)
        .await;
    let value = answer.value();
    assert_eq!(
        (&value["accepted"], &value["refused"]),
        (&1.into(), &1.into()),
        "{value}"
    );
    // Bytes that are no UTF-8 are made so: many agents send paths and command lines as they are.
    let body = b"\x82\xa8ClientId\xa3C.1\xa1N\xa2a\xff".to_vec();
    let call = server.call(Method::POST, "/api/v1/events/Some.Log");
    call.header("content-type", "application/msgpack")
        .send(body)
        .await;
    let rows = server.get("/api/v1/events/Some.Log").await.rows();
    assert_eq!(rows[1]["N"], "a\u{fffd}");
}

#[tokio::test]
async fn names_and_queries_that_are_wrong_are_refused() {
    let server = Server::start().await;
    for path in [
        "/api/v1/events/no%20name",
        "/api/v1/events/..",
        "/api/v1/events/Some.Log?client_id=x",
        "/api/v1/events/Some.Log?client=C.1",
    ] {
        let answer = server.call(Method::POST, path).send(events(0, 1)).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_sender_that_breaks_off_leaves_nothing_behind() {
    let server = Server::start().await;
    let pieces = [
        Ok(events(0, 1)),
        Err(std::io::Error::other("the line went dead")),
    ];
    let body = Body::from_stream(futures::stream::iter(pieces));
    let answer = server.ingest("Some.Log", body).await;
    answer.problem(StatusCode::BAD_REQUEST, "bad-request");
    assert_eq!(kept(&server).await, 0);
}
