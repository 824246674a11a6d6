//! Clients and their labels.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use watchbox_model::{AuditRecord, Client, ClientId, LabelChange, client::Seen, label::LabelOp};

use super::{audit, column, group::Group};
use crate::StoreError;

/// Marks a client as seen, registering it if it is unknown.
pub(super) fn see(conn: &Connection, seen: &Seen) -> Result<(), StoreError> {
    let hostname = seen.hostname.as_deref().filter(|name| !name.is_empty());
    conn.prepare_cached(
        "INSERT INTO clients (id, hostname, os, first_seen, last_seen)
         VALUES (:id, coalesce(:hostname, ''), '', :at, :at)
         ON CONFLICT DO UPDATE SET
           last_seen = max(last_seen, :at), hostname = coalesce(:hostname, hostname)",
    )?
    .execute(named_params! {
        ":id": seen.id.as_str(),
        ":hostname": hostname,
        ":at": seen.at.micros(),
    })?;
    Ok(())
}

/// Registers a client, or changes its hostname and os.
pub(super) fn put(
    group: &mut Group<'_>,
    client: &Client,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    group
        .conn()
        .prepare_cached(
            "INSERT INTO clients (id, hostname, os, first_seen, last_seen)
             VALUES (:id, :hostname, :os, :first_seen, :last_seen)
             ON CONFLICT DO UPDATE SET hostname = :hostname, os = :os",
        )?
        .execute(named_params! {
            ":id": client.id.as_str(),
            ":hostname": client.hostname,
            ":os": client.os,
            ":first_seen": client.first_seen.micros(),
            ":last_seen": client.last_seen.micros(),
        })?;
    audit::insert(group.conn(), record)
}

/// Removes a client, its labels with it.
pub(super) fn remove(
    group: &mut Group<'_>,
    id: &ClientId,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let mut statement = group
        .conn()
        .prepare_cached("DELETE FROM clients WHERE id = ?")?;
    if statement.execute([id.as_str()])? == 0 {
        return Err(StoreError::Missing(format!("client {id}")));
    }
    audit::insert(group.conn(), record)
}

/// Changes labels; every client must be there.
pub(super) fn change_labels(
    group: &mut Group<'_>,
    changes: &[LabelChange],
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let conn = group.conn();
    for change in changes {
        let mut statement = conn.prepare_cached("SELECT 1 FROM clients WHERE id = ?")?;
        if !statement.exists([change.client.as_str()])? {
            return Err(StoreError::Missing(format!("client {}", change.client)));
        }
        change_label(conn, change)?;
    }
    audit::insert(conn, record)
}

/// Changes one label; of a client that is gone, does nothing.
pub(super) fn change_label(conn: &Connection, change: &LabelChange) -> Result<(), StoreError> {
    let sql = match change.op {
        // A label that is there stays as it was first written.
        LabelOp::Add => {
            "INSERT INTO labels (client, label) SELECT id, ?2 FROM clients WHERE id = ?1 ON CONFLICT DO NOTHING"
        }
        LabelOp::Remove => "DELETE FROM labels WHERE client = ?1 AND label = ?2",
    };
    let mut statement = conn.prepare_cached(sql)?;
    statement.execute(params![change.client.as_str(), change.label.as_str()])?;
    Ok(())
}

/// The client of this id.
pub(super) fn get(conn: &Connection, id: &ClientId) -> Result<Option<Client>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, hostname, os, first_seen, last_seen FROM clients WHERE id = ?",
    )?;
    let client = statement.query_row([id.as_str()], read).optional()?;
    client.map(|client| with_labels(conn, client)).transpose()
}

/// A client out of a row of id, hostname, os, first and last seen; its labels are not in there.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Client> {
    Ok(Client {
        id: column::parsed(row, 0)?,
        hostname: row.get(1)?,
        os: row.get(2)?,
        labels: Vec::new(),
        first_seen: column::time(row, 3)?,
        last_seen: column::time(row, 4)?,
    })
}

/// The client with its labels.
pub(super) fn with_labels(conn: &Connection, mut client: Client) -> Result<Client, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT label FROM labels WHERE client = ? ORDER BY label")?;
    let labels = statement.query_map([client.id.as_str()], |row| column::parsed(row, 0))?;
    client.labels = labels.collect::<Result<_, _>>()?;
    Ok(client)
}
