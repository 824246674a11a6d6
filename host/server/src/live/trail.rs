//! The audit trail, live.

use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::Response,
};
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::watch;
use utoipa::IntoParams;
use watchbox_model::{
    AuditRecord, Name,
    audit::{Decision, Entry},
};

use super::{Follower, LAST_EVENT_ID, Piece, begin, last_event_id};
use crate::{
    api::{problem::Problem, types::AuditEntry},
    app::App,
};

/// Records that are read at once.
const RECORDS: u32 = 500;

/// Which records.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrailQuery {
    /// The number after which to begin; with what comes from now on, where neither this nor `Last-Event-ID` says.
    after: Option<u64>,
    /// Those of this installation.
    #[param(value_type = Option<String>)]
    artifact: Option<Name>,
    /// Those of this capability, or `admin`.
    capability: Option<String>,
    /// `allowed` or `denied`.
    #[param(value_type = Option<String>)]
    decision: Option<Decision>,
}

impl TrailQuery {
    fn wants(&self, record: &AuditRecord) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none() || wanted == found
        }
        is(self.artifact.as_ref(), record.artifact.as_ref())
            && is(self.capability.as_ref(), Some(&record.capability))
            && is(self.decision.as_ref(), Some(&record.decision))
    }
}

/// Follow the audit trail
///
/// Server-sent events: `id` is the record's number, `data` the record as one line of JSON. A reader that comes back with `Last-Event-ID` goes on
/// where it was.
#[utoipa::path(
    get,
    path = "/api/v1/audit/live",
    tag = "audit",
    params(TrailQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The last number that was read")),
    responses(
        (status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
        (status = 503, description = "Too many live streams", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn trail(
    State(app): State<App>,
    Query(query): Query<TrailQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut end = app.store().watch_trail();
    let now = *end.borrow_and_update();
    let after = match headers.get(LAST_EVENT_ID) {
        Some(id) => last_event_id(id)?,
        None => query.after.unwrap_or(now),
    };
    let tail = TrailTail {
        app: app.clone(),
        query,
        next: after.saturating_add(1),
        end,
    };
    begin(&app, tail)
}

struct TrailTail {
    app: App,
    query: TrailQuery,
    next: u64,
    end: watch::Receiver<u64>,
}

impl Follower for TrailTail {
    fn end(&mut self) -> &mut watch::Receiver<u64> {
        &mut self.end
    }

    fn is_behind(&mut self) -> bool {
        *self.end.borrow_and_update() >= self.next
    }

    async fn read(&mut self) -> Piece {
        let mut out = Vec::new();
        while out.is_empty() && self.is_behind() {
            let entries = self.app.store().trail(self.next, RECORDS).await?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                self.next = entry.number + 1;
                if self.query.wants(&entry.record) {
                    write(entry, &mut out);
                }
            }
        }
        Ok(Bytes::from(out))
    }
}

fn write(entry: Entry, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("id: {}\ndata: ", entry.number).as_bytes());
    let entry = AuditEntry::from((entry.number, entry.record));
    // JSON escapes line ends, so that it always is one line; text and numbers are all that is in it.
    if serde_json::to_writer(&mut *out, &entry).is_ok() {
        out.extend_from_slice(b"\n\n");
    }
}
