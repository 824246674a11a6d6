//! The name of an artifact, of an installation of one, and of the log that goes by it.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// A name such as `Server.Slack.ClientsOnline` or `Windows.Events.ProcessCreation`: 1 to 200
/// characters of `A-Z a-z 0-9 . _ -`, starting with a letter or a digit, without `..`.
///
/// One type serves client artifacts, server artifacts and what they are installed as, since each
/// of them names a log. Clones share the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

/// Why a text is no [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No character, or more than 200.
    #[error("a name has 1 to 200 characters, this one has {0}")]
    Length(usize),
    /// A character that may not stand where it does.
    #[error(
        "`{0}` is no name: use letters, digits, `.`, `_` and `-`, starting with a letter or a digit, without `..`"
    )]
    Character(String),
}

impl Name {
    /// The longest name, in characters.
    pub const MAX: usize = 200;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.is_empty() || text.len() > Self::MAX {
            return Err(NameError::Length(text.chars().count()));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let starts = text.as_bytes()[0].is_ascii_alphanumeric();
        if !starts || !text.bytes().all(plain) || text.contains("..") {
            return Err(NameError::Character(text.escape_debug().to_string()));
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.to_string()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_the_documentation_says() {
        let longest = "a".repeat(Name::MAX);
        for name in ["Server.Slack.ClientsOnline", "a", "0-9_x.Y", &longest] {
            assert_eq!(name.parse::<Name>().map(String::from), Ok(name.to_owned()));
        }
        for wrong in [
            ".a", "-a", "_a", "a..b", "a b", "a/b", "größe", "a\n", "a{b}",
        ] {
            assert!(
                matches!(wrong.parse::<Name>(), Err(NameError::Character(_))),
                "{wrong}"
            );
        }
        assert_eq!("".parse::<Name>(), Err(NameError::Length(0)));
        assert_eq!("é".repeat(201).parse::<Name>(), Err(NameError::Length(201)));
    }
}
