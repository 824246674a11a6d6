//! The audit trail as a chain, and its checkpoints.

use rusqlite::{Connection, OptionalExtension, Row, params};
use watchbox_model::{
    Digest, Time,
    audit::{Checkpoint, Entry, GENESIS, SignedCheckpoint, chain},
    signing::Signature,
};

use super::{
    audit,
    column::{self, int},
};
use crate::StoreError;

/// Checkpoints that are kept; of those before them only what no longer fits the trail is, as a proof of that.
const CHECKPOINTS: i64 = 1_000;

/// The number that the next record gets, and the hash that it follows.
pub(super) fn end(conn: &Connection) -> Result<(u64, Digest), StoreError> {
    // The number by the counter, so that none is given twice where the last records were lost.
    let mut statement = conn.prepare_cached(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0) + 1,
                (SELECT hash FROM audit ORDER BY id DESC LIMIT 1)",
    )?;
    Ok(statement.query_row([], |row| {
        let hash: Option<[u8; 32]> = row.get(1)?;
        let hash = hash.map_or(GENESIS, Digest::from_bytes);
        Ok((column::uint(row, 0)?, hash))
    })?)
}

/// The number of the last record; 0 where there is none.
pub(super) fn last(conn: &Connection) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached("SELECT coalesce(max(id), 0) FROM audit")?;
    Ok(statement.query_row([], |row| column::uint(row, 0))?)
}

/// Records from number `from` on, oldest first.
pub(super) fn read(conn: &Connection, from: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
    let sql = format!(
        "SELECT {}, hash FROM audit WHERE id >= ? ORDER BY id LIMIT ?",
        audit::COLUMNS
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_map(params![int(from), limit], |row| {
        let (number, record) = audit::read(row)?;
        Ok(Entry {
            number,
            record,
            hash: digest(row, audit::COLUMN_COUNT)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Chains the records of a store that had no chain yet.
pub(super) fn chain_all(conn: &Connection) -> Result<(), StoreError> {
    let sql = format!("SELECT {} FROM audit ORDER BY id", audit::COLUMNS);
    let mut records = conn.prepare(&sql)?;
    let mut records = records.query([])?;
    let mut update = conn.prepare("UPDATE audit SET hash = ?2 WHERE id = ?1")?;
    let mut before = GENESIS;
    while let Some(row) = records.next()? {
        let (number, record) = audit::read(row)?;
        before = chain::hash(&before, number, &record);
        update.execute(params![int(number), before.as_bytes()])?;
    }
    Ok(())
}

/// Keeps a checkpoint.
pub(super) fn put(conn: &Connection, signed: &SignedCheckpoint) -> Result<(), StoreError> {
    let checkpoint = &signed.checkpoint;
    conn.prepare_cached(
        "INSERT INTO checkpoints (at, first, before, last, hash, signature) VALUES (?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        checkpoint.at.micros(),
        int(checkpoint.first),
        checkpoint.before.as_bytes(),
        int(checkpoint.last),
        checkpoint.hash.as_bytes(),
        signed.signature.as_str(),
    ])?;
    conn.prepare_cached(
        "DELETE FROM checkpoints
         WHERE id <= (SELECT max(id) FROM checkpoints) - ?1
           AND (last < ?2 OR EXISTS (SELECT 1 FROM audit WHERE audit.id = checkpoints.last AND audit.hash = checkpoints.hash))",
    )?
    .execute(params![CHECKPOINTS, int(checkpoint.first)])?;
    Ok(())
}

/// Every checkpoint, oldest first.
pub(super) fn checkpoints(conn: &Connection) -> Result<Vec<SignedCheckpoint>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT at, first, before, last, hash, signature FROM checkpoints ORDER BY id",
    )?;
    let found = statement.query_map([], |row| {
        Ok(SignedCheckpoint {
            checkpoint: Checkpoint {
                at: column::time(row, 0)?,
                first: column::uint(row, 1)?,
                before: digest(row, 2)?,
                last: column::uint(row, 3)?,
                hash: digest(row, 4)?,
            },
            signature: Signature::new(row.get(5)?),
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The number of the first record from `cutoff` or later; of the last one where there is none, so that the chain always has an end.
pub(super) fn first_since(conn: &Connection, cutoff: Time) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT coalesce((SELECT min(id) FROM audit WHERE at >= ?), (SELECT max(id) FROM audit), 1)",
    )?;
    Ok(statement.query_row([cutoff.micros()], |row| column::uint(row, 0))?)
}

/// Lets go of at most `limit` records from before the first that the newest checkpoint speaks of; gives how many.
pub(super) fn trim(conn: &Connection, limit: usize) -> Result<usize, StoreError> {
    let newest = "SELECT first FROM checkpoints ORDER BY id DESC LIMIT 1";
    let Some(first) = conn
        .prepare_cached(newest)?
        .query_row([], |row| row.get::<_, i64>(0))
        .optional()?
    else {
        return Ok(0);
    };
    let mut statement = conn.prepare_cached(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < ?1 ORDER BY id LIMIT ?2)",
    )?;
    Ok(statement.execute(params![first, limit as i64])?)
}

fn digest(row: &Row<'_>, at: usize) -> rusqlite::Result<Digest> {
    row.get(at).map(Digest::from_bytes)
}
