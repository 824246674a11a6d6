//! Turns that are open: begun, with an effect outside, and not committed.

use rusqlite::{Connection, named_params, params};
use watchbox_model::{Name, TurnId};

use super::{
    column::{self, to_json},
    group::Group,
    installations,
};
use crate::{JournalEntry, OpenTurn, StoreError};

/// Writes down an effect; its turn is open from then on. An effect that comes again has the outcome that came last.
pub(super) fn write(
    group: &mut Group<'_>,
    turn: &OpenTurn,
    entry: &JournalEntry,
) -> Result<(), StoreError> {
    let conn = group.conn();
    installations::require(conn, &turn.installation)?;
    conn.prepare_cached(
        "INSERT INTO open_turns (installation, turn, trigger_json, now)
         VALUES (:installation, :turn, :trigger, :now) ON CONFLICT DO NOTHING",
    )?
    .execute(named_params! {
        ":installation": turn.installation.as_str(),
        ":turn": turn.turn.as_str(),
        ":trigger": to_json(&turn.trigger)?,
        ":now": turn.now.micros(),
    })?;
    conn.prepare_cached(
        "INSERT INTO journal (turn, effect, outcome)
         SELECT id, :effect, :outcome FROM open_turns WHERE installation = :installation AND turn = :turn
         ON CONFLICT DO UPDATE SET outcome = :outcome",
    )?
    .execute(named_params! {
        ":installation": turn.installation.as_str(),
        ":turn": turn.turn.as_str(),
        ":effect": entry.effect,
        ":outcome": entry.outcome,
    })?;
    Ok(())
}

/// Closes a turn; what it journaled is not needed any more.
pub(super) fn close(
    conn: &Connection,
    installation: &Name,
    turn: &TurnId,
) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM open_turns WHERE installation = ?1 AND turn = ?2")?
        .execute(params![installation.as_str(), turn.as_str()])?;
    Ok(())
}

/// The open turns, oldest first, with their entries.
pub(super) fn open_turns(
    conn: &Connection,
    installation: &Name,
) -> Result<Vec<(OpenTurn, Vec<JournalEntry>)>, StoreError> {
    let mut turns = conn.prepare_cached(
        "SELECT id, installation, turn, trigger_json, now FROM open_turns
         WHERE installation = ? ORDER BY id",
    )?;
    let mut entries =
        conn.prepare_cached("SELECT effect, outcome FROM journal WHERE turn = ? ORDER BY id")?;
    let mut found = turns.query([installation.as_str()])?;
    let mut open = Vec::new();
    while let Some(row) = found.next()? {
        let turn = OpenTurn {
            installation: column::parsed(row, 1)?,
            turn: TurnId::from(row.get::<_, String>(2)?),
            trigger: column::json(row, 3)?,
            now: column::time(row, 4)?,
        };
        let entries = entries.query_map([row.get::<_, i64>(0)?], |row| {
            Ok(JournalEntry {
                effect: row.get(0)?,
                outcome: row.get(1)?,
            })
        })?;
        open.push((turn, entries.collect::<Result<_, _>>()?));
    }
    Ok(open)
}
