//! Live tails.

use axum::{
    body::{Body, BodyDataStream},
    http::{Method, StatusCode},
};
use futures::StreamExt as _;

use crate::harness::{Server, events};

const LIVE: &str = "/api/v1/events/Some.Log/live";

/// A live stream that is being read.
struct Live {
    pieces: BodyDataStream,
    text: String,
}

impl Live {
    async fn open(server: &Server, last: Option<&str>) -> Self {
        let mut call = server.call(Method::GET, LIVE);
        if let Some(last) = last {
            call = call.header("last-event-id", last);
        }
        let (status, headers, body) = call.open(Body::empty()).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers["content-type"], "text/event-stream");
        let mut live = Self {
            pieces: body.into_data_stream(),
            text: String::new(),
        };
        assert_eq!(live.next().await, "retry: 1000");
        live
    }

    /// The next event, without the empty line after it.
    async fn next(&mut self) -> String {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                return event;
            }
            let piece = self
                .pieces
                .next()
                .await
                .expect("the stream goes on")
                .unwrap();
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    async fn next_id(&mut self) -> u64 {
        let event = self.next().await;
        let (id, data) = event.split_once('\n').unwrap();
        let row = data.strip_prefix("data: ").unwrap();
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let id = id.strip_prefix("id: ").unwrap().parse().unwrap();
        assert_eq!(row["N"], id);
        id
    }
}

#[tokio::test]
async fn a_tail_begins_with_what_comes_from_now_on() {
    let server = Server::start().await;
    server.ingest("Some.Log", events(0, 3)).await;
    let mut live = Live::open(&server, None).await;
    server.ingest("Some.Log", events(3, 2)).await;
    assert_eq!((live.next_id().await, live.next_id().await), (3, 4));
    server.ingest("Some.Log", events(5, 1)).await;
    assert_eq!(live.next_id().await, 5);
}

#[tokio::test]
async fn a_tail_can_wait_for_the_first_event() {
    let server = Server::start().await;
    let mut live = Live::open(&server, None).await;
    server.ingest("Some.Log", events(0, 1)).await;
    assert_eq!(live.next_id().await, 0);
}

#[tokio::test]
async fn a_reader_that_comes_back_goes_on_where_it_was() {
    let server = Server::start().await;
    server.ingest("Some.Log", events(0, 2_000)).await;
    let mut live = Live::open(&server, Some("0")).await;
    for expected in 1..2_000 {
        assert_eq!(live.next_id().await, expected);
    }
    drop(live);
    server.ingest("Some.Log", events(2_000, 1)).await;
    let mut live = Live::open(&server, Some("1999")).await;
    assert_eq!(live.next_id().await, 2_000);
}

#[tokio::test]
async fn what_is_no_position_is_refused() {
    let server = Server::start().await;
    let answer = server
        .call(Method::GET, LIVE)
        .header("last-event-id", "x")
        .send(Body::empty())
        .await;
    answer.problem(StatusCode::BAD_REQUEST, "bad-request");
}

#[tokio::test]
async fn live_streams_are_bounded_in_number() {
    let server = Server::with(|config| config.http.live_streams = 1).await;
    let live = Live::open(&server, None).await;
    let answer = server.get(LIVE).await;
    answer.problem(StatusCode::SERVICE_UNAVAILABLE, "busy");
    drop(live);
    Live::open(&server, None).await;
}
