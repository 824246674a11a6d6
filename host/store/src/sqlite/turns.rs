//! Turns: their one transaction, and how far they have come.

use rusqlite::{Connection, OptionalExtension, params};
use watchbox_model::{LogKey, Name, Time};

use super::{
    audit, clients,
    column::{self, int},
    dead_letters,
    group::Group,
    installations, journal, state,
};
use crate::{Advance, StoreError, TurnCommit};

/// Commits all that a turn did.
pub(super) fn commit(group: &mut Group<'_>, turn: TurnCommit) -> Result<(), StoreError> {
    let conn = group.conn();
    let installation = &turn.installation;
    installations::require(conn, installation)?;
    if let Some(advance) = &turn.advance {
        step(conn, installation, advance)?;
    }
    if let Some(due) = turn.tick {
        ticked(conn, installation, due)?;
    }
    for change in &turn.labels {
        clients::change_label(conn, change)?;
    }
    for change in &turn.state {
        state::change(conn, installation, change)?;
    }
    for record in &turn.audit {
        audit::insert(conn, record)?;
    }
    if let Some(letter) = &turn.dead_letter {
        dead_letters::insert(conn, letter)?;
    }
    if let Some(id) = turn.redriven {
        dead_letters::take(conn, id)?;
    }
    if let Some(settlement) = &turn.journal {
        journal::settle(conn, installation, settlement, turn.dead_letter.as_ref())?;
    }
    match (&turn.tick, &turn.dead_letter) {
        (Some(_), Some(letter)) => journal::carry(conn, letter)?,
        (Some(_), None) => journal::carry_no_more(conn, installation)?,
        (None, _) => {}
    }
    for append in turn.appends {
        group.append(append);
    }
    Ok(())
}

/// Where the cursor is.
pub(super) fn cursor(
    conn: &Connection,
    installation: &Name,
    log: &LogKey,
) -> Result<Option<u64>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT position FROM cursors WHERE installation = ?1 AND log = ?2")?;
    let position = statement.query_row(params![installation.as_str(), log.to_string()], |row| {
        column::uint(row, 0)
    });
    Ok(position.optional()?)
}

/// Sets a cursor that is not set yet.
pub(super) fn begin(
    conn: &Connection,
    installation: &Name,
    log: &LogKey,
    position: u64,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO cursors (installation, log, position) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        installation.as_str(),
        log.to_string(),
        int(position)
    ])?;
    Ok(())
}

/// Moves the cursor, if it is where the turn found it. One that was never set is at 0.
fn step(conn: &Connection, installation: &Name, advance: &Advance) -> Result<(), StoreError> {
    let actual = cursor(conn, installation, &advance.log)?.unwrap_or(0);
    if actual != advance.from {
        return Err(StoreError::Moved {
            installation: installation.to_string(),
            log: advance.log.to_string(),
            expected: advance.from,
            actual,
        });
    }
    conn.prepare_cached(
        "INSERT INTO cursors (installation, log, position) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET position = ?3",
    )?
    .execute(params![
        installation.as_str(),
        advance.log.to_string(),
        int(advance.to)
    ])?;
    Ok(())
}

/// The due time of the last tick that was done.
pub(super) fn last_tick(
    conn: &Connection,
    installation: &Name,
) -> Result<Option<Time>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT due FROM ticks WHERE installation = ?")?;
    let due = statement.query_row([installation.as_str()], |row| column::time(row, 0));
    Ok(due.optional()?)
}

fn ticked(conn: &Connection, installation: &Name, due: Time) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO ticks (installation, due) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET due = max(due, ?2)",
    )?
    .execute(params![installation.as_str(), due.micros()])?;
    Ok(())
}
