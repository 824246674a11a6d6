//! Dead letters.

use rusqlite::{Connection, Row, named_params};
use watchbox_model::{AuditRecord, Name, dead_letter::DeadLetter};

use super::{
    audit,
    column::{self, int, to_json},
    group::Group,
};
use crate::{Page, StoreError};

/// Sets a trigger aside, under a new number.
pub(super) fn insert(conn: &Connection, letter: &DeadLetter) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO dead_letters (installation, digest, trigger_json, tries, error, at)
         VALUES (:installation, :digest, :trigger, :tries, :error, :at)",
    )?
    .execute(named_params! {
        ":installation": letter.installation.as_str(),
        ":digest": letter.digest.to_string(),
        ":trigger": to_json(&letter.trigger)?,
        ":tries": letter.tries,
        ":error": letter.error,
        ":at": letter.at.micros(),
    })?;
    Ok(())
}

/// Those with a smaller number than `before`, newest first.
pub(super) fn list(
    conn: &Connection,
    installation: Option<&Name>,
    before: Option<u64>,
    limit: u32,
) -> Result<Page<DeadLetter>, StoreError> {
    let condition = match installation {
        Some(_) => "installation = :installation",
        None => ":installation IS NULL",
    };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT id, installation, digest, trigger_json, tries, error, at FROM dead_letters
         WHERE {condition} AND id < :before ORDER BY id DESC LIMIT :limit"
    ))?;
    let found = statement.query_map(
        named_params! {
            ":installation": installation.map(Name::as_str),
            ":before": before.map_or(i64::MAX, int),
            ":limit": i64::from(limit) + 1,
        },
        read,
    )?;
    Ok(Page::cut(found.collect::<Result<_, _>>()?, limit))
}

fn read(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        id: column::uint(row, 0)?,
        installation: column::parsed(row, 1)?,
        digest: column::parsed(row, 2)?,
        trigger: column::json(row, 3)?,
        tries: row.get(4)?,
        error: row.get(5)?,
        at: column::time(row, 6)?,
    })
}

/// Drops one.
pub(super) fn remove(
    group: &mut Group<'_>,
    id: u64,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    take(group.conn(), id)?;
    audit::insert(group.conn(), record)
}

/// Takes one away.
pub(super) fn take(conn: &Connection, id: u64) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached("DELETE FROM dead_letters WHERE id = ?")?;
    if statement.execute([int(id)])? == 0 {
        return Err(StoreError::Missing(format!("dead letter {id}")));
    }
    Ok(())
}
