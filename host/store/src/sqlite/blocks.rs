//! Blocks: how the rows of a log are cut, written and found.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use watchbox_model::{LogKey, Rows, Time};

use super::{
    column::{self, int},
    logs::{Growth, Stored},
    wanted::Wanted,
};
use crate::{Block, StoreError};

/// The most rows in a block.
pub(super) const MAX_ROWS: usize = 1000;
/// The most bytes in a block of more than one row.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// Rows are stored in the order in which they are committed, which may differ a little from that of their `_ts`: by less than this, where the
/// clock was not set back.
pub(super) const DISORDER: Duration = Duration::from_secs(60);

/// Rows that were appended together.
pub(super) struct Part {
    pub(super) rows: Rows,
    pub(super) at: Time,
}

/// Writes `parts` at the end of a log, whose next position is `first`. A log that isn't `stored` comes into being.
pub(super) fn grow(
    conn: &Connection,
    stored: Option<Stored>,
    log: LogKey,
    first: u64,
    parts: Vec<Part>,
) -> Result<Growth, StoreError> {
    let newest = parts.last().map_or_else(Time::default, |part| part.at);
    let blocks = cut(first, parts)?;
    let (id, mut top) = match stored {
        Some(stored) => (stored.id, stored.top),
        None => (
            begin(conn, &log)?,
            blocks.first().map_or(newest, |block| block.to),
        ),
    };
    let mut next = first;
    let mut bytes = 0;
    for block in &blocks {
        top = top.max(block.to);
        next = block.next();
        bytes += block.rows.bytes() as u64;
        insert(conn, id, block, top)?;
    }
    conn.prepare_cached(
        "UPDATE logs SET next = :next, bytes = bytes + :bytes, newest = :newest, top = :top WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": id,
        ":next": int(next),
        ":bytes": int(bytes),
        ":newest": newest.micros(),
        ":top": top.micros(),
    })?;
    Ok(Growth {
        log,
        id,
        blocks,
        newest,
        top,
    })
}

fn begin(conn: &Connection, log: &LogKey) -> Result<i64, StoreError> {
    let sql = "INSERT INTO logs (log, first, next, bytes, newest, top) VALUES (?, 0, 0, 0, 0, 0) RETURNING id";
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement.query_row([log.to_string()], |row| row.get(0))?)
}

fn insert(conn: &Connection, log: i64, block: &Block, top: Time) -> Result<(), StoreError> {
    let (data, ends) = block.rows.parts();
    let ends: Vec<u8> = ends.iter().flat_map(|end| end.to_le_bytes()).collect();
    conn.prepare_cached(
        "INSERT INTO blocks (log, first, count, from_ts, to_ts, top, ends, data)
         VALUES (:log, :first, :count, :from, :to, :top, :ends, :data)",
    )?
    .execute(named_params! {
        ":log": log,
        ":first": int(block.first),
        ":count": int(block.rows.len() as u64),
        ":from": block.from.micros(),
        ":to": block.to.micros(),
        ":top": top.micros(),
        ":ends": ends,
        ":data": &data[..],
    })?;
    Ok(())
}

/// The blocks that hold positions from `from` on, oldest first.
pub(super) fn forward(
    conn: &Connection,
    log: i64,
    from: u64,
    max_rows: usize,
) -> Result<Vec<Arc<Block>>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT first, from_ts, to_ts, ends, data FROM blocks
         WHERE log = ?1 AND first >= coalesce(
           (SELECT first FROM blocks WHERE log = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1), 0)
         ORDER BY first",
    )?;
    let mut found = statement.query(params![log, int(from)])?;
    let mut wanted = Wanted::new(max_rows);
    let mut blocks = Vec::new();
    while !wanted.is_done()
        && let Some(row) = found.next()?
    {
        let block = read(row)?;
        if block.next() <= from {
            continue;
        }
        if !wanted.take(block.next() - block.first.max(from), block.rows.bytes()) {
            break;
        }
        blocks.push(block);
    }
    Ok(blocks)
}

/// The blocks that hold positions before `before`, newest first.
pub(super) fn backward(
    conn: &Connection,
    log: i64,
    before: u64,
    max_rows: usize,
) -> Result<Vec<Arc<Block>>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT first, from_ts, to_ts, ends, data FROM blocks
         WHERE log = ?1 AND first < ?2 ORDER BY first DESC",
    )?;
    let mut found = statement.query(params![log, int(before)])?;
    let mut wanted = Wanted::new(max_rows);
    let mut blocks = Vec::new();
    while !wanted.is_done()
        && let Some(row) = found.next()?
    {
        let block = read(row)?;
        if !wanted.take(block.next().min(before) - block.first, block.rows.bytes()) {
            break;
        }
        blocks.push(block);
    }
    Ok(blocks)
}

/// The position behind the last block that was made while the clock was set back, by [`DISORDER`] or more, and has rows from before `at`.
pub(super) fn last_set_back(conn: &Connection, log: i64, at: Time) -> Result<u64, StoreError> {
    // The condition on `top` stands as in the index, so that it is used.
    let mut statement = conn.prepare_cached(
        "SELECT first + count FROM blocks
         WHERE log = ?1 AND from_ts < top - 60000000 AND from_ts < ?2 ORDER BY first DESC LIMIT 1",
    )?;
    let found = statement.query_row(params![log, at.micros()], |row| column::uint(row, 0));
    Ok(found.optional()?.unwrap_or(0))
}

/// The first position whose `_ts` may be `at` or later, if there is one.
pub(super) fn seek(conn: &Connection, log: i64, at: Time) -> Result<Option<u64>, StoreError> {
    // No block before the one where `top` reaches `at` can be meant. That one is, unless the row that lifted `top` was
    // in a block that retention took away since.
    let mut statement = conn.prepare_cached(
        "SELECT first, from_ts, to_ts, ends, data FROM blocks
         WHERE log = ?1 AND to_ts >= ?2 AND first >= (
           SELECT first FROM blocks WHERE log = ?1 AND top >= ?2 ORDER BY top, id LIMIT 1)
         ORDER BY first LIMIT 1",
    )?;
    let block = statement
        .query_row(params![log, at.micros()], read)
        .optional()?;
    Ok(block.map(|block| {
        let mut before = 0;
        if block.from < at {
            let rows = block.rows.iter();
            before = rows
                .take_while(|row| row.ts().is_some_and(|ts| ts < at))
                .count();
        }
        block.first + before as u64
    }))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Arc<Block>> {
    let ends = row.get_ref(3)?.as_blob()?.chunks_exact(4);
    let ends = ends.map(|end| u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    let data = Bytes::copy_from_slice(row.get_ref(4)?.as_blob()?);
    let rows =
        Rows::from_parts(data, ends.collect()).map_err(|error| column::unreadable(3, error))?;
    Ok(Arc::new(Block {
        first: column::uint(row, 0)?,
        rows,
        from: column::time(row, 1)?,
        to: column::time(row, 2)?,
    }))
}

/// Cuts what was appended into blocks, the first of which begins at `first`. Small parts share a block; a part that makes a block of its
/// own is not copied; only one that is too large for a block is cut.
fn cut(first: u64, parts: Vec<Part>) -> Result<Vec<Arc<Block>>, StoreError> {
    let mut cutter = Cutter {
        first,
        parts: Vec::new(),
        rows: 0,
        bytes: 0,
        blocks: Vec::new(),
    };
    for Part { rows, at } in parts {
        if !cutter.fits(rows.len(), rows.bytes()) {
            cutter.close()?;
        }
        let mut start = 0;
        while start < rows.len() {
            let stop = reach(rows.parts().1, start);
            let piece = if start == 0 && stop == rows.len() {
                rows.clone()
            } else {
                rows.slice(start..stop)
            };
            if !cutter.fits(piece.len(), piece.bytes()) {
                cutter.close()?;
            }
            cutter.put(Part { rows: piece, at });
            start = stop;
        }
    }
    cutter.close()?;
    Ok(cutter.blocks)
}

/// Where a block ends that begins with row `start` of rows that end at `ends`.
fn reach(ends: &[u32], start: usize) -> usize {
    let begin = match start {
        0 => 0,
        _ => ends[start - 1] as usize,
    };
    let rows = &ends[start..(start + MAX_ROWS).min(ends.len())];
    let fitting = rows.partition_point(|end| *end as usize - begin <= MAX_BYTES);
    start + fitting.max(1)
}

struct Cutter {
    /// Where the block begins that is being put together.
    first: u64,
    parts: Vec<Part>,
    rows: usize,
    bytes: usize,
    blocks: Vec<Arc<Block>>,
}

impl Cutter {
    fn fits(&self, rows: usize, bytes: usize) -> bool {
        self.rows + rows <= MAX_ROWS && self.bytes + bytes <= MAX_BYTES
    }

    fn put(&mut self, part: Part) {
        self.rows += part.rows.len();
        self.bytes += part.rows.bytes();
        self.parts.push(part);
    }

    fn close(&mut self) -> Result<(), StoreError> {
        let parts = std::mem::take(&mut self.parts);
        let times = parts.iter().map(|part| part.at);
        let (Some(from), Some(to)) = (times.clone().min(), times.max()) else {
            return Ok(());
        };
        let block = Block {
            first: self.first,
            rows: join(parts, self.rows, self.bytes)?,
            from,
            to,
        };
        self.first = block.next();
        self.blocks.push(Arc::new(block));
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

/// The rows of `parts`, one after the other.
fn join(parts: Vec<Part>, rows: usize, bytes: usize) -> Result<Rows, StoreError> {
    if let [part] = &parts[..] {
        return Ok(part.rows.clone());
    }
    let mut data = Vec::with_capacity(bytes);
    let mut ends = Vec::with_capacity(rows);
    for part in &parts {
        // A block has far fewer bytes than 32 bits count.
        let before = data.len() as u32;
        let (part_data, part_ends) = part.rows.parts();
        data.extend_from_slice(part_data);
        ends.extend(part_ends.iter().map(|end| before + end));
    }
    Rows::from_parts(data.into(), ends).map_err(|error| StoreError::Other(error.to_string()))
}

#[cfg(test)]
mod tests;
