//! The server on a real socket: health, metrics, and the order in which it stops.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
};
use watchbox_server::{Config, Listener, serve};

use crate::harness::{Server, events};

#[tokio::test]
async fn health_readiness_and_metrics() {
    let server = Server::start().await;
    let health = server
        .anonymous(Method::GET, "/health")
        .send(Body::empty())
        .await;
    assert_eq!(
        health.value(),
        json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})
    );
    let ready = server
        .anonymous(Method::GET, "/ready")
        .send(Body::empty())
        .await;
    assert_eq!(
        (ready.status, ready.value()),
        (StatusCode::OK, json!({"ready": true}))
    );
    server
        .ingest("Some.Log", format!("{}nonsense\n", events(0, 3)))
        .await;
    let metrics = server.get("/metrics").await;
    assert!(
        metrics
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    for line in [
        "watchbox_http_requests_total{method=\"POST\",route=\"/api/v1/events/{artifact}\",status=\"200\"}",
        "watchbox_events_refused_total",
        "watchbox_ingested_bytes_total",
        "watchbox_events_accepted_total{log=\"Some.Log\"}",
        "watchbox_http_request_seconds_bucket{route=\"/health\",le=\"0.001\"}",
    ] {
        assert!(
            metrics.text().lines().any(|found| found.starts_with(line)),
            "{line} is not in\n{}",
            metrics.text()
        );
    }
}

#[tokio::test]
async fn a_stop_ends_live_streams_and_finishes_what_is_under_way() {
    let server = Server::start().await;
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        ..Config::default()
    };
    let listener = Listener::bind(&config).await.unwrap();
    let address = listener.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve(server.app.clone(), listener, async move {
        let _ = stopped.await;
    }));
    let head = |line: &str| {
        format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n",
            server.admin()
        )
    };

    let mut live = TcpStream::connect(address).await.unwrap();
    let request = head("GET /api/v1/events/Some.Log/live") + "\r\n";
    live.write_all(request.as_bytes()).await.unwrap();
    let mut read = vec![0; 4_096];
    let mut seen = String::new();
    while !seen.contains("retry: 1000") {
        let bytes = live.read(&mut read).await.unwrap();
        seen.push_str(std::str::from_utf8(&read[..bytes]).unwrap());
    }

    // A request whose body is still on its way when the stop comes.
    let body = events(0, 100);
    let mut sender = TcpStream::connect(address).await.unwrap();
    let request = head("POST /api/v1/events/Some.Log")
        + &format!(
            "Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
    sender.write_all(request.as_bytes()).await.unwrap();
    // The server says this once the handler asks for the body.
    let bytes = sender.read(&mut read).await.unwrap();
    assert!(read[..bytes].starts_with(b"HTTP/1.1 100"));
    stop.send(()).unwrap();
    let mut rest = Vec::new();
    live.read_to_end(&mut rest).await.unwrap();
    assert!(
        String::from_utf8(rest).unwrap().ends_with("0\r\n\r\n"),
        "the stream ends in order"
    );
    sender.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    sender.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"accepted\":100"),
        "{answer}"
    );
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
