//! What a token or a certificate allows: a role and, for `ingest`, what it is bound to.

use std::{fmt, str::FromStr};

use watchbox_model::{ClientId, Name};

use super::Action;
use crate::api::types::Role;

/// What the one who sent a request may do.
///
/// The store keeps that of a token as text: the role, and behind `ingest` what it is bound to, `client:ID` and `artifact:NAME`. Neither
/// ids nor names can hold a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The role.
    pub role: Role,
    /// The only clients that events may be from; any where empty.
    pub clients: Vec<ClientId>,
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
            clients: Vec::new(),
            artifacts: Vec::new(),
        }
    }

    /// Whether it allows `action`.
    pub fn allows(&self, action: Action) -> bool {
        action.is_allowed_to(self.role)
    }

    /// Whether events may be sent under `artifact`.
    pub fn sends(&self, artifact: &Name) -> bool {
        self.artifacts.is_empty() || self.artifacts.contains(artifact)
    }

    /// Whether events may be from `client`.
    pub fn sends_for(&self, client: &ClientId) -> bool {
        self.clients.is_empty() || self.clients.contains(client)
    }

    /// The one client that events can be from, where there is just one.
    pub fn only_client(&self) -> Option<&ClientId> {
        match self.clients.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.role)?;
        for client in &self.clients {
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
            Some("operator") => Role::Operator,
            // What analysts were called first. They may what readers might, and must not come to more by it.
            Some("analyst" | "reader") => Role::Analyst,
            Some("ingest") => Role::Ingest,
            _ => return Err(wrong()),
        });
        for word in words {
            match word.split_once(':') {
                Some(("client", id)) => access.clients.push(id.parse().map_err(|_| wrong())?),
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
            "operator",
            "analyst",
            "ingest",
            "ingest client:C.1",
            "ingest client:C.1 client:C.2",
            "ingest artifact:A.B artifact:C",
            "ingest client:C.1 artifact:A.B",
        ] {
            assert_eq!(text.parse::<Access>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_reader_of_old_is_an_analyst() {
        assert_eq!("reader".parse(), Ok(Access::of(Role::Analyst)));
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

    #[test]
    fn an_empty_list_binds_to_nothing_and_one_to_what_is_in_it() {
        let [one, two]: [ClientId; 2] = ["C.1", "C.2"].map(|id| id.parse().unwrap());
        let any: Access = "ingest".parse().unwrap();
        assert!(any.sends_for(&one) && any.only_client().is_none());
        let bound: Access = "ingest client:C.1".parse().unwrap();
        assert!(bound.sends_for(&one) && !bound.sends_for(&two));
        assert_eq!(bound.only_client(), Some(&one));
        let both: Access = "ingest client:C.1 client:C.2".parse().unwrap();
        assert!(both.sends_for(&two) && both.only_client().is_none());
    }
}
