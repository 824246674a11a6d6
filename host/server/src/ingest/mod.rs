//! Events come in: received, decompressed, read, checked, and on disk before they are answered for.

mod body;
mod format;
mod limits;

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State},
    http::HeaderMap,
};
use metrics::counter;
use serde::Deserialize;
use utoipa::IntoParams;
use watchbox_model::{
    ClientId, Name, Time,
    event::{EventBatch, EventContext},
};

pub(crate) use self::limits::InFlight;
use self::{
    body::{BodyError, Coding},
    format::Format,
    limits::Reservation,
};
use crate::{
    api::{
        problem::{Kind, Problem},
        types::Ingested,
    },
    app::App,
    auth::Caller,
    config::IngestSection,
    metrics::{INGESTED_BYTES, REFUSED},
};

/// Bodies up to this size are read where they came in; larger ones would hold up the requests of others.
const INLINE: usize = 64 << 10;

/// The bounds of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Bytes of a body.
    body: usize,
    /// Bytes of the rows that are read from it.
    rows: usize,
    /// The longest silence within it.
    idle: Duration,
}

impl From<&IngestSection> for Bounds {
    fn from(section: &IngestSection) -> Self {
        let bytes = |mib: u64| usize::try_from(mib.saturating_mul(1 << 20)).unwrap_or(usize::MAX);
        Self {
            body: bytes(section.body_mib),
            // What could never be in flight would be told to come again for ever.
            rows: bytes(section.in_flight_mib) / 2,
            idle: Duration::from_secs(section.idle_seconds),
        }
    }
}

/// What is said of the events beside themselves.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IngestQuery {
    /// The client of the events that have no `ClientId` of their own.
    #[param(value_type = Option<String>, example = "C.1f2e3d4c5b6a7988")]
    client_id: Option<ClientId>,
}

/// Send events
///
/// Takes JSON (one object, an array of objects, NDJSON, or objects back to back) or MessagePack (a map, an array of maps, or maps back
/// to back), compressed with gzip, zstd or deflate or not at all. Each event is decided by itself: the good ones are accepted, the
/// others are told by line. What is accepted is on disk when the answer comes, and its clients are registered and marked as seen.
#[utoipa::path(
    post,
    path = "/api/v1/events/{artifact}",
    tag = "events",
    params(("artifact" = String, Path, description = "The name of the client artifact"), IngestQuery),
    request_body(
        description = "The events. Without a Content-Type the first byte decides.",
        content(
            (Object = "application/json", example = json!({"ClientId": "C.1f2e3d4c5b6a7988", "CommandLine": "whoami"})),
            (String = "application/x-ndjson"),
            (Vec<u8> = "application/msgpack"),
        ),
    ),
    responses(
        (status = 200, description = "At least one was accepted, or none came", body = Ingested),
        (status = 408, description = "The sender fell silent", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The name is that of an installed artifact", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The type or the encoding is not known", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Events came and none was accepted", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The store can't be written to, or too much is being worked on: come again", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn ingest(
    State(app): State<App>,
    caller: Caller,
    Path(artifact): Path<Name>,
    Query(query): Query<IngestQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Ingested>, Problem> {
    let client = bound_client(&caller, &artifact, query.client_id)?;
    let coding = Coding::of(&headers)?;
    let format = Format::of(&headers)?;
    let mut reservation = app.in_flight.reservation();
    let bounds = app.bounds;
    let body = body::receive(body, bounds.body, bounds.idle, &mut reservation).await?;
    counter!(INGESTED_BYTES).increment(body.len() as u64);
    let context = EventContext {
        client,
        at: Time::now(),
    };
    let at = context.at;
    let size = body.len();
    let work = move || -> Result<(EventBatch, Reservation), BodyError> {
        let body = coding.decode(body, bounds.body, &mut reservation)?;
        let rows = format::rows_at_most(&body);
        if rows > bounds.rows {
            return Err(BodyError::TooMany(bounds.rows));
        }
        reservation.grow(rows)?;
        Ok((format.read(&body, &context), reservation))
    };
    let batch = if coding == Coding::Identity && size <= INLINE {
        work()
    } else {
        tokio::task::spawn_blocking(work)
            .await
            .map_err(Problem::internal)?
    };
    let (batch, _held) = batch?;
    only_of_its_clients(&caller, &batch)?;
    accept(&app, artifact, at, batch).await.map(Json)
}

/// The client of events that name none: the one that the request says, or the only one that the sender is for. What the sender is not for
/// is refused.
fn bound_client(
    caller: &Caller,
    artifact: &Name,
    named: Option<ClientId>,
) -> Result<Option<ClientId>, Problem> {
    let access = caller.access();
    if !access.sends(artifact) {
        let detail = format!(
            "`{}` is not for events of `{artifact}`; nothing was accepted",
            caller.actor()
        );
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    match named {
        Some(named) if !access.sends_for(&named) => Err(other_client(caller, &named)),
        Some(named) => Ok(Some(named)),
        None => Ok(access.only_client().cloned()),
    }
}

/// Refuses the whole batch where a sender that is bound to clients sends events of another: it is not mistaken, it lies.
fn only_of_its_clients(caller: &Caller, batch: &EventBatch) -> Result<(), Problem> {
    let access = caller.access();
    let other = batch.seen.iter().find(|seen| !access.sends_for(&seen.id));
    other.map_or(Ok(()), |other| Err(other_client(caller, &other.id)))
}

fn other_client(caller: &Caller, other: &ClientId) -> Problem {
    let detail = format!(
        "`{}` is not for events of `{other}`; nothing was accepted",
        caller.actor()
    );
    Problem::new(Kind::Forbidden, detail)
}

async fn accept(
    app: &App,
    artifact: Name,
    at: Time,
    batch: EventBatch,
) -> Result<Ingested, Problem> {
    let ingested = Ingested {
        accepted: batch.rows.len() as u64,
        refused: batch.refused_total,
        refusals: batch.refused.into_iter().map(Into::into).collect(),
    };
    counter!(REFUSED).increment(ingested.refused);
    if ingested.accepted == 0 && ingested.refused > 0 {
        let problem = Problem::new(
            Kind::NothingAccepted,
            "none of the events could be accepted; `refusals` says why",
        );
        return Err(Problem {
            ingested: Some(Box::new(ingested)),
            ..problem
        });
    }
    if ingested.accepted > 0 {
        app.engine
            .accept(artifact, batch.rows, at, batch.seen)
            .await?;
    }
    Ok(ingested)
}
