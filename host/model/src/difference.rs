//! What differs between an old and a new, and whether the new one lets more be done.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Whether it lets more be done.
    pub mark: Mark,
    /// What it is about: `http`, `import`, `parameter token_url`, ...
    pub what: String,
    /// How it was; `None` where it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// How it is; `None` where it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// Whether a difference lets more be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// More can be done than before.
    Wider,
    /// Less can be done than before.
    Narrower,
    /// It is another, and lets no more be done.
    Changed,
}

impl Mark {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wider => "wider",
            Self::Narrower => "narrower",
            Self::Changed => "changed",
        }
    }
}

impl Difference {
    /// Something that was not there before.
    pub(crate) fn added(mark: Mark, what: impl Into<String>, new: impl Into<String>) -> Self {
        Self {
            mark,
            what: what.into(),
            old: None,
            new: Some(new.into()),
        }
    }

    /// Something that is gone.
    pub(crate) fn removed(mark: Mark, what: impl Into<String>, old: impl Into<String>) -> Self {
        Self {
            mark,
            what: what.into(),
            old: Some(old.into()),
            new: None,
        }
    }

    /// Something that is another.
    pub(crate) fn changed(
        mark: Mark,
        what: impl Into<String>,
        old: impl Into<String>,
        new: impl Into<String>,
    ) -> Self {
        Self {
            mark,
            what: what.into(),
            old: Some(old.into()),
            new: Some(new.into()),
        }
    }
}

/// `+ http: POST https://h.example/`, `- labels: remove: Slack`, `~ limits: memory: 64MiB -> 128MiB`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = &self.what;
        match (&self.old, &self.new) {
            (None, Some(new)) => write!(f, "+ {what}: {new}"),
            (Some(old), None) => write!(f, "- {what}: {old}"),
            (Some(old), Some(new)) => write!(f, "~ {what}: {old} -> {new}"),
            (None, None) => write!(f, "~ {what}"),
        }
    }
}

/// Whether any of them lets more be done.
pub fn is_wider<'d>(differences: impl IntoIterator<Item = &'d Difference>) -> bool {
    differences
        .into_iter()
        .any(|difference| difference.mark == Mark::Wider)
}
