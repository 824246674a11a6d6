//! What is kept: logs, clients, the monitoring table, state, dead letters, the audit trail.
//!
//! [`Store`] says it in the terms of the turn; [`SqliteStore`] is the embedded default.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod contract;
mod error;
mod installation;
mod journal;
mod sealed;
mod sqlite;
mod token;
mod usage;
mod version;

pub use contract::{
    Advance, Append, AuditQuery, Block, LogInfo, Page, Snapshot, StateChange, Store, TurnCommit,
};
pub use error::StoreError;
pub use installation::{Installation, Pending, Quarantine};
pub use journal::{Effect, JournalEntry, OpenTurn, Settlement, Written};
pub use sealed::{Sealed, SealedPlace};
pub use sqlite::{Doctor, Finding, Retention, Saved, SqliteConfig, SqliteStore, Verdict};
pub use token::{FormerHash, Token};
pub use usage::{Tally, UsageQuery};
pub use version::{How, HowError, KEPT_VERSIONS, Version, VersionNote};
