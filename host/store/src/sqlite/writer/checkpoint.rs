//! When the write-ahead log is put into the database: while nobody waits, if it can be helped.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, hooks::Wal};

use crate::{StoreError, sqlite::schema};

/// Pages by which the write-ahead log grows before it is put into the database, once nobody waits.
const ENOUGH: u32 = 1 << 11;
/// The same, though somebody waits.
const TOO_MUCH: u32 = 4 * ENOUGH;
/// Pages from which on readers are waited for, so that the write-ahead log begins anew instead of growing.
const RESTART: u32 = 8 * ENOUGH;
/// How long they are waited for.
const PATIENCE: Duration = Duration::from_millis(100);

/// How far the write-ahead log has grown.
pub(super) struct Checkpoints {
    /// Its pages after the last commit.
    pages: Arc<AtomicU32>,
    /// Its pages when it was last put into the database.
    done: u32,
}

impl Checkpoints {
    /// Those of the write connection, whose commits they follow.
    pub(super) fn of(conn: &mut Connection) -> Result<Self, StoreError> {
        let pages = Arc::new(AtomicU32::new(0));
        let told = pages.clone();
        conn.wal_hook(Some(move |_: &mut Wal, frames| {
            told.store(u32::try_from(frames).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { pages, done: 0 })
    }

    /// Puts the write-ahead log into the database if it has grown enough.
    pub(super) fn run(&mut self, conn: &Connection, somebody_waits: bool) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.done {
            // It began anew.
            self.done = 0;
        }
        let grown = pages - self.done;
        if grown < ENOUGH || (grown < TOO_MUCH && somebody_waits) {
            return;
        }
        self.done = pages;
        let done = if pages < RESTART {
            statement(conn, "PRAGMA wal_checkpoint(PASSIVE)")
        } else {
            patiently(conn, "PRAGMA wal_checkpoint(RESTART)")
        };
        if let Err(error) = done {
            tracing::warn!(%error, pages, "the write-ahead log could not be put into the store; it grows on");
        }
    }

    /// Where there is no room for the write-ahead log to grow: what is in it may fit into the database, and then it begins anew.
    pub(super) fn make_room(&self, conn: &Connection) {
        // The error that led here is told; that this failed too says nothing new.
        let _ = statement(conn, "PRAGMA wal_checkpoint(PASSIVE)");
    }

    /// Puts all of the write-ahead log into the database, and ends it.
    pub(super) fn last(&self, conn: &Connection) {
        if let Err(error) = patiently(conn, "PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the write-ahead log stays beside the store until that is opened again");
        }
    }
}

/// Waits for readers, but not for long.
fn patiently(conn: &Connection, sql: &str) -> Result<(), StoreError> {
    conn.busy_timeout(PATIENCE)?;
    let done = statement(conn, sql);
    conn.busy_timeout(schema::PATIENCE)?;
    done
}

/// Runs a statement, whatever it gives back.
pub(super) fn statement(conn: &Connection, sql: &str) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
