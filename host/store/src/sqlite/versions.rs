//! The histories of installations.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use watchbox_model::{Digest, Name};

use super::{
    column::{self, int, to_json},
    components,
};
use crate::{Installation, KEPT_VERSIONS, StoreError, Version, VersionNote};

/// Writes down what `installation` now is, and lets go of versions that are too old, with components that nobody needs any more.
pub(super) fn insert(
    conn: &Connection,
    installation: &Installation,
    note: &VersionNote,
) -> Result<(), StoreError> {
    let name = installation.name.as_str();
    let newest = "SELECT coalesce(max(number), 0) FROM versions WHERE installation = ?";
    let newest = conn
        .prepare_cached(newest)?
        .query_row([name], |row| column::uint(row, 0))?;
    let number = newest + 1;
    conn.prepare_cached(
        "INSERT INTO versions
           (installation, number, at, by, digest, version, how, changed, reason, back_to, parameters, secrets, grants)
         VALUES
           (:installation, :number, :at, :by, :digest, :version, :how, :changed, :reason, :back_to, :parameters, :secrets, :grants)",
    )?
    .execute(named_params! {
        ":installation": name,
        ":number": int(number),
        ":at": installation.changed_at.micros(),
        ":by": installation.changed_by,
        ":digest": installation.digest.to_string(),
        ":version": note.version,
        ":how": note.how.as_str(),
        ":changed": note.changed,
        ":reason": note.reason,
        ":back_to": note.back_to.map(int),
        ":parameters": to_json(&installation.parameters)?,
        ":secrets": installation.secrets,
        ":grants": to_json(&installation.grants)?,
    })?;
    let mut old = conn.prepare_cached(
        "DELETE FROM versions WHERE installation = ?1 AND number <= ?2 RETURNING digest",
    )?;
    let last = int(number.saturating_sub(KEPT_VERSIONS));
    let gone = old
        .query_map(params![name, last], |row| column::parsed(row, 0))?
        .collect::<Result<Vec<Digest>, _>>()?;
    for digest in gone {
        components::drop_unused(conn, digest)?;
    }
    Ok(())
}

/// The versions of an installation, newest first.
pub(super) fn list(conn: &Connection, installation: &Name) -> Result<Vec<Version>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT number, at, by, digest, version, how, changed, reason, back_to, parameters, secrets, grants
         FROM versions WHERE installation = ? ORDER BY number DESC",
    )?;
    let found = statement.query_map([installation.as_str()], read)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Version> {
    let back_to: Option<i64> = row.get(8)?;
    Ok(Version {
        number: column::uint(row, 0)?,
        at: column::time(row, 1)?,
        by: row.get(2)?,
        digest: column::parsed(row, 3)?,
        note: VersionNote {
            version: row.get(4)?,
            how: column::parsed(row, 5)?,
            changed: row.get(6)?,
            reason: row.get(7)?,
            back_to: back_to.and_then(|number| u64::try_from(number).ok()),
        },
        parameters: column::json(row, 9)?,
        secrets: row.get(10)?,
        grants: column::json(row, 11)?,
    })
}

/// An installation of whose history, or of which, a component is a part; or that it waits to be approved for.
pub(super) fn user_of(conn: &Connection, digest: Digest) -> Result<Option<String>, StoreError> {
    let mut user = conn.prepare_cached(
        "SELECT name FROM installations WHERE digest = ?1 OR previous = ?1
         UNION SELECT installation FROM versions WHERE digest = ?1
         UNION SELECT installation FROM pending WHERE digest = ?1
         ORDER BY 1 LIMIT 1",
    )?;
    Ok(user
        .query_row([digest.to_string()], |row| row.get(0))
        .optional()?)
}
