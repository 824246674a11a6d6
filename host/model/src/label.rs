//! Labels: what groups clients.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::ClientId;

/// A label: 1 to 64 characters, none of them a control character, a comma or white space at an end.
/// Compared without regard to ASCII case by the store, as Velociraptor does; shown as first given.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(Arc<str>);

/// A text that is no label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no label: 1 to 64 characters without commas, control characters or spaces at the ends are wanted"
)]
pub struct LabelError(String);

impl Label {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both name the same label.
    pub fn is(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        let fits = (1..=64).contains(&text.chars().count());
        let plain = text.trim() == text && !text.chars().any(|c| c.is_control() || c == ',');
        if fits && plain {
            Ok(Self(text.into()))
        } else {
            Err(LabelError(
                text.chars().take(80).flat_map(char::escape_debug).collect(),
            ))
        }
    }
}

impl TryFrom<String> for Label {
    type Error = LabelError;

    fn try_from(text: String) -> Result<Self, LabelError> {
        text.parse()
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0.to_string()
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// One label put on a client, or taken off it. Doing it twice is the same as once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelChange {
    /// Whose label.
    pub client: ClientId,
    /// Which label.
    pub label: Label,
    /// Put on, or taken off.
    pub op: LabelOp,
}

/// What is done with a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelOp {
    /// Put it on.
    Add,
    /// Take it off.
    Remove,
}

impl LabelOp {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Add, Self::Remove];

    /// The name, as in a grant.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
        }
    }
}

impl fmt::Display for LabelOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_as_the_documentation_says() {
        let longest = "ß".repeat(64);
        for label in ["Slack", "a b", "größe", &longest] {
            assert_eq!(
                label.parse::<Label>().map(String::from),
                Ok(label.to_owned())
            );
        }
        let too_long = "x".repeat(65);
        for wrong in ["", " a", "a ", "a,b", "a\nb", "\u{7f}", &too_long] {
            assert!(wrong.parse::<Label>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn case_does_not_count() {
        let label: Label = "Slack".parse().unwrap();
        assert!(label.is("sLACK"));
        assert!(!label.is("Slac"));
    }
}
