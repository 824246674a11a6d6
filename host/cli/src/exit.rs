//! How the program ends: the exit codes that `--help` and docs/cli.md promise.

use std::process::ExitCode;

use crate::api::ApiError;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// The command line is wrong. (clap ends with the same code.)
    Usage = 2,
    /// The server refused what was asked.
    Refused = 3,
    /// The server does not know the token, or its role does not allow this.
    Forbidden = 4,
    /// The server can't be reached, or can't serve now.
    Unavailable = 5,
    /// What was compared is wider than before.
    Wider = 6,
}

/// A command line that clap finds well formed and that still makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

impl Exit {
    /// What `error` ends the program with.
    pub fn of(error: &anyhow::Error) -> Self {
        if error.is::<Usage>() {
            return Self::Usage;
        }
        match error.downcast_ref::<ApiError>() {
            Some(ApiError::Refused { status, .. }) => match status {
                401 | 403 => Self::Forbidden,
                429 | 500.. => Self::Unavailable,
                _ => Self::Refused,
            },
            Some(ApiError::Unreachable { .. }) => Self::Unavailable,
            Some(ApiError::Answer { .. }) | None => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Whether `error` is that nobody reads what is printed any more (`watchbox rows X | head`): no failure.
pub fn reader_is_gone(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
