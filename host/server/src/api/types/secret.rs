//! Secrets: listed by name, set, sealed anew. No value ever comes out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchbox_engine::{Rotated, SecretFacts};
use watchbox_model::Name;

use super::{SecretText, Timestamp};

/// What may be told of a secret parameter of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecretEntry {
    /// The installation.
    #[schema(value_type = String, example = "Server.Slack.ClientsOnline")]
    pub installation: Name,
    /// The parameter.
    #[schema(example = "token_url")]
    pub parameter: String,
    /// Whether it was given; where not, the artifact has a default for it, or what was given can't be opened any more.
    pub set: bool,
    /// When it was set, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_at: Option<Timestamp>,
    /// Who set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_by: Option<String>,
    /// The requests that it may go out with, by the grants; none means that it goes nowhere.
    #[schema(example = json!(["POST https://hooks.slack.com/services/*"]))]
    pub destinations: Vec<String>,
}

/// Another value for a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetSecret {
    /// The value.
    #[schema(value_type = String)]
    pub value: SecretText,
}

/// What came of a change of the key that seals secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RotatedKey {
    /// The name of the key that seals now.
    pub key: String,
    /// The name of the one before it, which is destroyed.
    pub previous: String,
    /// How many places were sealed anew: installations, versions of them, what waits for approval.
    pub sealed: usize,
    /// The places whose secrets the key could not open; they stay as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
}

impl From<SecretFacts> for SecretEntry {
    fn from(facts: SecretFacts) -> Self {
        Self {
            installation: facts.installation,
            parameter: facts.parameter,
            set: facts.is_set,
            set_at: facts.at.map(Timestamp),
            set_by: facts.by,
            destinations: facts.destinations,
        }
    }
}

impl From<Rotated> for RotatedKey {
    fn from(rotated: Rotated) -> Self {
        Self {
            key: rotated.key,
            previous: rotated.previous,
            sealed: rotated.sealed,
            left: rotated.left,
        }
    }
}
