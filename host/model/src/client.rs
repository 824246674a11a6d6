//! Clients: the endpoints that report events.

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{Label, Time};

/// A client's id: `C.` and 1 to 64 characters of `A-Z a-z 0-9 _ -`; also the plain `server`, which
/// Velociraptor uses for itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(Arc<str>);

/// A text that is no client id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no client id: `C.` and 1 to 64 letters, digits, `_` or `-` are wanted")]
pub struct ClientIdError(String);

impl ClientId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = ClientIdError;

    fn from_str(text: &str) -> Result<Self, ClientIdError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let valid = text == "server"
            || text
                .strip_prefix("C.")
                .is_some_and(|rest| (1..=64).contains(&rest.len()) && rest.bytes().all(plain));
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(ClientIdError(
                text.chars().take(80).flat_map(char::escape_debug).collect(),
            ))
        }
    }
}

/// So that a map by id can be asked with a text.
impl Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientId {
    type Error = ClientIdError;

    fn try_from(text: String) -> Result<Self, ClientIdError> {
        text.parse()
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0.to_string()
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// An endpoint, as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Its hostname; empty until one was reported.
    pub hostname: String,
    /// Its operating system, as it was registered; empty where none was.
    pub os: String,
    /// Its labels, sorted, each once (compared without regard to case).
    pub labels: Vec<Label>,
    /// When it was registered or first reported.
    pub first_seen: Time,
    /// When it last reported.
    pub last_seen: Time,
}

/// That a client reported something: what ingest knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub id: ClientId,
    /// The hostname that came along, where one did.
    pub hostname: Option<String>,
    /// When.
    pub at: Time,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_as_the_documentation_says() {
        let longest = format!("C.{}", "x".repeat(64));
        for id in ["C.1a2B_-", "server", &longest] {
            assert_eq!(id.parse::<ClientId>().map(String::from), Ok(id.to_owned()));
        }
        let too_long = format!("{longest}x");
        for wrong in ["", "C.", "c.1", "C.a b", "C.é", "servers", "1", &too_long] {
            assert!(wrong.parse::<ClientId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_wrong_id_is_shown_escaped_and_cut() {
        let error = format!("\n{}", "x".repeat(500))
            .parse::<ClientId>()
            .unwrap_err();
        assert!(error.to_string().starts_with("`\\nxxx"), "{error}");
        assert!(error.to_string().len() < 200, "{error}");
    }
}
