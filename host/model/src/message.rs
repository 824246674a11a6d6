//! What an artifact has to say: lines of its `log` capability, and the host's notes on its turns.

use serde::{Deserialize, Serialize};

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For the author.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is odd; work goes on.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// One line. In the messages log it is a row with the columns `_ts`, `Level`, `Source`, `Turn` and `Message`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// How much it matters.
    pub level: Level,
    /// Who says it.
    pub source: Source,
    /// The text, control characters escaped.
    pub text: String,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The artifact: through the log capability, or to the standard streams of an inert WASI.
    Artifact,
    /// watchbox itself: a failed try, a limit, a dead letter.
    Host,
}
