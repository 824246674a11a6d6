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

/// The pages of a log, one after the other.
pub struct Pages<'a> {
    api: &'a Api,
    query: &'a LogQuery,
    format: &'a str,
    range: Range,
    after: Option<String>,
    done: bool,
}

/// One page of a log, as its text comes in.
pub struct LogPage {
    response: Response,
    server: reqwest::Url,
}

impl LogPage {
    /// The next piece of the text; none at its end.
    pub async fn piece(&mut self) -> anyhow::Result<Option<Bytes>> {
        let piece = self.response.chunk().await;
        Ok(piece.map_err(|error| ApiError::unreachable(&self.server, error))?)
    }

    /// The whole text.
    pub async fn text(mut self) -> anyhow::Result<Vec<u8>> {
        let mut text = Vec::new();
        while let Some(piece) = self.piece().await? {
            text.extend_from_slice(&piece);
        }
        Ok(text)
    }
}

impl Pages<'_> {
    /// The next page; none after the last.
    pub async fn next(&mut self) -> anyhow::Result<Option<LogPage>> {
        if self.done {
            return Ok(None);
        }
        let mut parts = self.query.parts();
        parts.push(("format", self.format.to_owned()));
        match &mut self.range {
            Range::First(left) => {
                let limit = (*left).min(MAX_PAGE);
                *left -= limit;
                parts.push(("limit", limit.to_string()));
                parts.extend(self.after.take().map(|after| ("after", after)));
            }
            Range::Last(last) => parts.push(("last", last.to_string())),
        }
        let request = self.api.request(Method::GET, &self.query.path(), &parts);
        let response = self.api.send(request).await?;
        self.after = response
            .headers()
            .get("watchbox-next")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        self.done = self.after.is_none() || !matches!(self.range, Range::First(1..));
        Ok(Some(LogPage {
            response,
            server: self.api.base.clone(),
        }))
    }
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
    /// The pages of a log in `format` (`ndjson` or `csv`).
    pub fn pages<'a>(&'a self, query: &'a LogQuery, format: &'a str, range: Range) -> Pages<'a> {
        Pages {
            api: self,
            query,
            format,
            range,
            after: None,
            done: false,
        }
    }

    /// Follows a log for ever and tells `each` what comes; a connection that breaks is made again where it broke.
    /// Ends when the server refuses, or when `each` fails.
    pub async fn follow(
        &self,
        query: &LogQuery,
        mut each: impl FnMut(Tail) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut last: Option<String> = None;
        let mut pause = PAUSE.0;
        let mut connected_before = false;
        loop {
            let lost = match self.connect(query, last.as_deref()).await {
                Ok(response) => {
                    if std::mem::replace(&mut connected_before, true) {
                        each(Tail::Back)?;
                    }
                    pause = PAUSE.0;
                    self.read_live(response, &mut last, &mut each).await?
                }
                // The first try tells the user that the server is not there; later ones are patient.
                Err(error) if connected_before && is_passing(&error) => error.to_string(),
                Err(error) => return Err(error),
            };
            each(Tail::Lost(lost))?;
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    async fn connect(&self, query: &LogQuery, last: Option<&str>) -> anyhow::Result<Response> {
        let mut path = query.path().to_vec();
        path.push("live");
        let mut request = self
            .request(Method::GET, &path, &query.parts())
            .header(header::ACCEPT, "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        self.send(request).await
    }

    /// Reads one connection to its end and says how that came.
    async fn read_live(
        &self,
        response: Response,
        last: &mut Option<String>,
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
                .inspect(|event: &sse::Event| last.clone_from(&event.id))
                .filter(|event| event.name.is_empty() || event.name == "row")
                .map(|event| event.data)
                .collect();
            if !rows.is_empty() {
                each(Tail::Rows(rows))?;
            }
        }
        Ok("the server closed the connection".to_owned())
    }
}

impl LogQuery {
    fn path(&self) -> [&str; 2] {
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
