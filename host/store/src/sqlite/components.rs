//! Components' bytes.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};
use watchbox_model::{AuditRecord, Digest, Time};

use super::{audit, column, group::Group, versions};
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
    if let Some(user) = versions::user_of(conn, digest)? {
        return Err(StoreError::Conflict(format!(
            "component {} is run by {user}, is one of its versions or waits to be: remove that first",
            digest.short()
        )));
    }
    let mut statement = conn.prepare_cached("DELETE FROM components WHERE digest = ?")?;
    if statement.execute([digest.to_string()])? == 0 {
        return Err(StoreError::Missing(format!("component {digest}")));
    }
    audit::insert(conn, record)
}

/// Lets go of a component that no installation needs.
pub(super) fn drop_unused(conn: &Connection, digest: Digest) -> Result<(), StoreError> {
    if versions::user_of(conn, digest)?.is_none() {
        conn.prepare_cached("DELETE FROM components WHERE digest = ?")?
            .execute([digest.to_string()])?;
    }
    Ok(())
}
