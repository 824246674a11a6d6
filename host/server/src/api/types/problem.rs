//! What an error looks like: RFC 9457.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Ingested;

/// A problem document (RFC 9457), sent as `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Which kind of problem, as a URI that stays the same: `urn:watchbox:problem:` and a word. Programs decide by this.
    #[serde(rename = "type")]
    #[schema(example = "urn:watchbox:problem:not-found")]
    pub kind: String,
    /// What the kind is called.
    #[schema(example = "Not found")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// What was wrong this time, and what to do.
    #[schema(example = "nothing is installed as `Server.X`")]
    pub detail: String,
    /// The path that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "/api/v1/table/Server.X")]
    pub instance: Option<String>,
    /// Where events were sent and none was accepted: what was wrong with them.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Ingested>)]
    pub ingested: Option<Box<Ingested>>,
}
