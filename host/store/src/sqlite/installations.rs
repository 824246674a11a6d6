//! The monitoring table.

use rusqlite::{Connection, Row, named_params};
use watchbox_model::{AuditRecord, LogKey, Name};

use super::{
    audit,
    column::{self, to_json},
    group::Group,
    pending, turns, versions,
};
use crate::{Installation, StoreError, VersionNote};

/// Every installation, by name.
pub(super) fn list(conn: &Connection) -> Result<Vec<Installation>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT name, digest, previous, parameters, secrets, grants, enabled, installed_at, changed_at, changed_by,
           probation, quarantine, files
         FROM installations ORDER BY name",
    )?;
    let found = statement.query_map([], read)?;
    let mut installations = found.collect::<Result<Vec<Installation>, _>>()?;
    for installation in &mut installations {
        installation.pending = pending::get(conn, &installation.name)?;
    }
    Ok(installations)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Installation> {
    Ok(Installation {
        name: column::parsed(row, 0)?,
        digest: column::parsed(row, 1)?,
        previous: column::optional(row, 2)?,
        parameters: column::json(row, 3)?,
        secrets: row.get(4)?,
        grants: column::json(row, 5)?,
        enabled: row.get(6)?,
        installed_at: column::time(row, 7)?,
        changed_at: column::time(row, 8)?,
        changed_by: row.get(9)?,
        probation: row.get(10)?,
        quarantine: column::optional_json(row, 11)?,
        files: column::optional(row, 12)?,
        pending: None,
    })
}

/// Puts one in or changes it, and sets the cursors that aren't set; with a line of its history, where it became another version.
pub(super) fn put(
    group: &mut Group<'_>,
    installation: &Installation,
    version: Option<&VersionNote>,
    cursors: &[(LogKey, u64)],
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let conn = group.conn();
    // Not `INSERT OR REPLACE`: that removes what hangs on the old line.
    conn.prepare_cached(
        "INSERT INTO installations
           (name, digest, previous, parameters, secrets, grants, enabled, installed_at, changed_at, changed_by,
            probation, quarantine, files)
         VALUES
           (:name, :digest, :previous, :parameters, :secrets, :grants, :enabled, :installed_at, :changed_at, :changed_by,
            :probation, :quarantine, :files)
         ON CONFLICT DO UPDATE SET
           digest = :digest, previous = :previous, parameters = :parameters, secrets = :secrets, grants = :grants,
           enabled = :enabled, installed_at = :installed_at, changed_at = :changed_at, changed_by = :changed_by,
           probation = :probation, quarantine = :quarantine, files = :files",
    )?
    .execute(named_params! {
        ":name": installation.name.as_str(),
        ":digest": installation.digest.to_string(),
        ":previous": installation.previous.map(|digest| digest.to_string()),
        ":parameters": to_json(&installation.parameters)?,
        ":secrets": installation.secrets,
        ":grants": to_json(&installation.grants)?,
        ":enabled": installation.enabled,
        ":installed_at": installation.installed_at.micros(),
        ":changed_at": installation.changed_at.micros(),
        ":changed_by": installation.changed_by,
        ":probation": installation.probation,
        ":quarantine": installation.quarantine.as_ref().map(to_json).transpose()?,
        ":files": installation.files.map(|digest| digest.to_string()),
    })?;
    pending::put(conn, &installation.name, installation.pending.as_ref())?;
    if let Some(note) = version {
        versions::insert(conn, installation, note)?;
    }
    for (log, position) in cursors {
        turns::begin(conn, &installation.name, log, *position)?;
    }
    audit::insert(conn, record)
}

/// Takes one out; the schema takes what hangs on it out too.
pub(super) fn remove(
    group: &mut Group<'_>,
    name: &Name,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let conn = group.conn();
    let mut statement = conn.prepare_cached("DELETE FROM installations WHERE name = ?")?;
    if statement.execute([name.as_str()])? == 0 {
        return Err(missing(name));
    }
    audit::insert(conn, record)
}

/// An error unless it is in the table: what a turn leaves behind of one that was removed meanwhile would be taken for its successor's.
pub(super) fn require(conn: &Connection, name: &Name) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM installations WHERE name = ?")?;
    if statement.exists([name.as_str()])? {
        Ok(())
    } else {
        Err(missing(name))
    }
}

fn missing(name: &Name) -> StoreError {
    StoreError::Missing(format!("installation {name}"))
}
