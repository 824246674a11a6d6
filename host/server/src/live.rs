//! Live tails: a log, or the audit trail, as server-sent events, from a position on.
//!
//! Nothing is buffered for a reader: the store says how far the log goes, and blocks are read when the connection takes more. One who reads
//! slowly is behind, and costs no memory.

mod trail;

use std::{future::Future, time::Duration};

use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use futures::stream;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;
use watchbox_model::{
    LogKey, Name,
    row::{JsonEncoding, write_json},
};
use watchbox_store::StoreError;

use crate::{
    api::{
        Reader, must_be_installed,
        problem::{Kind, Problem},
    },
    app::App,
};

pub(crate) use trail::*;

/// A comment is sent after this much silence, so that proxies keep the connection and a reader that is gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveQuery {
    /// The position after which to begin; with what comes from now on, where neither this nor `Last-Event-ID` says.
    after: Option<u64>,
}

/// Follow events
///
/// Server-sent events: `id` is the position, `data` the event as one line of JSON. A reader that comes back with `Last-Event-ID` goes on where it
/// was. An event named `gap` says that positions from `from` up to, not including, `to` are no longer kept.
#[utoipa::path(
    get,
    path = "/api/v1/events/{artifact}/live",
    tag = "events",
    params(("artifact" = String, Path, description = "The name of the client artifact"), LiveQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The last position that was read")),
    responses(
        (status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
        (status = 503, description = "Too many live streams", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn events(
    State(app): State<App>,
    Path(artifact): Path<Name>,
    Query(query): Query<LiveQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    follow(app, LogKey::events(artifact), query, &headers).await
}

/// Follow the rows that an artifact emits
///
/// As for events.
#[utoipa::path(
    get,
    path = "/api/v1/rows/{name}/live",
    tag = "rows",
    params(("name" = String, Path, description = "What the artifact is installed as"), LiveQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The last position that was read")),
    responses(
        (status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
        (status = 404, description = "Nothing is installed under the name", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many live streams", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn rows(
    State(app): State<App>,
    Path(name): Path<Name>,
    Query(query): Query<LiveQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    follow(app, LogKey::rows(name), query, &headers).await
}

/// Follow what an artifact has to say
///
/// As for events.
#[utoipa::path(
    get,
    path = "/api/v1/messages/{name}/live",
    tag = "rows",
    params(("name" = String, Path, description = "What the artifact is installed as"), LiveQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The last position that was read")),
    responses(
        (status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
        (status = 404, description = "Nothing is installed under the name", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many live streams", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn messages(
    State(app): State<App>,
    Path(name): Path<Name>,
    Query(query): Query<LiveQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    follow(app, LogKey::messages(name), query, &headers).await
}

async fn follow(
    app: App,
    log: LogKey,
    query: LiveQuery,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let store = app.store();
    let end = store.watch(&log);
    let now = *end.borrow();
    if now == 0 {
        must_be_installed(&app, &log).await?;
    }
    let after = match headers.get(LAST_EVENT_ID) {
        Some(id) => Some(last_event_id(id)?),
        None => query.after,
    };
    let from = after.map_or(now, |after| after.saturating_add(1));
    let tail = LogTail {
        reader: Reader::endless(store.clone(), log, from),
        end,
    };
    begin(&app, tail)
}

/// The answer that follows what `follower` reads.
fn begin(app: &App, follower: impl Follower) -> Result<Response, Problem> {
    let permit = app.live_streams.clone().try_acquire_owned().map_err(|_| {
        Problem::new(
            Kind::Busy,
            "too many live streams; raise `http.live_streams` in the server's settings",
        )
    })?;
    let tail = Tail {
        follower,
        stopping: app.stopping.clone(),
        _permit: permit,
    };
    let mut response = Response::new(Body::from_stream(stream::unfold(
        (tail, Some(Bytes::from_static(b"retry: 1000\n\n"))),
        step,
    )));
    let answered = response.headers_mut();
    answered.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    // nginx and its like hold streams back unless they are told not to.
    answered.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn last_event_id(id: &HeaderValue) -> Result<u64, Problem> {
    let position = id.to_str().ok().and_then(|id| id.parse().ok());
    position.ok_or_else(|| Problem::new(Kind::BadRequest, "`Last-Event-ID` must be a position"))
}

/// What is followed.
trait Follower: Send + 'static {
    /// How far it goes.
    fn end(&mut self) -> &mut watch::Receiver<u64>;
    /// Whether there is something to read, by what the end is now.
    fn is_behind(&mut self) -> bool;
    /// The next piece; empty where nothing up to the end is wanted.
    fn read(&mut self) -> impl Future<Output = Piece> + Send;
}

struct Tail<F> {
    follower: F,
    stopping: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

type Piece = Result<Bytes, StoreError>;

async fn step<F: Follower>(
    (mut tail, first): (Tail<F>, Option<Bytes>),
) -> Option<(Piece, (Tail<F>, Option<Bytes>))> {
    if let Some(first) = first {
        return Some((Ok(first), (tail, None)));
    }
    let piece = tail.next().await?;
    Some((piece, (tail, None)))
}

impl<F: Follower> Tail<F> {
    /// The next piece, made when the connection takes it; the end where the server stops.
    async fn next(&mut self) -> Option<Piece> {
        loop {
            if self.follower.is_behind() {
                let piece = self.follower.read().await;
                match piece.inspect_err(|error| tracing::warn!(%error, "a live stream ends")) {
                    Ok(piece) if piece.is_empty() => {}
                    piece => return Some(piece),
                }
            }
            tokio::select! {
                changed = self.follower.end().changed() => changed.ok()?,
                () = tokio::time::sleep(KEEP_ALIVE) => return Some(Ok(Bytes::from_static(b":\n\n"))),
                () = self.stopping.cancelled() => return None,
            }
        }
    }
}

struct LogTail {
    reader: Reader,
    end: watch::Receiver<u64>,
}

impl Follower for LogTail {
    fn end(&mut self) -> &mut watch::Receiver<u64> {
        &mut self.end
    }

    fn is_behind(&mut self) -> bool {
        *self.end.borrow_and_update() > self.reader.at()
    }

    async fn read(&mut self) -> Piece {
        let mut out = Vec::new();
        let mut expected = self.reader.at();
        let visit = |position: u64, row: watchbox_model::RowRef<'_>| {
            if position > expected {
                let gap =
                    format!("event: gap\ndata: {{\"from\":{expected},\"to\":{position}}}\n\n");
                out.extend_from_slice(gap.as_bytes());
            }
            expected = position + 1;
            out.extend_from_slice(format!("id: {position}\ndata: ").as_bytes());
            // JSON escapes line ends, so that it always is one line.
            write_json(row, JsonEncoding::Api, &mut out);
            out.extend_from_slice(b"\n\n");
        };
        self.reader.next(visit).await?;
        Ok(out.into())
    }
}
