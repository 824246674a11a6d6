//! Dead letters.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use watchbox_model::{AuditRecord, Name, TurnId, dead_letter::DeadLetter, turn::Trigger};

use super::{
    audit,
    column::{self, int, to_json},
    group::Group,
    journal,
};
use crate::{Page, StoreError};

/// Sets a trigger aside, under a new number.
pub(super) fn insert(conn: &Connection, letter: &DeadLetter) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO dead_letters (installation, digest, turn, trigger_json, now, tries, error, at)
         VALUES (:installation, :digest, :turn, :trigger, :now, :tries, :error, :at)",
    )?
    .execute(named_params! {
        ":installation": letter.installation.as_str(),
        ":digest": letter.digest.to_string(),
        ":turn": letter.turn.as_str(),
        ":trigger": to_json(&letter.trigger)?,
        ":now": letter.now.micros(),
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
    let condition = condition(installation);
    let mut statement = conn.prepare_cached(&format!(
        "SELECT id, installation, digest, turn, trigger_json, now, tries, error, at FROM dead_letters
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

fn condition(installation: Option<&Name>) -> &'static str {
    match installation {
        Some(_) => "installation = :installation",
        None => ":installation IS NULL",
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        id: column::uint(row, 0)?,
        installation: column::parsed(row, 1)?,
        digest: column::parsed(row, 2)?,
        turn: TurnId::from(row.get::<_, String>(3)?),
        trigger: column::json(row, 4)?,
        now: column::time(row, 5)?,
        tries: row.get(6)?,
        error: row.get(7)?,
        at: column::time(row, 8)?,
    })
}

/// How many each installation has that has any, or the one that is meant.
pub(super) fn counts(
    conn: &Connection,
    installation: Option<&Name>,
) -> Result<BTreeMap<Name, u64>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT installation, count(*) FROM dead_letters WHERE {} GROUP BY installation",
        condition(installation)
    ))?;
    let named = named_params! { ":installation": installation.map(Name::as_str) };
    let counts = statement.query_map(named, |row| {
        Ok((column::parsed(row, 0)?, column::uint(row, 1)?))
    })?;
    Ok(counts.collect::<Result<_, _>>()?)
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

/// Takes one away, and its journal.
pub(super) fn take(conn: &Connection, id: u64) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(
        "DELETE FROM dead_letters WHERE id = ? RETURNING installation, trigger_json",
    )?;
    let taken = statement.query_row([int(id)], |row| {
        let trigger: Trigger = column::json(row, 1)?;
        Ok((column::parsed::<Name>(row, 0)?, TurnId::of(&trigger)))
    });
    let Some((installation, turn)) = taken.optional()? else {
        return Err(StoreError::Missing(format!("dead letter {id}")));
    };
    journal::release(conn, &installation, &turn)
}
