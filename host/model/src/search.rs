//! Search terms over clients.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Client, ClientId, Label, client::ClientIdError, label::LabelError};

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
    /// The most characters that a term may have.
    pub const MAX: usize = 200;

    /// Whether `client` is one of those meant.
    pub fn matches(&self, client: &Client) -> bool {
        match self {
            Self::All => true,
            Self::Label(label) => client.labels.iter().any(|own| own.is(label.as_str())),
            Self::Host(pattern) => host_matches(pattern, &client.hostname),
            Self::Client(id) => *id == client.id,
            Self::Text(text) => {
                contains(client.id.as_str(), text)
                    || contains(&client.hostname, text)
                    || client
                        .labels
                        .iter()
                        .any(|label| contains(label.as_str(), text))
            }
        }
    }

    /// Whether every client that `other` means is surely one of those meant by this term too.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Label(one), Self::Label(other)) => one.is(other.as_str()),
            // A `*` of the other's is met by a `*` alone, which then stands for whatever that stands for.
            (Self::Host(pattern), Self::Host(other)) => host_matches(pattern, other),
            (Self::Text(one), Self::Text(other)) => contains(other, one),
            (one, other) => one == other,
        }
    }
}

/// Whether `host` fits `pattern`, in which `*` stands for any characters.
fn host_matches(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.as_bytes(), host.as_bytes());
    let (mut p, mut h) = (0, 0);
    // The last `*` seen, and how much of the host it stands for so far.
    let mut star: Option<(usize, usize)> = None;
    while h < host.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, h));
                p += 1;
            }
            Some(byte) if byte.eq_ignore_ascii_case(&host[h]) => {
                p += 1;
                h += 1;
            }
            _ => {
                let Some((at, taken)) = star else {
                    return false;
                };
                star = Some((at, taken + 1));
                p = at + 1;
                h = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// Whether `text` occurs in `whole`, whatever the ASCII case.
fn contains(whole: &str, text: &str) -> bool {
    let (whole, text) = (whole.as_bytes(), text.as_bytes());
    text.is_empty()
        || whole
            .windows(text.len())
            .any(|part| part.eq_ignore_ascii_case(text))
}

impl FromStr for SearchTerm {
    type Err = SearchTermError;

    fn from_str(text: &str) -> Result<Self, SearchTermError> {
        let text = text.trim();
        let wrong = |reason: &str| SearchTermError {
            term: text.chars().take(80).flat_map(char::escape_debug).collect(),
            reason: reason.to_owned(),
        };
        if text.is_empty() {
            return Err(wrong("it is empty"));
        }
        if text.chars().count() > Self::MAX {
            return Err(wrong("it has more than 200 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(wrong("it holds control characters"));
        }
        if text == "all" {
            return Ok(Self::All);
        }
        // What follows the colon may stand apart from it, as people type it.
        match text.split_once(':').map(|(kind, rest)| (kind, rest.trim())) {
            Some(("label", rest)) => rest
                .parse()
                .map(Self::Label)
                .map_err(|error: LabelError| wrong(&error.to_string())),
            Some(("client", rest)) => rest
                .parse()
                .map(Self::Client)
                .map_err(|error: ClientIdError| wrong(&error.to_string())),
            Some(("host", "")) => Err(wrong("the hostname is missing")),
            Some(("host", rest)) => Ok(Self::Host(rest.to_owned())),
            _ => Ok(Self::Text(text.to_owned())),
        }
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
        match self {
            Self::All => f.write_str("all"),
            Self::Label(label) => write!(f, "label:{label}"),
            Self::Host(pattern) => write!(f, "host:{pattern}"),
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests;
