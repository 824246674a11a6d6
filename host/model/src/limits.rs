//! What a turn may use, always on. The defaults are safe; a grant's `limits` may change each.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

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
    /// Bytes of an HTTP response's body.
    pub response: u64,
    /// Rows out of a turn.
    pub rows: u32,
    /// Bytes of the rows out of a turn.
    pub rows_bytes: u64,
    /// Log lines in a turn; the rest are counted and dropped.
    pub log_lines: u32,
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
            response: 1 << 20,
            rows: 100_000,
            rows_bytes: 32 << 20,
            log_lines: 200,
            log_line_bytes: 8 << 10,
            state: 1 << 20,
            tries: 8,
        }
    }
}

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
    /// [`Limits::response`].
    Response,
    /// [`Limits::rows`].
    Rows,
    /// [`Limits::rows_bytes`].
    RowsBytes,
    /// [`Limits::log_lines`].
    LogLines,
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
            Self::Response => "response",
            Self::Rows => "rows",
            Self::RowsBytes => "rows-bytes",
            Self::LogLines => "log-lines",
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
