//! What artifacts keep from turn to turn.

use rusqlite::{Connection, OptionalExtension, params};
use watchbox_model::Name;

use super::column;
use crate::{StateChange, StoreError};

/// Sets or removes a key.
pub(super) fn change(
    conn: &Connection,
    installation: &Name,
    change: &StateChange,
) -> Result<(), StoreError> {
    match &change.value {
        Some(value) => conn
            .prepare_cached(
                "INSERT INTO state (installation, key, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET value = ?3",
            )?
            .execute(params![installation.as_str(), change.key, value])?,
        None => conn
            .prepare_cached("DELETE FROM state WHERE installation = ?1 AND key = ?2")?
            .execute(params![installation.as_str(), change.key])?,
    };
    Ok(())
}

/// The value of a key.
pub(super) fn get(
    conn: &Connection,
    installation: &Name,
    key: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT value FROM state WHERE installation = ?1 AND key = ?2")?;
    let value = statement.query_row(params![installation.as_str(), key], |row| row.get(0));
    Ok(value.optional()?)
}

/// The keys that start with `prefix`, sorted, each with its value's bytes.
pub(super) fn keys(
    conn: &Connection,
    installation: &Name,
    prefix: &str,
) -> Result<Vec<(String, u64)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT key, length(value) FROM state WHERE installation = ?1 AND key >= ?2 ORDER BY key",
    )?;
    let mut found = statement.query(params![installation.as_str(), prefix])?;
    let mut keys = Vec::new();
    while let Some(row) = found.next()? {
        let key: String = row.get(0)?;
        if !key.starts_with(prefix) {
            break;
        }
        keys.push((key, column::uint(row, 1)?));
    }
    Ok(keys)
}
