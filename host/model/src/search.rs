//! Search terms over clients.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Client, ClientId, Label};

/// Which clients are meant: `label:X`, `host:X`, `client:X`, `all`, or bare text.
///
/// `host:` and bare text compare without regard to ASCII case; `*` stands for any characters in
/// `host:`; bare text is found anywhere in id, hostname and labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SearchTerm {
    /// Every client.
    All,
    /// Those that carry the label.
    Label(Label),
    /// Those whose hostname matches the pattern.
    Host(String),
    /// The one of this id.
    Client(ClientId),
    /// Those in whose id, hostname or labels the text occurs.
    Text(String),
}

/// Why a text is no search term.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("search term `{term}`: {reason}; use label:X, host:X, client:X, all, or text")]
pub struct SearchTermError {
    /// The text, cut to 80 characters.
    pub term: String,
    /// What is wrong with it.
    pub reason: String,
}

impl SearchTerm {
    /// Whether `client` is one of those meant.
    pub fn matches(&self, client: &Client) -> bool {
        let _ = client;
        todo!()
    }
}

impl FromStr for SearchTerm {
    type Err = SearchTermError;

    fn from_str(text: &str) -> Result<Self, SearchTermError> {
        let _ = text;
        todo!()
    }
}

impl TryFrom<String> for SearchTerm {
    type Error = SearchTermError;

    fn try_from(text: String) -> Result<Self, SearchTermError> {
        text.parse()
    }
}

impl From<SearchTerm> for String {
    fn from(term: SearchTerm) -> Self {
        term.to_string()
    }
}

impl fmt::Display for SearchTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = f;
        todo!()
    }
}
