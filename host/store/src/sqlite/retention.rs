//! What is let go of: whole blocks from the fronts of logs, and audit records. Cursors stay where they are.

use std::{cmp::Reverse, collections::BinaryHeap};

use rusqlite::{Connection, OptionalExtension, params};
use watchbox_model::{LogKey, Time};

use super::{
    column::{self, int},
    group::Group,
    logs::Change,
    trail,
};
use crate::{Retention, StoreError};

/// Blocks that one command lets go of at most, so that others aren't kept waiting.
const BLOCKS: usize = 256;
/// The same in bytes.
const BYTES: u64 = 16 << 20;
/// Audit records, likewise.
const RECORDS: usize = 5000;

/// What one command let go of.
pub(super) struct Trimmed {
    /// Rows of logs.
    pub(super) rows: u64,
    /// Whether there may be more to let go of.
    pub(super) more: bool,
}

/// The oldest block of a log; ordered by age.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Front {
    to: Time,
    /// Which log, of those that were asked for.
    log: usize,
    id: i64,
    next: u64,
    rows: u64,
    bytes: u64,
}

/// Lets go of some of what `policy` does not keep at `now`.
///
/// Blocks go oldest first, over all logs, but only ever from a log's front: where the clock was set back, a block may stay
/// until those before it may go, and none ever goes early.
pub(super) fn trim(
    group: &mut Group<'_>,
    policy: Retention,
    now: Time,
) -> Result<Trimmed, StoreError> {
    let conn = group.conn();
    let cutoff = policy.cutoff(now);
    let expired = |to: Time| cutoff.is_some_and(|cutoff| to < cutoff);
    let limit = policy.bytes.unwrap_or(u64::MAX);
    let records = trail::trim(conn, RECORDS)?;

    let logs = group.logs().ids();
    let mut total = bytes(conn)?;
    let mut fronts = BinaryHeap::new();
    for (log, (_, id)) in logs.iter().enumerate() {
        fronts.extend(front(conn, log, *id)?.map(Reverse));
    }
    let (mut blocks, mut rows, mut gone) = (0, 0, 0);
    while let Some(Reverse(oldest)) = fronts.pop()
        && (expired(oldest.to) || total > limit)
    {
        if blocks == BLOCKS || gone > BYTES {
            return Ok(Trimmed { rows, more: true });
        }
        let (key, id) = &logs[oldest.log];
        remove(group, key, *id, &oldest)?;
        blocks += 1;
        rows += oldest.rows;
        gone += oldest.bytes;
        total -= oldest.bytes.min(total);
        fronts.extend(front(conn, oldest.log, *id)?.map(Reverse));
    }
    Ok(Trimmed {
        rows,
        more: records == RECORDS,
    })
}

/// The bytes of all rows.
fn bytes(conn: &Connection) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached("SELECT coalesce(sum(bytes), 0) FROM logs")?;
    Ok(statement.query_row([], |row| column::uint(row, 0))?)
}

/// The oldest block of log number `log`.
fn front(conn: &Connection, log: usize, id: i64) -> Result<Option<Front>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT to_ts, id, first + count, count, length(data) FROM blocks
         WHERE log = ? ORDER BY first LIMIT 1",
    )?;
    let front = statement.query_row([id], |row| {
        Ok(Front {
            to: column::time(row, 0)?,
            log,
            id: row.get(1)?,
            next: column::uint(row, 2)?,
            rows: column::uint(row, 3)?,
            bytes: column::uint(row, 4)?,
        })
    });
    Ok(front.optional()?)
}

fn remove(group: &mut Group<'_>, key: &LogKey, log: i64, front: &Front) -> Result<(), StoreError> {
    let conn = group.conn();
    conn.prepare_cached("DELETE FROM blocks WHERE id = ?")?
        .execute([front.id])?;
    conn.prepare_cached("UPDATE logs SET first = ?2, bytes = bytes - ?3 WHERE id = ?1")?
        .execute(params![log, int(front.next), int(front.bytes)])?;
    group.trimmed(Change::Trimmed {
        log: key.clone(),
        first: front.next,
        bytes: front.bytes,
    });
    Ok(())
}
