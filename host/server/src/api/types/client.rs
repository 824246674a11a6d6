//! Clients and their labels.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchbox_model::{ClientId, Label, Time};

use super::Timestamp;

/// An endpoint, as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Client {
    /// Its id.
    #[schema(value_type = String, example = "C.1f2e3d4c5b6a7988")]
    pub id: ClientId,
    /// Its hostname; empty until one was reported.
    pub hostname: String,
    /// Its operating system, as it was registered; empty where none was.
    pub os: String,
    /// Its labels, sorted.
    #[schema(value_type = Vec<String>)]
    pub labels: Vec<Label>,
    /// When it was registered or first reported.
    pub first_seen: Timestamp,
    /// When it last reported; left out where it was registered and has not reported yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

impl From<watchbox_model::Client> for Client {
    fn from(client: watchbox_model::Client) -> Self {
        Self {
            id: client.id,
            hostname: client.hostname,
            os: client.os,
            labels: client.labels,
            first_seen: client.first_seen.into(),
            last_seen: (client.last_seen != Time::default()).then(|| client.last_seen.into()),
        }
    }
}

/// A client to register, or what to change of one that is there; what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutClient {
    /// Its hostname.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Its operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
}

/// Labels to put on a client and to take off it. Doing it twice is the same as once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelEdit {
    /// Those to put on.
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["Slack"]))]
    pub add: Vec<Label>,
    /// Those to take off.
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!([]))]
    pub remove: Vec<Label>,
}
