//! SQLite behind the trait.

use std::{path::PathBuf, time::Duration};

/// What is kept for how long; `None` keeps all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Rows, messages and audit records older than this go.
    pub age: Option<Duration>,
    /// The oldest blocks go while all logs together have more bytes.
    pub bytes: Option<u64>,
}

/// How the store is set up.
#[derive(Clone, Debug)]
pub struct SqliteConfig {
    /// The database file; made where it is missing. Beside it SQLite keeps `-wal` and `-shm`.
    pub path: PathBuf,
    /// What is kept.
    pub retention: Retention,
}

/// The store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {}

impl SqliteStore {
    /// Opens the store, making or migrating it as needed.
    pub async fn open(config: SqliteConfig) -> Result<Self, crate::StoreError> {
        let _ = config;
        todo!()
    }
}
