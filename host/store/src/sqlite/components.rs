//! Components' bytes.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};
use watchbox_model::{AuditRecord, Digest, Time};

use super::{audit, column, group::Group};
use crate::StoreError;

/// Keeps a component; one that is there stays as it is.
pub(super) fn put(
    group: &mut Group<'_>,
    digest: Digest,
    bytes: &[u8],
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let conn = group.conn();
    conn.prepare_cached(
        "INSERT INTO components (digest, added, bytes) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?
    .execute(params![digest.to_string(), record.at.micros(), bytes])?;
    audit::insert(conn, record)
}

/// A component's bytes.
pub(super) fn get(conn: &Connection, digest: Digest) -> Result<Option<Bytes>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT bytes FROM components WHERE digest = ?")?;
    let bytes = statement.query_row([digest.to_string()], |row| row.get::<_, Vec<u8>>(0));
    Ok(bytes.optional()?.map(Bytes::from))
}

/// Every component, its bytes and when it came, oldest first.
pub(super) fn list(conn: &Connection) -> Result<Vec<(Digest, u64, Time)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT digest, length(bytes), added FROM components ORDER BY added, digest",
    )?;
    let found = statement.query_map([], |row| {
        Ok((
            column::parsed(row, 0)?,
            column::uint(row, 1)?,
            column::time(row, 2)?,
        ))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Removes a component that no installation needs.
pub(super) fn remove(
    group: &mut Group<'_>,
    digest: Digest,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let conn = group.conn();
    let mut user = conn.prepare_cached(
        "SELECT name FROM installations WHERE digest = ?1 OR previous = ?1 ORDER BY name LIMIT 1",
    )?;
    let user: Option<String> = user
        .query_row([digest.to_string()], |row| row.get(0))
        .optional()?;
    if let Some(user) = user {
        return Err(StoreError::Conflict(format!(
            "component {} is run by {user}, or was before its last upgrade: remove or upgrade that first",
            digest.short()
        )));
    }
    let mut statement = conn.prepare_cached("DELETE FROM components WHERE digest = ?")?;
    if statement.execute([digest.to_string()])? == 0 {
        return Err(StoreError::Missing(format!("component {digest}")));
    }
    audit::insert(conn, record)
}
