//! Which names are meant: one, all those below one, or all.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Name;

/// A pattern of names.
///
/// | pattern | names |
/// | --- | --- |
/// | `Server.Slack.ClientsOnline` | this one |
/// | `Server.Slack.*` | those below it: `Server.Slack.X`, `Server.Slack.X.Y`; not `Server.Slack` itself |
/// | `*` | every one |
///
/// ```
/// use watchbox_model::NamePattern;
/// let pattern: NamePattern = "Server.Slack.*".parse().unwrap();
/// assert!(pattern.covers(&"Server.Slack.ClientsOnline".parse().unwrap()));
/// assert!(!pattern.covers(&"Server.SlackLike".parse().unwrap()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum NamePattern {
    /// Every name.
    Any,
    /// Those that begin with this one and a dot.
    Below(Name),
    /// This one.
    Exact(Name),
}

/// Why a text is no [`NamePattern`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no pattern of names: a name is wanted, a name and `.*` for those below it, or `*` for every one"
)]
pub struct NamePatternError(String);

impl NamePattern {
    /// Whether `name` is among those meant.
    pub fn covers(&self, name: &Name) -> bool {
        match self {
            Self::Any => true,
            Self::Below(above) => name
                .as_str()
                .strip_prefix(above.as_str())
                .is_some_and(|rest| rest.starts_with('.')),
            Self::Exact(own) => own == name,
        }
    }
}

impl FromStr for NamePattern {
    type Err = NamePatternError;

    fn from_str(text: &str) -> Result<Self, NamePatternError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let wrong =
            |_| NamePatternError(text.chars().take(80).flat_map(char::escape_debug).collect());
        match text.strip_suffix(".*") {
            Some(above) => above.parse().map(Self::Below).map_err(wrong),
            None => text.parse().map(Self::Exact).map_err(wrong),
        }
    }
}

impl TryFrom<String> for NamePattern {
    type Error = NamePatternError;

    fn try_from(text: String) -> Result<Self, NamePatternError> {
        text.parse()
    }
}

impl From<NamePattern> for String {
    fn from(pattern: NamePattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Below(above) => write!(f, "{above}.*"),
            Self::Exact(name) => write!(f, "{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn covers(pattern: &str, name: &str) -> bool {
        let pattern: NamePattern = pattern.parse().unwrap();
        pattern.covers(&name.parse().unwrap())
    }

    #[test]
    fn a_pattern_means_one_name_those_below_one_or_all() {
        assert!(covers("Server.A", "Server.A"));
        assert!(!covers("Server.A", "Server.A.B"));
        assert!(!covers("Server.A", "server.a"), "case counts");
        assert!(covers("Server.A.*", "Server.A.B"));
        assert!(covers("Server.A.*", "Server.A.B.C"));
        assert!(!covers("Server.A.*", "Server.A"));
        assert!(!covers("Server.A.*", "Server.AB"));
        assert!(!covers("Server.A.*", "Evil.Server.A.B"));
        assert!(covers("*", "Anything"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for wrong in [
            "",
            ".*",
            "Server*",
            "*.A",
            "Server.*.A",
            "**",
            "a b",
            "Server..",
        ] {
            assert!(wrong.parse::<NamePattern>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_reads_back(text in "([A-Za-z0-9][A-Za-z0-9_-]{0,5}){1,3}(\\.[a-z]{1,4}){0,3}(\\.\\*)?") {
            let pattern: NamePattern = text.parse().unwrap();
            prop_assert_eq!(pattern.to_string(), text);
        }
    }
}
