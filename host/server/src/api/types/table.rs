//! The monitoring table: what is installed, and what it is doing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use watchbox_engine::{Phase, Status};
use watchbox_model::{Digest, Name};

use super::{Origin, Pending, Quarantine, SecretText, ShadowVersion, Timestamp};

/// One line of the monitoring table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Installation {
    /// What it is installed as.
    #[schema(value_type = String, example = "Server.Slack.ClientsOnline")]
    pub name: Name,
    /// The artifact's name, by its manifest.
    #[schema(value_type = String)]
    pub artifact: Name,
    /// The artifact's version.
    pub version: String,
    /// The component that runs.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// The component that ran before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub previous: Option<Digest>,
    /// The component that is running still, while `digest` is being loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub running: Option<Digest>,
    /// The version that runs beside it, its effects withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowVersion>,
    /// The open parameters, as they were given.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub parameters: BTreeMap<String, Value>,
    /// The grants.
    #[schema(value_type = Object)]
    pub grants: Value,
    /// On or off.
    pub enabled: bool,
    /// Who stands for the component; left out while it is not loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What it is doing: `idle`, `running`, `retrying`, `disabled`, `broken` or `quarantined`.
    #[schema(value_type = String, example = "idle")]
    pub phase: Phase,
    /// Whether its version has yet to prove itself: where it fails on its first turns, the one before takes its place again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub probation: bool,
    /// Why it is set aside, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Quarantine>,
    /// A version that waits for approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// Turns committed since the server started.
    pub turns: u64,
    /// Tries discarded since then.
    pub failures: u64,
    /// Rows emitted since then.
    pub rows: u64,
    /// Events of its logs that it has not come to yet.
    pub lag: u64,
    /// How old the oldest of those is, in seconds, as measured every 5 seconds.
    #[serde(default)]
    pub lag_seconds: f64,
    /// Triggers of it that were set aside and wait for somebody to redrive or drop them. Told where the table is read, if they can be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letters: Option<u64>,
    /// The last error that is not over. A turn's is over when the next turn of its kind succeeds: with events of the same log, or at a tick; or when its dead letter is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<LastError>,
    /// When its last turn was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_turn: Option<Timestamp>,
    /// When its next tick is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_tick: Option<Timestamp>,
    /// When the turn that failed is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Timestamp>,
    /// When it was first installed.
    pub installed_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// Who changed it last.
    pub changed_by: String,
}

/// What went wrong last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastError {
    /// When.
    pub at: Timestamp,
    /// What.
    pub error: String,
}

impl From<Status> for Installation {
    fn from(status: Status) -> Self {
        let kept = status.installation;
        Self {
            name: kept.name,
            artifact: status.artifact,
            version: status.version,
            digest: kept.digest,
            previous: kept.previous,
            running: status.running,
            shadow: status
                .shadow
                .map(|(digest, version)| ShadowVersion { digest, version }),
            parameters: kept.parameters,
            grants: kept.grants,
            enabled: kept.enabled,
            origin: status.origin.map(Origin::from),
            phase: status.phase,
            probation: kept.probation,
            quarantine: kept.quarantine.map(Quarantine::from),
            pending: kept.pending.map(Pending::from),
            turns: status.turns,
            failures: status.failures,
            dead_letters: None,
            rows: status.rows,
            lag: status.lag,
            lag_seconds: status.behind.as_secs_f64(),
            last_error: status.last_error.map(|(at, error)| LastError {
                at: at.into(),
                error,
            }),
            last_turn: status.last_turn.map(Timestamp),
            next_tick: status.next_tick.map(Timestamp),
            next_try: status.next_try.map(Timestamp),
            installed_at: kept.installed_at.into(),
            changed_at: kept.changed_at.into(),
            changed_by: kept.changed_by,
        }
    }
}

/// An artifact to install under the name in the path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallRequest {
    /// The component, uploaded before.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Its open parameters; those left out get their defaults.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Value>)]
    pub parameters: BTreeMap<String, Value>,
    /// Its secret parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretText>,
    /// What it may do: nothing, where left out.
    #[serde(default = "no_grants")]
    #[schema(value_type = Object)]
    pub grants: Value,
    /// Where it begins in the logs that it watches.
    #[serde(default)]
    pub start: Start,
    /// On or off.
    #[serde(default = "on")]
    pub enabled: bool,
}

/// What to change of an installation; what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRequest {
    /// Another component of the same artifact, uploaded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub digest: Option<Digest>,
    /// Other open parameters: all of them. Those left out get their defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    pub parameters: Option<BTreeMap<String, Value>>,
    /// Other values of the open parameters named here; null gives one its default again. Those not named stay. Not together with `parameters`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Value>)]
    pub set_parameters: BTreeMap<String, Option<Value>>,
    /// Other secret parameters; those not named stay.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretText>,
    /// Other grants: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub grants: Option<Value>,
    /// On or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The `changed_at` of the line that you looked at: if it was changed since, nothing is done (409), so that of two who change it at once none undoes what the other did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchanged_since: Option<Timestamp>,
}

/// Where a new installation begins in the logs that it watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With the events that are accepted from now on.
    #[default]
    Now,
    /// With the oldest that is kept.
    Oldest,
}

/// What came of an install or a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Installed {
    /// How it stands now.
    pub installation: Installation,
    /// What the operator should know.
    pub warnings: Vec<String>,
}

fn no_grants() -> Value {
    Value::Object(serde_json::Map::new())
}

fn on() -> bool {
    true
}
