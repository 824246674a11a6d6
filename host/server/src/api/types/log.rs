//! A log, described.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchbox_model::{LogKind, Name};
use watchbox_store::LogInfo;

use super::Timestamp;

/// A log: what clients reported under a name, what an artifact emitted, or what it had to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Log {
    /// `events`, `rows` or `messages`.
    #[schema(value_type = String, example = "events")]
    pub kind: LogKind,
    /// The client artifact's name, or what the artifact is installed as.
    #[schema(value_type = String, example = "Windows.Events.ProcessCreation")]
    pub name: Name,
    /// The position of the first row that is still kept.
    pub first: u64,
    /// The position that the next row will get.
    pub next: u64,
    /// Bytes of its rows.
    pub bytes: u64,
    /// When its newest row came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Timestamp>,
}

impl From<LogInfo> for Log {
    fn from(info: LogInfo) -> Self {
        Self {
            kind: info.log.kind,
            name: info.log.name,
            first: info.first,
            next: info.next,
            bytes: info.bytes,
            newest: info.newest.map(Timestamp),
        }
    }
}
