//! Why the store could not do what it was asked to.

/// An error of the store. None of these leaves half a change behind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no room, or the folder can't be written to. Passes once that is mended; nothing accepted is lost.
    #[error(
        "the store can't write: {0}; free space or make the data folder writable, no restart is needed"
    )]
    ReadOnly(String),
    /// Too much is waiting to be written. Passes.
    #[error("the store is behind: {0}")]
    Busy(String),
    /// The file is no store, or one that is damaged.
    #[error("the store at {path} is unusable: {reason}")]
    Corrupt {
        /// Which file.
        path: String,
        /// What was found, and what to do.
        reason: String,
    },
    /// The store was written by a later version.
    #[error("the store has schema {found}, this program knows up to {known}: use a newer watchbox")]
    Newer {
        /// The file's schema version.
        found: u32,
        /// The latest that this program knows.
        known: u32,
    },
    /// A cursor was not where the turn thought it was: somebody else committed it. The commit was discarded.
    #[error("the cursor of {installation} in {log} is at {actual}, not at {expected}")]
    Moved {
        /// The installation.
        installation: String,
        /// The log.
        log: String,
        /// Where the turn began.
        expected: u64,
        /// Where the cursor is.
        actual: u64,
    },
    /// What was named is not there.
    #[error("there is no {0}")]
    Missing(String),
    /// What was asked for conflicts with what is there.
    #[error("{0}")]
    Conflict(String),
    /// Anything else.
    #[error("the store failed: {0}")]
    Other(String),
}
