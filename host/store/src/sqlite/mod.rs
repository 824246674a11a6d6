//! SQLite behind the trait: one file, one writer, many readers.
//!
//! A write is a job for the [`writer`]'s thread, which runs all that wait as one [`group`]; a read runs on one of the [`readers`]'
//! connections, unless [`logs`] has in memory what is wanted. Each other module has the statements of one subject.

mod admit;
mod audit;
mod backup;
mod blocks;
mod clients;
mod column;
mod components;
mod dead_letters;
mod doctor;
mod fault;
mod group;
mod installations;
mod journal;
mod lock;
mod logs;
mod pending;
mod readers;
mod retention;
mod schema;
mod sealed;
mod search;
mod signatures;
mod snapshot;
mod state;
mod store;
mod tokens;
mod trail;
mod turns;
mod versions;
mod wal;
mod wanted;
mod writer;

use std::{path::PathBuf, time::Duration};

use watchbox_model::Time;

pub use doctor::{Doctor, Finding, Saved, Verdict};
pub use store::SqliteStore;

/// What is kept for how long; `None` keeps all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Rows, messages and audit records older than this go.
    pub age: Option<Duration>,
    /// The oldest blocks go while all logs together have more bytes.
    pub bytes: Option<u64>,
}

impl Retention {
    /// What is from before then is not kept.
    fn cutoff(&self, now: Time) -> Option<Time> {
        let age = i64::try_from(self.age?.as_micros()).unwrap_or(i64::MAX);
        Some(Time::from_micros(now.micros().saturating_sub(age)))
    }
}

/// How the store is set up.
#[derive(Clone, Debug)]
pub struct SqliteConfig {
    /// The database file; made where it is missing. Beside it SQLite keeps `-wal`, and the store a `.lock`.
    pub path: PathBuf,
    /// What is kept.
    pub retention: Retention,
}

#[cfg(test)]
mod tests;
