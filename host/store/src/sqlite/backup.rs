//! A copy of the store while it works: `VACUUM INTO`, which reads one snapshot and leaves the writer alone.

use std::{fs, path::Path};

use rusqlite::Connection;

use super::schema;
use crate::StoreError;

/// Writes the copy, and says how many bytes it has.
pub(super) fn write(conn: &Connection, to: &Path) -> Result<u64, StoreError> {
    let Some(name) = to.to_str() else {
        let to = to.display();
        return Err(StoreError::Other(format!(
            "{to} is no UTF-8: name the copy otherwise"
        )));
    };
    // SQLite fills an empty file, whose mode is ours to choose.
    schema::make_new(to)?;
    let written = conn
        .execute("VACUUM INTO ?1", [name])
        .map_err(StoreError::from)
        .and_then(|_| synced(to));
    if written.is_err() {
        // What is half a copy must not be taken for one.
        let _ = fs::remove_file(to);
    }
    written
}

fn synced(to: &Path) -> Result<u64, StoreError> {
    let unwritable = |error| StoreError::ReadOnly(format!("{}: {error}", to.display()));
    let file = fs::File::open(to).map_err(unwritable)?;
    file.sync_all().map_err(unwritable)?;
    Ok(file.metadata().map_err(unwritable)?.len())
}
