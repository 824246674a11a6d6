//! Sealed secrets, wherever they are kept.

use rusqlite::{Connection, params};
use watchbox_model::AuditRecord;

use super::{
    audit,
    column::{self, int},
    group::Group,
};
use crate::{Sealed, SealedPlace, StoreError};

/// All that there are, by installation.
pub(super) fn list(conn: &Connection) -> Result<Vec<Sealed>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT name, NULL, 0, secrets FROM installations WHERE length(secrets) > 0
         UNION ALL SELECT installation, number, 0, secrets FROM versions WHERE length(secrets) > 0
         UNION ALL SELECT installation, NULL, 1, secrets FROM pending WHERE length(secrets) > 0
         ORDER BY 1, 2, 3",
    )?;
    let found = statement.query_map([], |row| {
        let number: Option<i64> = row.get(1)?;
        let waits: bool = row.get(2)?;
        Ok(Sealed {
            installation: column::parsed(row, 0)?,
            place: match number {
                Some(_) => SealedPlace::Version(column::uint(row, 1)?),
                None if waits => SealedPlace::Pending,
                None => SealedPlace::Current,
            },
            bytes: row.get(3)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Puts others in their places: all of them, or none where one of the places is gone.
pub(super) fn replace(
    group: &mut Group<'_>,
    sealed: &[Sealed],
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let conn = group.conn();
    for Sealed {
        installation,
        place,
        bytes,
    } in sealed
    {
        let name = installation.as_str();
        let changed = match place {
            SealedPlace::Current => conn
                .prepare_cached("UPDATE installations SET secrets = ?2 WHERE name = ?1")?
                .execute(params![name, bytes])?,
            SealedPlace::Version(number) => conn
                .prepare_cached(
                    "UPDATE versions SET secrets = ?2 WHERE installation = ?1 AND number = ?3",
                )?
                .execute(params![name, bytes, int(*number)])?,
            SealedPlace::Pending => conn
                .prepare_cached("UPDATE pending SET secrets = ?2 WHERE installation = ?1")?
                .execute(params![name, bytes])?,
        };
        if changed == 0 {
            return Err(StoreError::Missing(format!(
                "place for the secrets of {installation}"
            )));
        }
    }
    audit::insert(conn, record)
}
