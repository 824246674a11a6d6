//! Versions that wait for approval.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use watchbox_model::Name;

use super::column::{self, to_json};
use crate::{Pending, StoreError};

/// Keeps what waits of an installation, or that nothing does.
pub(super) fn put(
    conn: &Connection,
    installation: &Name,
    pending: Option<&Pending>,
) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM pending WHERE installation = ?")?
        .execute([installation.as_str()])?;
    let Some(pending) = pending else {
        return Ok(());
    };
    conn.prepare_cached(
        "INSERT INTO pending (installation, digest, version, parameters, secrets, lacks, at, by)
         VALUES (:installation, :digest, :version, :parameters, :secrets, :lacks, :at, :by)",
    )?
    .execute(named_params! {
        ":installation": installation.as_str(),
        ":digest": pending.digest.to_string(),
        ":version": pending.version,
        ":parameters": to_json(&pending.parameters)?,
        ":secrets": pending.secrets,
        ":lacks": to_json(&pending.lacks)?,
        ":at": pending.at.micros(),
        ":by": pending.by,
    })?;
    Ok(())
}

/// What waits of an installation.
pub(super) fn get(conn: &Connection, installation: &Name) -> Result<Option<Pending>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT digest, version, parameters, secrets, lacks, at, by FROM pending WHERE installation = ?",
    )?;
    Ok(statement
        .query_row([installation.as_str()], read)
        .optional()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Pending> {
    Ok(Pending {
        digest: column::parsed(row, 0)?,
        version: row.get(1)?,
        parameters: column::json(row, 2)?,
        secrets: row.get(3)?,
        lacks: column::json(row, 4)?,
        at: column::time(row, 5)?,
        by: row.get(6)?,
    })
}
