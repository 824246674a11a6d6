//! What is known in memory of each log: where it begins and ends, who waits for its growth, and its newest blocks.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::watch;
use watchbox_model::{LogKey, LogKind, Time};

use super::{column, wanted::Wanted};
use crate::{Block, LogInfo, StoreError};

/// Bytes of the blocks that are kept in memory, all logs together: readers that keep up never touch the file.
const TAIL_BYTES: usize = 64 << 20;
/// What a block costs beside its rows, about.
const BLOCK_BYTES: usize = 256;
/// How many blocks that is at most.
const TAIL_BLOCKS: usize = TAIL_BYTES / BLOCK_BYTES;

/// The logs.
pub(super) struct Logs {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    known: HashMap<LogKey, Log>,
    /// Logs that somebody waits for before their first row.
    awaited: HashMap<LogKey, watch::Sender<u64>>,
    /// The blocks in memory, oldest first.
    tails: VecDeque<(LogKey, u64)>,
    tail_bytes: usize,
}

struct Log {
    id: i64,
    first: u64,
    bytes: u64,
    newest: Time,
    top: Time,
    end: watch::Sender<u64>,
    /// The newest blocks, without a gap up to the end.
    tail: VecDeque<Arc<Block>>,
}

/// What came of a group for a log.
pub(super) enum Change {
    /// It has more rows.
    Grown(Growth),
    /// Its oldest rows, `bytes` of them, are gone; `first` is the first that is left.
    Trimmed { log: LogKey, first: u64, bytes: u64 },
}

/// Blocks at the end of a log.
pub(super) struct Growth {
    pub(super) log: LogKey,
    /// Its key in the tables.
    pub(super) id: i64,
    pub(super) blocks: Vec<Arc<Block>>,
    /// The `_ts` of its last row.
    pub(super) newest: Time,
    /// The latest `_ts` that it ever had.
    pub(super) top: Time,
}

/// How a log stands in the file.
#[derive(Clone, Copy)]
pub(super) struct Stored {
    /// Its key in the tables.
    pub(super) id: i64,
    /// The latest `_ts` that it ever had.
    pub(super) top: Time,
    /// Its end.
    pub(super) next: u64,
}

/// Where a stretch is to be had.
pub(super) enum Stretch {
    /// In memory: here it is.
    Here(Vec<Arc<Block>>),
    /// In the file, under this key.
    File(i64),
}

impl Logs {
    /// Reads what the file says.
    pub(super) fn load(conn: &Connection) -> Result<Self, StoreError> {
        let mut statement =
            conn.prepare("SELECT log, id, first, next, bytes, newest, top FROM logs")?;
        let known = statement.query_map([], |row| {
            let log = Log {
                id: row.get(1)?,
                first: column::uint(row, 2)?,
                bytes: column::uint(row, 4)?,
                newest: column::time(row, 5)?,
                top: column::time(row, 6)?,
                end: watch::Sender::new(column::uint(row, 3)?),
                tail: VecDeque::new(),
            };
            Ok((key(row.get_ref(0)?.as_str()?)?, log))
        })?;
        let inner = Inner {
            known: known.collect::<Result<_, _>>()?,
            ..Inner::default()
        };
        Ok(Self {
            inner: Mutex::new(inner),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log's end.
    pub(super) fn end(&self, log: &LogKey) -> u64 {
        self.lock().known.get(log).map_or(0, Log::next)
    }

    /// How the log stands in the file, if it is there.
    pub(super) fn stored(&self, log: &LogKey) -> Option<Stored> {
        let inner = self.lock();
        let log = inner.known.get(log)?;
        Some(Stored {
            id: log.id,
            top: log.top,
            next: log.next(),
        })
    }

    /// The log's end, now and as it moves.
    pub(super) fn watch(&self, log: &LogKey) -> watch::Receiver<u64> {
        let mut inner = self.lock();
        if let Some(known) = inner.known.get(log) {
            return known.end.subscribe();
        }
        // Nobody may wait any more for those that never came.
        inner.awaited.retain(|_, end| !end.is_closed());
        let end = inner.awaited.entry(log.clone());
        end.or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Every log, by kind and name.
    pub(super) fn list(&self) -> Vec<LogInfo> {
        let inner = self.lock();
        let mut list: Vec<_> = inner
            .known
            .iter()
            .map(|(key, log)| LogInfo {
                log: key.clone(),
                first: log.first,
                next: log.next(),
                bytes: log.bytes,
                newest: Some(log.newest),
            })
            .collect();
        drop(inner);
        list.sort_by(|a, b| a.log.cmp(&b.log));
        list
    }

    /// Each log and its key in the tables.
    pub(super) fn ids(&self) -> Vec<(LogKey, i64)> {
        let inner = self.lock();
        let ids = inner.known.iter().map(|(key, log)| (key.clone(), log.id));
        ids.collect()
    }

    /// The stretch from `from` on, as [`crate::Store::read`] says.
    pub(super) fn forward(&self, log: &LogKey, from: u64, max_rows: usize) -> Stretch {
        let inner = self.lock();
        let Some(log) = inner.known.get(log) else {
            return Stretch::Here(Vec::new());
        };
        if from >= log.next() {
            return Stretch::Here(Vec::new());
        }
        if log.tail_first() > from.max(log.first) {
            return Stretch::File(log.id);
        }
        let start = log.tail.partition_point(|block| block.next() <= from);
        let mut wanted = Wanted::new(max_rows);
        let mut blocks = Vec::new();
        for block in log.tail.range(start..) {
            if !wanted.take(block.next() - block.first.max(from), block.rows.bytes()) {
                break;
            }
            blocks.push(block.clone());
        }
        Stretch::Here(blocks)
    }

    /// The stretch before `before`, as [`crate::Store::read_back`] says.
    pub(super) fn backward(&self, log: &LogKey, before: u64, max_rows: usize) -> Stretch {
        let inner = self.lock();
        let Some(log) = inner.known.get(log) else {
            return Stretch::Here(Vec::new());
        };
        if before <= log.first {
            return Stretch::Here(Vec::new());
        }
        let stop = log.tail.partition_point(|block| block.first < before);
        let mut wanted = Wanted::new(max_rows);
        let mut blocks = Vec::new();
        for block in log.tail.range(..stop).rev() {
            if !wanted.take(block.next().min(before) - block.first, block.rows.bytes()) {
                return Stretch::Here(blocks);
            }
            blocks.push(block.clone());
        }
        if log.tail_first() <= log.first || wanted.is_done() {
            Stretch::Here(blocks)
        } else {
            Stretch::File(log.id)
        }
    }

    /// Makes known what was committed, and tells those who wait.
    pub(super) fn apply(&self, changes: Vec<Change>) {
        let mut inner = self.lock();
        for change in changes {
            match change {
                Change::Grown(growth) => inner.grow(growth),
                Change::Trimmed { log, first, bytes } => inner.trim(&log, first, bytes),
            }
        }
        inner.shrink();
    }
}

impl Log {
    fn next(&self) -> u64 {
        *self.end.borrow()
    }

    /// The first position that is in memory.
    fn tail_first(&self) -> u64 {
        self.tail
            .front()
            .map_or_else(|| self.next(), |block| block.first)
    }
}

impl Inner {
    fn grow(&mut self, growth: Growth) {
        let Growth {
            log: key,
            id,
            blocks,
            newest,
            top,
        } = growth;
        let Some(next) = blocks.last().map(|block| block.next()) else {
            return;
        };
        let awaited = &mut self.awaited;
        let log = self.known.entry(key.clone()).or_insert_with_key(|key| Log {
            id,
            first: 0,
            bytes: 0,
            newest,
            top,
            end: awaited.remove(key).unwrap_or_else(|| watch::Sender::new(0)),
            tail: VecDeque::new(),
        });
        log.newest = newest;
        log.top = top;
        for block in blocks {
            log.bytes += block.rows.bytes() as u64;
            self.tail_bytes += block.rows.bytes() + BLOCK_BYTES;
            self.tails.push_back((key.clone(), block.first));
            log.tail.push_back(block);
        }
        log.end.send_replace(next);
    }

    fn trim(&mut self, key: &LogKey, first: u64, bytes: u64) {
        let Some(log) = self.known.get_mut(key) else {
            return;
        };
        log.first = first;
        log.bytes = log.bytes.saturating_sub(bytes);
        while let Some(block) = log.tail.pop_front_if(|block| block.next() <= first) {
            self.tail_bytes -= block.rows.bytes() + BLOCK_BYTES;
        }
    }

    /// Lets go of the oldest blocks in memory where there are too many.
    fn shrink(&mut self) {
        // Those that retention took from a tail still stand in `tails`: both are bounded.
        while self.tail_bytes > TAIL_BYTES || self.tails.len() > TAIL_BLOCKS {
            let Some((key, first)) = self.tails.pop_front() else {
                return;
            };
            let Some(log) = self.known.get_mut(&key) else {
                continue;
            };
            // Retention may have been there before.
            if let Some(block) = log.tail.pop_front_if(|block| block.first == first) {
                self.tail_bytes -= block.rows.bytes() + BLOCK_BYTES;
            }
        }
    }
}

/// A log's key out of its text.
fn key(text: &str) -> rusqlite::Result<LogKey> {
    let unknown = || column::unreadable(0, format!("`{text}` names no log"));
    let (kind, name) = text.split_once('/').ok_or_else(unknown)?;
    let kind = [LogKind::Events, LogKind::Rows, LogKind::Messages]
        .into_iter()
        .find(|known| known.as_str() == kind)
        .ok_or_else(unknown)?;
    let name = column::parse(name, 0)?;
    Ok(LogKey { kind, name })
}
