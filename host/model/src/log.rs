//! Which log: the stream of rows that goes by a name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Name;

/// What a log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogKind {
    /// What clients reported under a client artifact's name.
    Events,
    /// What an installed artifact emitted.
    Rows,
    /// What an installed artifact wrote through the `log` capability, and what the host says of it.
    Messages,
}

/// A log's address. Positions in it are `u64`, from 0, one a row, without gaps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LogKey {
    /// What it holds.
    pub kind: LogKind,
    /// The client artifact's name, or what the artifact is installed as.
    pub name: Name,
}

impl LogKey {
    /// The log of what clients report under `name`.
    pub fn events(name: Name) -> Self {
        Self {
            kind: LogKind::Events,
            name,
        }
    }

    /// The log of the rows that the installation `name` emits.
    pub fn rows(name: Name) -> Self {
        Self {
            kind: LogKind::Rows,
            name,
        }
    }

    /// The log of what the installation `name` had to say.
    pub fn messages(name: Name) -> Self {
        Self {
            kind: LogKind::Messages,
            name,
        }
    }
}

impl LogKind {
    /// `events`, `rows` or `messages`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Rows => "rows",
            Self::Messages => "messages",
        }
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.name)
    }
}
