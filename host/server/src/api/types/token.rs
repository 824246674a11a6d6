//! Bearer tokens.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchbox_model::{ClientId, Name};

use super::{SecretText, Timestamp};

/// What the bearer of a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Admin,
    /// Read everything but tokens; install, change and remove artifacts within what is granted; register and label clients.
    Operator,
    /// Read everything but tokens; change nothing.
    Analyst,
    /// Send events, and nothing else.
    Ingest,
}

impl Role {
    /// All there are, the one that may most first.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Operator, Self::Analyst, Self::Ingest];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Analyst => "analyst",
            Self::Ingest => "ingest",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A token, without its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its name; the audit trail says `token:NAME`.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// The only clients that events may be from (role `ingest`); any where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub clients: Vec<ClientId>,
    /// The only names that events may be sent under (role `ingest`); any where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub artifacts: Vec<Name>,
    /// When it was made, or given another secret.
    pub created: Timestamp,
    /// When it ends, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was last used, to the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
    /// Until when the secret that it had before is good still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_until: Option<Timestamp>,
}

/// A token to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Its name: 1 to 64 letters, digits, `.`, `_` and `-`.
    #[schema(example = "fleet-ingest")]
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// The only clients that events may be from (role `ingest`), 1,000 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub clients: Vec<ClientId>,
    /// The only names that events may be sent under (role `ingest`), 1,000 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub artifacts: Vec<Name>,
    /// When it is to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// Another secret for a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RotateToken {
    /// For how many seconds the secret that it has now is good still, a week at most; not at all where left out.
    #[schema(maximum = 604_800)]
    pub grace_seconds: u64,
}

/// A token that was just made or given another secret: the only time that its text is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CreatedToken {
    /// The token's record.
    #[serde(flatten)]
    pub token: Token,
    /// Its text, for `Authorization: Bearer`. It is kept nowhere: write it down now.
    #[serde(rename = "token")]
    #[schema(value_type = String)]
    pub text: SecretText,
}
