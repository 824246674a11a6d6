//! A bearer token, as it is kept: never itself.

use serde::{Deserialize, Serialize};
use watchbox_model::Time;

/// A token's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its name, shown in the audit trail.
    pub name: String,
    /// What its bearer may do: a role, in the server's words.
    pub role: String,
    /// SHA-256 of the token (which has 256 bits of chance in it, so that no slower hash is needed).
    pub hash: [u8; 32],
    /// The secret that it had before this one, where that is good for a while still.
    pub former: Option<FormerHash>,
    /// When it was made.
    pub created: Time,
    /// When it ends, if it does.
    pub expires: Option<Time>,
    /// When it was last used, to the hour.
    pub last_used: Option<Time>,
}

/// What a token's secret was before it was given another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerHash {
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// Until when it is good.
    pub until: Time,
}
