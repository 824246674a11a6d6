//! Bearer tokens.

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
    /// Read everything but tokens; change nothing.
    Reader,
    /// Send events, and nothing else.
    Ingest,
}

/// A token, without its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its name; the audit trail says `token:NAME`.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// The only client that events may be from (role `ingest`); any where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub client: Option<ClientId>,
    /// The only names that events may be sent under (role `ingest`); any where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub artifacts: Vec<Name>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was last used, to the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
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
    /// The only client that events may be from (role `ingest`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub client: Option<ClientId>,
    /// The only names that events may be sent under (role `ingest`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub artifacts: Vec<Name>,
    /// When it is to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// A token that was just made: the only time that its text is told.
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
