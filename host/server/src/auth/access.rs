//! What a token allows: a role and, for `ingest`, what it is bound to.

use std::{fmt, str::FromStr};

use watchbox_model::{ClientId, Name};

use crate::api::types::Role;

/// What the bearer of a token may do.
///
/// The store keeps it as text: `admin`, `reader`, or `ingest` followed by `client:ID` and `artifact:NAME` for what it is bound
/// to. Neither ids nor names can hold a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The role.
    pub role: Role,
    /// The only client that events may be from.
    pub client: Option<ClientId>,
    /// The only names that events may be sent under; any where empty.
    pub artifacts: Vec<Name>,
}

/// A text that says no access: a store written by something else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` says no role")]
pub struct AccessError(String);

impl Access {
    /// A role that is bound to nothing.
    pub fn of(role: Role) -> Self {
        Self {
            role,
            client: None,
            artifacts: Vec::new(),
        }
    }

    /// Whether events may be sent under `artifact`.
    pub fn sends(&self, artifact: &Name) -> bool {
        self.artifacts.is_empty() || self.artifacts.contains(artifact)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.role {
            Role::Admin => "admin",
            Role::Reader => "reader",
            Role::Ingest => "ingest",
        })?;
        if let Some(client) = &self.client {
            write!(f, " client:{client}")?;
        }
        self.artifacts
            .iter()
            .try_for_each(|artifact| write!(f, " artifact:{artifact}"))
    }
}

impl FromStr for Access {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        let wrong = || AccessError(text.chars().take(80).flat_map(char::escape_debug).collect());
        let mut words = text.split(' ');
        let mut access = Self::of(match words.next() {
            Some("admin") => Role::Admin,
            Some("reader") => Role::Reader,
            Some("ingest") => Role::Ingest,
            _ => return Err(wrong()),
        });
        for word in words {
            match word.split_once(':') {
                Some(("client", id)) => access.client = Some(id.parse().map_err(|_| wrong())?),
                Some(("artifact", name)) => {
                    access.artifacts.push(name.parse().map_err(|_| wrong())?);
                }
                // An unknown bound must not be passed over: the token would allow more than it was made for.
                _ => return Err(wrong()),
            }
        }
        Ok(access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back() {
        for text in [
            "admin",
            "reader",
            "ingest",
            "ingest client:C.1",
            "ingest artifact:A.B artifact:C",
            "ingest client:C.1 artifact:A.B",
        ] {
            assert_eq!(text.parse::<Access>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_understood_allows_nothing() {
        for text in [
            "",
            "root",
            "Admin",
            "ingest host:x",
            "ingest client:x",
            "ingest artifact:..",
        ] {
            assert!(text.parse::<Access>().is_err(), "{text}");
        }
    }
}
