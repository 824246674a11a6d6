//! A page of a log: which stretch of it, read block by block and written as it is read.

mod csv;
mod format;
mod reader;
mod span;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use futures::stream;
use serde::Deserialize;
use utoipa::IntoParams;
use watchbox_model::{LogKey, LogKind};
use watchbox_store::StoreError;

pub(crate) use self::reader::Reader;
use self::{
    format::{Format, Writer},
    span::Span,
};
use super::{problem::Problem, types::Timestamp};
use crate::app::App;

/// The header that says what to give as `after` for the next page, now or when there is more. Missing where the page is empty.
const NEXT: HeaderName = HeaderName::from_static("watchbox-next");

/// Which rows, and in which form.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReadQuery {
    /// Those that came in at this time or later: RFC 3339, or seconds since 1970.
    #[param(value_type = Option<String>, example = "2026-11-25T03:33:00Z")]
    since: Option<Timestamp>,
    /// Those that came in before this time.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
    /// Those after this position.
    after: Option<u64>,
    /// Only this many of the newest.
    last: Option<u64>,
    /// How many positions of the log at most, 1 to 100,000; 1,000 where nothing is said. With a time range there may be fewer rows than
    /// positions on a page: go by `Watchbox-Next`.
    limit: Option<u64>,
    /// The form; `Accept` decides where it is left out, and NDJSON where that says nothing.
    #[param(inline)]
    format: Option<Format>,
}

/// The answer to a query.
pub(crate) async fn respond(
    app: &App,
    log: LogKey,
    query: ReadQuery,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let format = query.format.unwrap_or_else(|| Format::accepted(headers));
    let store = app.store();
    if *store.watch(&log).borrow() == 0 {
        must_be_installed(app, &log).await?;
    }
    let span = Span::of(store.as_ref(), &log, &query).await?;
    let reader = Reader::new(store.clone(), log, &span);
    let writer = match format {
        Format::Ndjson => Writer::Ndjson,
        Format::Json => Writer::json(),
        Format::Csv => Writer::Csv(csv::Columns::of(reader.clone()).await?),
    };
    let mut response = Response::new(Body::from_stream(stream::try_unfold(
        State::Begun(reader, writer),
        step,
    )));
    let answered = response.headers_mut();
    answered.insert(header::CONTENT_TYPE, format.content_type());
    answered.insert(header::VARY, HeaderValue::from_name(header::ACCEPT));
    if let Some(next) = span.next {
        answered.insert(NEXT, next.into());
    }
    Ok(response)
}

/// An error where no artifact is installed under the log's name. Events may be waited for under any name.
pub(crate) async fn must_be_installed(app: &App, log: &LogKey) -> Result<(), Problem> {
    if log.kind != LogKind::Events {
        app.engine.status(&log.name).await?;
    }
    Ok(())
}

enum State {
    Begun(Reader, Writer),
    Going(Reader, Writer),
    Ended,
}

/// The next piece of the answer, made when the one who reads it asks for it.
async fn step(state: State) -> Result<Option<(Bytes, State)>, StoreError> {
    let mut out = Vec::new();
    let (mut reader, mut writer) = match state {
        State::Begun(reader, writer) => {
            writer.begin(&mut out);
            (reader, writer)
        }
        State::Going(reader, writer) => (reader, writer),
        State::Ended => return Ok(None),
    };
    let more = reader.next(|_, row| writer.row(row, &mut out)).await;
    let more = more.inspect_err(|error| tracing::error!(%error, "a page broke off"))?;
    if more {
        return Ok(Some((out.into(), State::Going(reader, writer))));
    }
    writer.end(&mut out);
    Ok(Some((out.into(), State::Ended)))
}
