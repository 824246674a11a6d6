//! Signatures of components.

use rusqlite::{Connection, params};
use watchbox_model::{AuditRecord, ComponentSignature, Digest, Time};

use super::{audit, column, group::Group};
use crate::StoreError;

/// Keeps a signature, in place of another by the same key.
pub(super) fn put(
    group: &mut Group<'_>,
    digest: Digest,
    signature: &ComponentSignature,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let conn = group.conn();
    let mut component = conn.prepare_cached("SELECT 1 FROM components WHERE digest = ?")?;
    if !component.exists([digest.to_string()])? {
        return Err(StoreError::Missing(format!("component {digest}")));
    }
    conn.prepare_cached(
        "INSERT INTO signatures (digest, key, added, text) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET added = ?3, text = ?4",
    )?
    .execute(params![
        digest.to_string(),
        signature.key().to_string(),
        record.at.micros(),
        signature.as_str()
    ])?;
    audit::insert(conn, record)
}

/// The signatures of a component and when each came, the oldest first.
pub(super) fn of(
    conn: &Connection,
    digest: Digest,
) -> Result<Vec<(ComponentSignature, Time)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT text, added FROM signatures WHERE digest = ? ORDER BY added, key",
    )?;
    let found = statement.query_map([digest.to_string()], |row| {
        Ok((column::parsed(row, 0)?, column::time(row, 1)?))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
