//! What SQLite's errors mean to those who use the store.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use crate::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied,
            ) => Self::ReadOnly(text),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(text),
            Some(ErrorCode::DatabaseCorrupt) => damaged(&text),
            Some(ErrorCode::NotADatabase) => no_database(),
            Some(_) => Self::Other(text),
            None => match error {
                Error::FromSqlConversionFailure(..)
                | Error::IntegralValueOutOfRange(..)
                | Error::InvalidColumnType(..)
                | Error::Utf8Error(..) => damaged(&text),
                _ => Self::Other(text),
            },
        }
    }
}

/// The file is a store, and damaged.
pub(super) fn damaged(text: &str) -> StoreError {
    corrupt(format!(
        "{text}; `watchbox doctor` says what is damaged, and saves what can be read; or put a backup in its place, or move it (and its -wal) away \
         to start with an empty store"
    ))
}

/// The file holds something that SQLite did not write.
fn no_database() -> StoreError {
    corrupt(
        "it is no SQLite database; if it was one, `watchbox doctor` may save what can be read; else move it away to start with an empty store, \
         or name another data folder"
            .to_owned(),
    )
}

/// SQLite wrote the file, but for another program.
pub(super) fn foreign() -> StoreError {
    corrupt(
        "it is the database of another program; name another data folder, or move it away"
            .to_owned(),
    )
}

fn corrupt(reason: String) -> StoreError {
    StoreError::Corrupt {
        path: String::new(),
        reason,
    }
}

impl StoreError {
    /// The same error, with the file that it is about.
    pub(super) fn in_file(self, file: &Path) -> Self {
        match self {
            Self::Corrupt { path, reason } if path.is_empty() => Self::Corrupt {
                path: file.display().to_string(),
                reason,
            },
            other => other,
        }
    }
}
