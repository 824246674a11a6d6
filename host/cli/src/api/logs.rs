//! Reads logs: page by page, or as rows come in.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use reqwest::{Method, Response, header};
use watchbox_model::{LogKind, Name, Time};
use watchbox_server::api::types::Timestamp;

use super::{Api, ApiError, Query, sse};

/// The most rows of one page.
pub const MAX_PAGE: u64 = 100_000;

/// What the API calls one JSON object a line.
const NDJSON: &str = "ndjson";

/// The first pause before a connection that broke is made again, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// Which rows of which log.
#[derive(Clone, Debug)]
pub struct LogQuery {
    /// What the log holds.
    pub kind: LogKind,
    /// Its name.
    pub name: Name,
    /// From then on.
    pub since: Option<Time>,
    /// Before then.
    pub until: Option<Time>,
}

/// How many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// At most so many, from the oldest.
    First(u64),
    /// At most so many, up to the newest.
    Last(u64),
}

impl Range {
    /// How many at most.
    pub fn count(self) -> u64 {
        match self {
            Self::First(count) | Self::Last(count) => count,
        }
    }
}

/// Rows of a log, as text that comes in piece by piece, page after page.
pub struct Pages<'a> {
    api: &'a Api,
    query: &'a LogQuery,
    format: &'static str,
    /// How many rows are still wanted.
    left: u64,
    last: Option<u64>,
    page: Option<Response>,
    after: Option<String>,
    done: bool,
}

impl Pages<'_> {
    /// The next piece of the text; none at its end.
    pub async fn piece(&mut self) -> anyhow::Result<Option<Bytes>> {
        loop {
            let Some(page) = &mut self.page else {
                if self.done || self.left == 0 {
                    return Ok(None);
                }
                self.page = Some(self.turn_over().await?);
                continue;
            };
            let piece = page.chunk().await;
            match piece.map_err(|error| ApiError::unreachable(&self.api.base, error))? {
                Some(piece) => {
                    let rows = piece.iter().filter(|byte| **byte == b'\n').count();
                    self.left = self.left.saturating_sub(rows as u64);
                    return Ok(Some(piece));
                }
                None => self.page = None,
            }
        }
    }

    /// The position of the last row that was looked at; none where there was none.
    pub fn position(&self) -> Option<&str> {
        self.after.as_deref()
    }

    async fn turn_over(&mut self) -> anyhow::Result<Response> {
        let mut parts = self.query.parts();
        parts.push(("format", self.format.to_owned()));
        parts.push(("limit", self.left.min(MAX_PAGE).to_string()));
        parts.extend(self.last.take().map(|last| ("last", last.to_string())));
        parts.extend(self.after.clone().map(|after| ("after", after)));
        let request = self.api.request(Method::GET, &self.query.path(), &parts);
        let response = self.api.send(request).await?;
        let next = response
            .headers()
            .get("watchbox-next")
            .and_then(|value| value.to_str().ok());
        match next {
            Some(next) => self.after = Some(next.to_owned()),
            None => self.done = true,
        }
        // A page of CSV has a header of its own, so there is but one.
        self.done |= self.format != NDJSON;
        Ok(response)
    }
}

/// A log that is followed.
pub struct Live<'a> {
    api: &'a Api,
    path: Vec<String>,
    query: Query,
    response: Response,
    /// The position of the last row that came.
    after: Option<String>,
}

/// What comes of following a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Rows came in, each as JSON on one line.
    Rows(Vec<String>),
    /// The connection broke; it is being made again.
    Lost(String),
    /// There is a connection again.
    Back,
}

impl Api {
    /// Rows of a log as NDJSON.
    pub fn ndjson<'a>(&'a self, query: &'a LogQuery, range: Range) -> Pages<'a> {
        self.pages(query, NDJSON, range)
    }

    /// Rows of a log as CSV: at most [`MAX_PAGE`].
    pub fn csv<'a>(&'a self, query: &'a LogQuery, range: Range) -> Pages<'a> {
        self.pages(query, "csv", range)
    }

    fn pages<'a>(&'a self, query: &'a LogQuery, format: &'static str, range: Range) -> Pages<'a> {
        Pages {
            api: self,
            query,
            format,
            left: range.count(),
            last: match range {
                Range::First(_) => None,
                Range::Last(last) => Some(last),
            },
            page: None,
            after: None,
            done: false,
        }
    }

    /// Begins to follow the log or the trail at `path`, after the position `after` or with what comes from now on.
    pub async fn follow(
        &self,
        path: &[&str],
        query: &Query,
        after: Option<String>,
    ) -> anyhow::Result<Live<'_>> {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        Ok(Live {
            response: self.connect(&path, query, after.as_deref()).await?,
            api: self,
            path,
            query: query.clone(),
            after,
        })
    }

    async fn connect(
        &self,
        path: &[String],
        query: &Query,
        after: Option<&str>,
    ) -> anyhow::Result<Response> {
        let path: Vec<&str> = path.iter().map(String::as_str).chain(["live"]).collect();
        let mut request = self
            .request(Method::GET, &path, query)
            .header(header::ACCEPT, "text/event-stream");
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        self.send(request).await
    }
}

impl Live<'_> {
    /// Tells `each` what comes, for ever; a connection that breaks is made again where it broke. Ends when the server refuses, or when `each` fails.
    pub async fn each(
        mut self,
        mut each: impl FnMut(Tail) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut pause = PAUSE.0;
        loop {
            let reason = read_live(self.response, &mut self.after, &mut each).await?;
            each(Tail::Lost(reason))?;
            self.response = loop {
                tokio::time::sleep(pause).await;
                match self
                    .api
                    .connect(&self.path, &self.query, self.after.as_deref())
                    .await
                {
                    Ok(response) => break response,
                    Err(error) if is_passing(&error) => pause = (pause * 2).min(PAUSE.1),
                    Err(error) => return Err(error),
                }
            };
            pause = PAUSE.0;
            each(Tail::Back)?;
        }
    }
}

/// Reads one connection to its end and says how that came.
async fn read_live(
    response: Response,
    after: &mut Option<String>,
    each: &mut impl FnMut(Tail) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    let mut parser = sse::Parser::default();
    let mut events = Vec::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) => return Ok(error.without_url().to_string()),
        };
        parser.feed(&piece, &mut events)?;
        let rows: Vec<String> = events
            .drain(..)
            .inspect(|event: &sse::Event| after.clone_from(&event.id))
            .filter(|event| event.name.is_empty())
            .map(|event| event.data)
            .collect();
        if !rows.is_empty() {
            each(Tail::Rows(rows))?;
        }
    }
    Ok("the server closed the connection".to_owned())
}

impl LogQuery {
    /// Where the API has it.
    pub fn path(&self) -> [&str; 2] {
        let kind = match self.kind {
            LogKind::Events => "events",
            LogKind::Rows => "rows",
            LogKind::Messages => "messages",
        };
        [kind, self.name.as_str()]
    }

    fn parts(&self) -> Query {
        let time = |time: Time| Timestamp(time).to_string();
        let mut parts = Query::new();
        parts.extend(self.since.map(|since| ("since", time(since))));
        parts.extend(self.until.map(|until| ("until", time(until))));
        parts
    }
}

/// Whether waiting can help.
fn is_passing(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(
            ApiError::Unreachable { .. }
                | ApiError::Refused {
                    status: 429 | 500..,
                    ..
                }
        )
    )
}
