//! Tokens' records.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use watchbox_model::{AuditRecord, Time};

use super::{audit, column, group::Group};
use crate::{FormerHash, StoreError, Token};

/// Every token's record, by name.
pub(super) fn list(conn: &Connection) -> Result<Vec<Token>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT name, role, hash, created, expires, last_used, former_hash, former_until
         FROM tokens ORDER BY name",
    )?;
    let found = statement.query_map([], read)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Token> {
    let hash: Option<[u8; 32]> = row.get(6)?;
    let until = column::optional_time(row, 7)?;
    let former = hash.zip(until);
    Ok(Token {
        name: row.get(0)?,
        role: row.get(1)?,
        hash: row.get(2)?,
        former: former.map(|(hash, until)| FormerHash { hash, until }),
        created: column::time(row, 3)?,
        expires: column::optional_time(row, 4)?,
        last_used: column::optional_time(row, 5)?,
    })
}

/// Keeps one, in place of the one of its name.
pub(super) fn put(
    group: &mut Group<'_>,
    token: &Token,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let conn = group.conn();
    let mut same = conn.prepare_cached("SELECT name FROM tokens WHERE hash = ?1 AND name <> ?2")?;
    let same: Option<String> = same
        .query_row(params![token.hash, token.name], |row| row.get(0))
        .optional()?;
    if let Some(other) = same {
        return Err(StoreError::Conflict(format!(
            "that token is kept as `{other}` already"
        )));
    }
    conn.prepare_cached(
        "INSERT INTO tokens (name, role, hash, created, expires, last_used, former_hash, former_until)
         VALUES (:name, :role, :hash, :created, :expires, :last_used, :former_hash, :former_until)
         ON CONFLICT (name) DO UPDATE SET
           role = :role, hash = :hash, created = :created, expires = :expires, last_used = :last_used,
           former_hash = :former_hash, former_until = :former_until",
    )?
    .execute(named_params! {
        ":name": token.name,
        ":role": token.role,
        ":hash": token.hash,
        ":created": token.created.micros(),
        ":expires": token.expires.map(Time::micros),
        ":last_used": token.last_used.map(Time::micros),
        ":former_hash": token.former.as_ref().map(|former| former.hash),
        ":former_until": token.former.as_ref().map(|former| former.until.micros()),
    })?;
    audit::insert(conn, record)
}

/// Removes one.
pub(super) fn remove(
    group: &mut Group<'_>,
    name: &str,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let conn = group.conn();
    let mut statement = conn.prepare_cached("DELETE FROM tokens WHERE name = ?")?;
    if statement.execute([name])? == 0 {
        return Err(StoreError::Missing(format!("token `{name}`")));
    }
    audit::insert(conn, record)
}

/// Sets when one was last used.
pub(super) fn touch(group: &mut Group<'_>, name: &str, at: Time) -> Result<(), StoreError> {
    let mut statement = group.conn().prepare_cached(
        "UPDATE tokens SET last_used = max(coalesce(last_used, ?1), ?1) WHERE name = ?2",
    )?;
    statement.execute(params![at.micros(), name])?;
    Ok(())
}
