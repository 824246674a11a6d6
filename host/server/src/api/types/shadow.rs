//! Shadows: how a new version compares with the one that is installed.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use watchbox_engine::{Difference, ShadowReport};
use watchbox_model::{
    Digest, Name,
    row::{JsonEncoding, write_json},
};

use super::{DeniedCall, GivenUp, Timestamp, WithheldTarget};

/// How a shadow compares with its installation so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Shadow {
    /// Whose shadow.
    #[schema(value_type = String)]
    pub name: Name,
    /// The component that is its shadow.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Its version.
    pub version: String,
    /// Since when it runs.
    pub since: Timestamp,
    /// Who started it.
    pub started_by: String,
    /// Whether it runs still; where it does not, `trouble` says why.
    pub running: bool,
    /// Events that it was given.
    pub events: u64,
    /// Turns that succeeded.
    pub turns: u64,
    /// Rows that it emitted.
    pub rows: u64,
    /// Rows that both gave.
    pub same: u64,
    /// Rows that only the installation gave.
    pub only_live: RowDifference,
    /// Rows that only the shadow gave.
    pub only_shadow: RowDifference,
    /// Requests that would have been made.
    pub calls: u64,
    /// Where they would have gone.
    pub targets: Vec<WithheldTarget>,
    /// Calls that were denied.
    pub denied: u64,
    /// The first denied calls of each kind.
    pub denials: Vec<DeniedCall>,
    /// Events and ticks that it could not handle.
    pub failures: u64,
    /// The last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<ShadowFailure>,
    /// Why it can't go on now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// How long its turns took, all together, in seconds.
    pub busy_seconds: f64,
    /// Events that it has not come to yet: until it has, their rows count as the installation's alone.
    pub lag: u64,
}

/// Rows that only one side gave so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RowDifference {
    /// How many.
    pub rows: u64,
    /// The first of them, 100 at most.
    #[schema(value_type = Vec<Object>)]
    pub examples: Vec<Value>,
}

/// A trigger that the shadow could not handle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShadowFailure {
    /// When.
    pub at: Timestamp,
    /// What and why.
    #[serde(flatten)]
    pub given_up: GivenUp,
}

/// The version that runs beside an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShadowVersion {
    /// The component.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Its version.
    pub version: String,
}

impl From<ShadowReport> for Shadow {
    fn from(report: ShadowReport) -> Self {
        Self {
            name: report.name,
            digest: report.digest,
            version: report.version,
            since: report.since.into(),
            started_by: report.started_by,
            running: report.is_running,
            events: report.facts.events,
            turns: report.facts.turns,
            rows: report.facts.rows,
            same: report.facts.same,
            only_live: report.facts.only_live.into(),
            only_shadow: report.facts.only_shadow.into(),
            calls: report.facts.calls,
            targets: report.facts.targets.into_iter().map(Into::into).collect(),
            denied: report.facts.denied,
            denials: report.facts.denials.into_iter().map(Into::into).collect(),
            failures: report.facts.failures,
            last_failure: report
                .facts
                .last_failure
                .map(|(at, given_up)| ShadowFailure {
                    at: at.into(),
                    given_up: given_up.into(),
                }),
            trouble: report.facts.trouble,
            busy_seconds: report.facts.busy.as_secs_f64(),
            lag: report.facts.lag,
        }
    }
}

impl From<Difference> for RowDifference {
    fn from(difference: Difference) -> Self {
        let json = |row| {
            let mut text = Vec::new();
            write_json(row, JsonEncoding::Api, &mut text);
            serde_json::from_slice(&text).unwrap_or_default()
        };
        Self {
            rows: difference.rows,
            examples: difference.examples.iter().map(json).collect(),
        }
    }
}
