//! One transaction of the writer while it is put together.

use std::collections::{HashMap, hash_map::Entry};

use rusqlite::Connection;
use watchbox_model::{ClientId, LogKey, client::Seen};

use super::{
    blocks::{self, Part},
    clients,
    logs::{Change, Logs},
};
use crate::{Append, StoreError};

/// What commands write through.
///
/// Statements run at once. Rows and sightings of clients are gathered, so that those of a whole group become few blocks and one
/// update a client; positions are given out as if they were written. A command's become the group's by [`Group::keep`].
pub(super) struct Group<'w> {
    conn: &'w Connection,
    logs: &'w Logs,
    kept: HashMap<LogKey, Pending>,
    seen: HashMap<ClientId, Seen>,
    trimmed: Vec<Change>,
    command: Gathered,
}

/// What a log gets.
struct Pending {
    first: u64,
    next: u64,
    parts: Vec<Part>,
}

/// What the command that runs has put in so far.
#[derive(Default)]
struct Gathered {
    appends: Vec<Append>,
    seen: Vec<Seen>,
    trimmed: Vec<Change>,
}

impl<'w> Group<'w> {
    pub(super) fn new(conn: &'w Connection, logs: &'w Logs) -> Self {
        Self {
            conn,
            logs,
            kept: HashMap::new(),
            seen: HashMap::new(),
            trimmed: Vec::new(),
            command: Gathered::default(),
        }
    }

    /// The connection, within the transaction.
    pub(super) fn conn(&self) -> &'w Connection {
        self.conn
    }

    /// The logs as they were when the group began.
    pub(super) fn logs(&self) -> &'w Logs {
        self.logs
    }

    /// Puts rows at the end of a log and says where the first of them is.
    pub(super) fn append(&mut self, append: Append) -> u64 {
        let end = match self.kept.get(&append.log) {
            Some(pending) => pending.next,
            None => self.logs.end(&append.log),
        };
        let own = self.command.appends.iter();
        let before = own.filter(|earlier| earlier.log == append.log);
        let first = end + before.map(|earlier| earlier.rows.len() as u64).sum::<u64>();
        if !append.rows.is_empty() {
            self.command.appends.push(append);
        }
        first
    }

    /// Marks clients as seen.
    pub(super) fn see(&mut self, seen: Vec<Seen>) {
        self.command.seen.extend(seen);
    }

    /// Has readers told, once it is committed, that a log lost its oldest rows.
    pub(super) fn trimmed(&mut self, change: Change) {
        self.command.trimmed.push(change);
    }

    /// Keeps what the command put in.
    pub(super) fn keep(&mut self) {
        let command = std::mem::take(&mut self.command);
        for Append { log, rows, at } in command.appends {
            let pending = self.kept.entry(log).or_insert_with_key(|log| {
                let end = self.logs.end(log);
                Pending {
                    first: end,
                    next: end,
                    parts: Vec::new(),
                }
            });
            pending.next += rows.len() as u64;
            pending.parts.push(Part { rows, at });
        }
        for seen in command.seen {
            match self.seen.entry(seen.id.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(seen);
                }
                Entry::Occupied(entry) => {
                    let known = entry.into_mut();
                    known.at = known.at.max(seen.at);
                    let hostname = seen.hostname.filter(|name| !name.is_empty());
                    known.hostname = hostname.or(known.hostname.take());
                }
            }
        }
        self.trimmed.extend(command.trimmed);
    }

    /// Lets go of what the command put in.
    pub(super) fn forget(&mut self) {
        self.command = Gathered::default();
    }

    /// Writes what was gathered; gives what is to be told of the logs once it is committed.
    pub(super) fn finish(self) -> Result<Vec<Change>, StoreError> {
        for seen in self.seen.values() {
            clients::see(self.conn, seen)?;
        }
        let mut changes = self.trimmed;
        for (log, Pending { first, parts, .. }) in self.kept {
            let growth = blocks::grow(self.conn, self.logs.stored(&log), log, first, parts)?;
            changes.push(Change::Grown(growth));
        }
        Ok(changes)
    }
}
