//! Replays.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchbox_engine::{ReplayEnd, ReplaySummary};
use watchbox_model::Digest;
use watchbox_sandbox::CannedAnswer;

use super::{DeniedCall, GivenUp, Timestamp, WithheldCall, WithheldTarget};

/// A replay that is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// Events that came in at this time or later, and ticks due then.
    pub since: Timestamp,
    /// Those before this time; up to now, where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Which version: a component that was uploaded; the one that is installed, where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub version: Option<Digest>,
    /// Tell how the rows differ from those that were stored, instead of the rows.
    #[serde(default)]
    pub diff: bool,
    /// The most rows, up to 1,000,000; 100,000 where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// What every request is answered; 200 and `ok`, where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<ReplayAnswer>,
}

/// What every request is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayAnswer {
    /// The status, 200 to 599.
    #[schema(minimum = 200, maximum = 599)]
    pub status: u16,
    /// The body.
    #[serde(default)]
    pub body: String,
}

/// One line of what comes of a replay: one of these fields, or, of a diff, `only` and `row`. The last line has the summary.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReplayLine {
    /// A row that it emitted, with its turn's time as `_ts`; of a diff, one that only one side has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub row: Option<serde_json::Value>,
    /// Of a diff: which side has the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Side>,
    /// A request that would have been made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<WithheldCall>,
    /// A call that the grants denied: the first of each kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<DeniedCall>,
    /// A trigger that could not be handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<GivenUp>,
    /// What it came to. A stream that ends without it broke off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<ReplayTotal>,
}

/// A side of a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The replay emitted it, and it is not stored.
    Replayed,
    /// It is stored, and the replay did not emit it.
    Stored,
}

/// What a replay came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReplayTotal {
    /// The component that ran.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Its version.
    pub version: String,
    /// The range.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// `done`, or why it ended before its range did: `rows`, `time`, `removed`, `stopping` or `store`.
    #[schema(example = "done")]
    pub end: String,
    /// What the store said, where that was why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Events that were handled or given up.
    pub events: u64,
    /// Turns that succeeded.
    pub turns: u64,
    /// Rows emitted.
    pub rows: u64,
    /// Of a diff: rows that only the replay gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_replayed: Option<u64>,
    /// Of a diff: rows that are only stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_stored: Option<u64>,
    /// Requests that would have been made.
    pub calls: u64,
    /// Where they would have gone.
    pub targets: Vec<WithheldTarget>,
    /// Calls that were denied.
    pub denied: u64,
    /// Labels that would have been put on or taken off.
    pub labels: u64,
    /// Keys of its own state that were set or removed.
    pub state: u64,
    /// Events and ticks that could not be handled.
    pub failures: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl From<ReplayAnswer> for CannedAnswer {
    fn from(answer: ReplayAnswer) -> Self {
        Self {
            status: answer.status,
            body: answer.body.into(),
        }
    }
}

impl From<ReplaySummary> for ReplayTotal {
    fn from(summary: ReplaySummary) -> Self {
        let (end, error) = match summary.end {
            ReplayEnd::Done => ("done", None),
            ReplayEnd::Rows => ("rows", None),
            ReplayEnd::Time => ("time", None),
            ReplayEnd::Removed => ("removed", None),
            ReplayEnd::Stopping => ("stopping", None),
            ReplayEnd::Store(error) => ("store", Some(error)),
        };
        Self {
            digest: summary.digest,
            version: summary.version,
            since: summary.since.into(),
            until: summary.until.into(),
            end: end.to_owned(),
            error,
            events: summary.events,
            turns: summary.turns,
            rows: summary.rows,
            only_replayed: summary.differences.map(|(replayed, _)| replayed),
            only_stored: summary.differences.map(|(_, stored)| stored),
            calls: summary.calls,
            targets: summary.targets.into_iter().map(Into::into).collect(),
            denied: summary.denied,
            labels: summary.labels,
            state: summary.state,
            failures: summary.failures,
            seconds: summary.took.as_secs_f64(),
        }
    }
}
