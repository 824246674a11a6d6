//! The whole trail as NDJSON, with what is needed to check it.

use std::{sync::Arc, vec};

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::stream;
use watchbox_store::{Store, StoreError};

use crate::{
    api::{
        problem::Problem,
        types::{CheckpointEntry, Checkpoints, HashedEntry, TrailLine},
    },
    app::App,
};

/// Records that are read at once.
const RECORDS: u32 = 1_000;

/// Export the audit trail
///
/// As NDJSON, oldest first: a line of `kind` `key`, a line `checkpoint` for each that is kept, then a line `record` for each record. `watchbox audit verify`
/// checks it.
#[utoipa::path(
    get,
    path = "/api/v1/audit/export",
    tag = "audit",
    responses((status = 200, description = "The trail as of now", content((TrailLine = "application/x-ndjson")))),
)]
pub(in crate::api) async fn export(State(app): State<App>) -> Result<Response, Problem> {
    let store = app.store();
    // In this order: each checkpoint is of records that are read after it.
    let checkpoints = store.checkpoints().await?;
    let last = *store.watch_trail().borrow();
    let first = checkpoints
        .last()
        .map_or(1, |newest| newest.checkpoint.first);
    let key = TrailLine::Key {
        key: app.engine.trail_key().to_string(),
    };
    let checkpoints = checkpoints.into_iter().map(CheckpointEntry::from);
    let head: Vec<TrailLine> = [key]
        .into_iter()
        .chain(checkpoints.map(TrailLine::Checkpoint))
        .collect();
    let pieces = Pieces {
        store: Arc::clone(store),
        head: Some(head.into_iter()),
        next: first,
        last,
    };
    let body = Body::from_stream(stream::try_unfold(pieces, Pieces::step));
    let ndjson = HeaderValue::from_static("application/x-ndjson");
    Ok(([(header::CONTENT_TYPE, ndjson)], body).into_response())
}

/// List the checkpoints of the audit trail
///
/// Oldest first. Keep them elsewhere from time to time: with them, `watchbox audit verify` sees also what was done by somebody who has the server's own key.
#[utoipa::path(
    get,
    path = "/api/v1/audit/checkpoints",
    tag = "audit",
    responses((status = 200, description = "The key, and what was signed with it", body = Checkpoints)),
)]
pub(in crate::api) async fn checkpoints(
    State(app): State<App>,
) -> Result<Json<Checkpoints>, Problem> {
    let items = app.store().checkpoints().await?;
    Ok(Json(Checkpoints {
        key: app.engine.trail_key().to_string(),
        items: items.into_iter().map(CheckpointEntry::from).collect(),
    }))
}

/// What is still to be sent.
struct Pieces {
    store: Arc<dyn Store>,
    head: Option<vec::IntoIter<TrailLine>>,
    next: u64,
    last: u64,
}

impl Pieces {
    /// The next piece, made when the one who reads it asks for it.
    async fn step(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let mut out = Vec::new();
        if let Some(head) = self.head.take() {
            head.for_each(|line| write(&line, &mut out));
            return Ok(Some((out.into(), self)));
        }
        let entries = self.store.trail(self.next, RECORDS).await;
        let entries =
            entries.inspect_err(|error| tracing::error!(%error, "an export broke off"))?;
        for entry in entries {
            if entry.number > self.last {
                break;
            }
            self.next = entry.number + 1;
            write(&TrailLine::Record(HashedEntry::from(entry)), &mut out);
        }
        Ok((!out.is_empty()).then(|| (out.into(), self)))
    }
}

fn write(line: &TrailLine, out: &mut Vec<u8>) {
    // Text and numbers only: nothing that JSON can't hold.
    if serde_json::to_writer(&mut *out, line).is_ok() {
        out.push(b'\n');
    }
}
