//! Replays: a version run over what is stored, told as it goes.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use serde::Serialize;
use tokio::sync::mpsc::Receiver;
use watchbox_engine::{Replay, Replayed};
use watchbox_model::{
    Name, Rows, Time,
    row::{JsonEncoding, write_json},
};
use watchbox_sandbox::CannedAnswer;

use super::{
    json_body::JsonBody,
    problem::{Kind, Problem},
    types::{ReplayLine, ReplayRequest},
};
use crate::{app::App, auth::Caller};

/// The most rows where nothing is said.
const LIMIT: u64 = 100_000;

/// Replay an installation over what is stored
///
/// Runs a version of it, with the settings that it has, over the stored events of its logs and the ticks of its schedule within the range. Its effects
/// are withheld: no request leaves the machine, no label and no row is kept, and its state is its own and empty at first. Neither the
/// installation nor the audit trail notices, but for a record of who asked. What comes of it is one JSON object a line, as it comes; a reader
/// that goes away ends it.
#[utoipa::path(
    post,
    path = "/api/v1/table/{name}/replay",
    tag = "monitoring table",
    params(("name" = String, Path, description = "What the artifact is installed as")),
    request_body = ReplayRequest,
    responses(
        (status = 200, description = "What comes of it", body = ReplayLine, content_type = "application/x-ndjson"),
        (status = 404, description = "Nothing is installed under the name, or no such component", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The component is of another artifact", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The range is wrong, or the version does not take the parameters", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many replays at once", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn replay(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<Name>,
    JsonBody(request): JsonBody<ReplayRequest>,
) -> Result<Response, Problem> {
    if let Some(answer) = &request.answer
        && !(200..=599).contains(&answer.status)
    {
        return Err(Problem::new(
            Kind::Invalid,
            "the answer's `status` must be 200 to 599",
        ));
    }
    let replay = Replay {
        since: request.since.into(),
        until: request.until.map(Time::from),
        version: request.version,
        diff: request.diff,
        rows: request.limit.unwrap_or(LIMIT),
        answer: request.answer.map(CannedAnswer::from).unwrap_or_default(),
        actor: caller.actor(),
    };
    let replayed = app.engine.replay(&name, replay).await?;
    // A server that stops waits for nobody's replay.
    let stopped = app.stopping.clone().cancelled_owned();
    let lines = lines(replayed).take_until(stopped);
    let mut response = Response::new(Body::from_stream(lines));
    let answered = response.headers_mut();
    answered.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    // nginx and its like hold streams back unless they are told not to.
    answered.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// What comes of a replay, a line each.
fn lines(replayed: Receiver<Replayed>) -> impl futures::Stream<Item = serde_json::Result<Bytes>> {
    let items = stream::unfold(replayed, |mut replayed| async move {
        let item = replayed.recv().await?;
        Some((item, replayed))
    });
    items.map(line)
}

fn line(item: Replayed) -> serde_json::Result<Bytes> {
    match item {
        Replayed::Rows(rows) => Ok(row_lines("", &rows)),
        Replayed::OnlyReplayed(rows) => Ok(row_lines(r#""only":"replayed","#, &rows)),
        Replayed::OnlyStored(rows) => Ok(row_lines(r#""only":"stored","#, &rows)),
        Replayed::Call(call) => one(ReplayLine {
            call: Some(call.into()),
            ..ReplayLine::default()
        }),
        Replayed::Denied(record) => one(ReplayLine {
            denied: Some(record.into()),
            ..ReplayLine::default()
        }),
        Replayed::Failure(given_up) => one(ReplayLine {
            failure: Some(given_up.into()),
            ..ReplayLine::default()
        }),
        Replayed::Summary(summary) => one(ReplayLine {
            summary: Some((*summary).into()),
            ..ReplayLine::default()
        }),
    }
}

fn one(line: impl Serialize) -> serde_json::Result<Bytes> {
    let mut text = serde_json::to_vec(&line)?;
    text.push(b'\n');
    Ok(text.into())
}

/// A line for each row, its columns in the order that they have.
fn row_lines(before: &str, rows: &Rows) -> Bytes {
    let mut text = Vec::with_capacity(rows.bytes() * 2);
    for row in rows.iter() {
        text.push(b'{');
        text.extend_from_slice(before.as_bytes());
        text.extend_from_slice(br#""row":"#);
        write_json(row, JsonEncoding::Api, &mut text);
        text.extend_from_slice(b"}\n");
    }
    text.into()
}
