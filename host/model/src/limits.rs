//! What a turn may use, always on. The defaults are safe; a grant's `limits` may change each.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    document::{DocumentError, Field},
    measure,
};

/// The limits of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of the instance, in bytes.
    pub memory: u64,
    /// Computing time of a turn: the guest's own, not what it waits for.
    pub compute: Duration,
    /// Time of a turn over all, waiting for host calls included.
    pub turn: Duration,
    /// Calls into the host in a turn.
    pub calls: u32,
    /// HTTP requests a minute.
    pub requests_per_minute: u32,
    /// Mails an hour.
    pub mails_per_hour: u32,
    /// Bytes of an HTTP request's body, and of a mail's text.
    pub request: u64,
    /// Bytes of an HTTP response's body.
    pub response: u64,
    /// Rows out of a turn.
    pub rows: u32,
    /// Bytes of the rows out of a turn.
    pub rows_bytes: u64,
    /// Log lines in a turn; the rest are counted and dropped.
    pub log_lines: u32,
    /// Log lines in a minute, over all turns; the rest are counted and dropped.
    pub log_lines_per_minute: u32,
    /// Bytes of one log line; the rest is cut.
    pub log_line_bytes: u32,
    /// Bytes of the artifact's state, keys and values.
    pub state: u64,
    /// Tries of a turn before its trigger becomes a dead letter.
    pub tries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            compute: Duration::from_secs(5),
            turn: Duration::from_secs(60),
            calls: 10_000,
            requests_per_minute: 120,
            mails_per_hour: 60,
            request: 1 << 20,
            response: 1 << 20,
            rows: 100_000,
            rows_bytes: 32 << 20,
            log_lines: 200,
            log_lines_per_minute: 6_000,
            log_line_bytes: 8 << 10,
            state: 1 << 20,
            tries: 8,
        }
    }
}

impl Limits {
    /// Reads the limits of a grant: each that is left out stays as the default has it.
    pub(crate) fn read(field: &Field<'_>) -> Result<Self, DocumentError> {
        let fields = field.fields(&[
            "memory",
            "compute",
            "turn",
            "calls",
            "requests-per-minute",
            "mails-per-hour",
            "request",
            "response",
            "rows",
            "rows-bytes",
            "log-lines",
            "log-lines-per-minute",
            "log-line-bytes",
            "state",
            "tries",
        ])?;
        let size = |name: &str, most: u64, default: u64| match fields.get(name) {
            Some(field) => {
                let size =
                    measure::parse_size(field.text()?).map_err(|error| field.error(error))?;
                let within = Some(size).filter(|size| *size <= most);
                within.ok_or_else(|| {
                    field.error(format!("at most {} are allowed", measure::show_size(most)))
                })
            }
            None => Ok(default),
        };
        let duration = |name: &str, most: Duration, default: Duration| match fields.get(name) {
            Some(field) => {
                let time =
                    measure::parse_duration(field.text()?).map_err(|error| field.error(error))?;
                let within = Some(time).filter(|time| (LEAST_TIME..=most).contains(time));
                let [least, most] = [LEAST_TIME, most].map(measure::show_duration);
                within.ok_or_else(|| field.error(format!("from {least} to {most} are allowed")))
            }
            None => Ok(default),
        };
        let number = |name: &str, least: u32, default: u32| match fields.get(name) {
            Some(field) => field.number(least, u32::MAX),
            None => Ok(default),
        };
        let default = Self::default();
        let hour = Duration::from_secs(60 * 60);
        Ok(Self {
            memory: size("memory", 4 << 30, default.memory)?,
            compute: duration("compute", hour, default.compute)?,
            turn: duration("turn", 24 * hour, default.turn)?,
            calls: number("calls", 0, default.calls)?,
            requests_per_minute: number("requests-per-minute", 0, default.requests_per_minute)?,
            mails_per_hour: number("mails-per-hour", 0, default.mails_per_hour)?,
            request: size("request", 1 << 30, default.request)?,
            response: size("response", 1 << 30, default.response)?,
            rows: number("rows", 0, default.rows)?,
            rows_bytes: size("rows-bytes", 2 << 30, default.rows_bytes)?,
            log_lines: number("log-lines", 0, default.log_lines)?,
            log_lines_per_minute: number("log-lines-per-minute", 0, default.log_lines_per_minute)?,
            log_line_bytes: match u32::try_from(size(
                "log-line-bytes",
                1 << 20,
                default.log_line_bytes.into(),
            )?) {
                Ok(size) => size,
                Err(_) => default.log_line_bytes,
            },
            state: size("state", 1 << 30, default.state)?,
            tries: number("tries", 1, default.tries)?,
        })
    }

    /// The limits as a grant has them, every one of them.
    pub fn to_json(&self) -> Value {
        json!({
            "memory": measure::show_size(self.memory),
            "compute": measure::show_duration(self.compute),
            "turn": measure::show_duration(self.turn),
            "calls": self.calls,
            "requests-per-minute": self.requests_per_minute,
            "mails-per-hour": self.mails_per_hour,
            "request": measure::show_size(self.request),
            "response": measure::show_size(self.response),
            "rows": self.rows,
            "rows-bytes": measure::show_size(self.rows_bytes),
            "log-lines": self.log_lines,
            "log-lines-per-minute": self.log_lines_per_minute,
            "log-line-bytes": measure::show_size(self.log_line_bytes.into()),
            "state": measure::show_size(self.state),
            "tries": self.tries,
        })
    }
}

/// The shortest time that can be kept to: one tick of the clock that interrupts guests.
const LEAST_TIME: Duration = Duration::from_millis(10);

/// Which limit was hit; what the log, the metrics and the API call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// [`Limits::memory`].
    Memory,
    /// [`Limits::compute`].
    Compute,
    /// [`Limits::turn`].
    Turn,
    /// [`Limits::calls`].
    Calls,
    /// [`Limits::requests_per_minute`].
    RequestsPerMinute,
    /// [`Limits::request`].
    Request,
    /// [`Limits::response`].
    Response,
    /// [`Limits::rows`].
    Rows,
    /// [`Limits::rows_bytes`].
    RowsBytes,
    /// [`Limits::log_lines`].
    LogLines,
    /// [`Limits::log_lines_per_minute`].
    LogLinesPerMinute,
    /// [`Limits::state`].
    State,
    /// The guest's stack: fixed by the host.
    Stack,
}

impl Limit {
    /// The name, as in a grant.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Compute => "compute",
            Self::Turn => "turn",
            Self::Calls => "calls",
            Self::RequestsPerMinute => "requests-per-minute",
            Self::Request => "request",
            Self::Response => "response",
            Self::Rows => "rows",
            Self::RowsBytes => "rows-bytes",
            Self::LogLines => "log-lines",
            Self::LogLinesPerMinute => "log-lines-per-minute",
            Self::State => "state",
            Self::Stack => "stack",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
