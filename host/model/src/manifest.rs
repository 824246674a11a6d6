//! `artifact.yaml`: what an artifact is, what sets it off, what it wants to do and why.

mod compare;
pub(crate) mod need;
mod read;
mod resolve;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Capability, Filter, Name,
    filter::Columns,
    parameter::{ParameterError, ParameterSpec, Parameters},
    schedule::Schedule,
};

/// Why a text is no manifest.
pub use self::need::{HttpNeed, MailNeed, Need};
pub use crate::document::DocumentError as ManifestError;

/// The custom section of a component in which its manifest stands, as the YAML text itself.
pub const SECTION: &str = "watchbox:manifest";

/// A checked manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The artifact's name, `Server.X.Y`.
    pub name: Name,
    /// Its version.
    pub version: semver::Version,
    /// What it does, for the operator.
    pub description: String,
    /// Who wrote it.
    pub author: String,
    /// Its parameters.
    pub parameters: Vec<ParameterSpec>,
    /// The logs it watches.
    pub subscribe: Vec<Subscription>,
    /// Its clock.
    pub schedule: Option<Schedule>,
    /// How rows and parameters cross the boundary.
    pub encoding: Encoding,
    /// What it wants to do.
    pub capabilities: BTreeMap<Capability, Declared>,
    /// The columns it emits.
    pub rows: Vec<Column>,
}

/// A log to watch, as the manifest writes it: `{parameter}` may stand in the log's name and in patterns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The log's name: a client artifact's, or an installed artifact's.
    pub artifact: String,
    /// Conditions that all must hold.
    #[serde(rename = "where", default, skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<ConditionSpec>,
    /// The columns that cross the boundary, `ClientId` and `_ts` beside them; all where left out. `*` is all of them, `_position` where in
    /// the log the event stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// How large a batch may grow.
    #[serde(default)]
    pub batch: BatchSpec,
}

/// A condition, as the manifest writes it: a column and exactly one test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionSpec {
    /// The column.
    pub column: String,
    /// A regular expression to be found in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// A regular expression that must not be found in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_matches: Option<String>,
    /// A value that it must equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<serde_json::Value>,
    /// Values of which it must equal one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<serde_json::Value>>,
    /// Whether it must be there and not null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
}

/// The bounds of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BatchSpec {
    /// The most events of one batch, 1 to 10,000.
    pub rows: u32,
    /// How long to wait for more once one is there, in milliseconds; 0 takes what there is.
    pub wait_ms: u32,
}

impl Default for BatchSpec {
    fn default() -> Self {
        Self {
            rows: 1_000,
            wait_ms: 0,
        }
    }
}

/// How rows and parameters cross the boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// MessagePack: exact, fastest in Rust, Go and C.
    #[default]
    Msgpack,
    /// JSON: fastest in Python and JavaScript.
    Json,
}

/// A capability, as declared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// Why the artifact wants it, for the operator who is to grant it.
    pub reason: String,
    /// For `http` and `mail`: the requests it wants to make, the people it wants to write to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
}

/// A column that an artifact emits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type; turns the JSON encoding's text back into what it was.
    #[serde(rename = "type", default)]
    pub kind: ColumnType,
    /// What it holds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// The types of columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Whatever it is.
    #[default]
    Any,
    /// Text.
    String,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// True or false.
    Bool,
    /// Bytes.
    Bytes,
    /// Seconds since the epoch, or RFC 3339 text.
    Timestamp,
}

/// A subscription with its parameters filled in and its patterns compiled.
#[derive(Clone, Debug)]
pub struct ResolvedSubscription {
    /// The log's name.
    pub log: Name,
    /// What passes.
    pub filter: Filter,
    /// What of it crosses the boundary.
    pub columns: Columns,
    /// The bounds of a batch.
    pub batch: BatchSpec,
}

impl Manifest {
    /// Reads `yaml`; `file` is what errors call it.
    pub fn parse(file: &str, yaml: &str) -> Result<Self, ManifestError> {
        read::read(file, yaml)
    }

    /// The subscriptions, for these parameters.
    pub fn resolve(
        &self,
        parameters: &Parameters,
    ) -> Result<Vec<ResolvedSubscription>, ParameterError> {
        resolve::resolve(self, parameters)
    }
}

#[cfg(test)]
mod tests;
