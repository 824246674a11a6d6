//! Turns that are open: begun, with an effect outside, and not over.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use watchbox_model::{Name, TurnId, dead_letter::DeadLetter, turn::Trigger};

use super::{
    column::{self, to_json},
    group::Group,
    installations,
};
use crate::{Effect, JournalEntry, OpenTurn, Settlement, StoreError, Written};

/// Writes down an effect; its turn is open from then on. An effect that comes again has the outcome that came last.
pub(super) fn write(
    group: &mut Group<'_>,
    turn: &OpenTurn,
    entry: &JournalEntry,
) -> Result<(), StoreError> {
    let conn = group.conn();
    installations::require(conn, &turn.installation)?;
    open(conn, turn)?;
    conn.prepare_cached(
        "INSERT INTO journal (turn, name, nth, outcome)
         SELECT id, :name, :nth, :outcome FROM open_turns WHERE installation = :installation AND turn = :turn
         ON CONFLICT DO UPDATE SET outcome = :outcome",
    )?
    .execute(named_params! {
        ":installation": turn.installation.as_str(),
        ":turn": turn.turn.as_str(),
        ":name": entry.effect.name,
        ":nth": entry.effect.nth,
        ":outcome": entry.outcome,
    })?;
    Ok(())
}

/// Forgets an effect of a turn and, of a tick's, those of its name that are carried: they stay, so that the next one of the name is another one.
pub(super) fn forget(
    group: &mut Group<'_>,
    turn: &OpenTurn,
    effect: &Effect,
) -> Result<(), StoreError> {
    group
        .conn()
        .prepare_cached(
            "UPDATE journal SET taken = 1, outcome = x'' WHERE id IN
               (SELECT journal.id FROM open_turns JOIN journal ON journal.turn = open_turns.id AND journal.name = :name
                WHERE installation = :installation AND (:tick AND carried = 1 OR open_turns.turn = :turn AND nth = :nth))",
        )?
        .execute(named_params! {
            ":installation": turn.installation.as_str(),
            ":turn": turn.turn.as_str(),
            ":tick": matches!(turn.trigger, Trigger::Tick { .. }),
            ":name": effect.name,
            ":nth": effect.nth,
        })?;
    Ok(())
}

/// Opens a turn.
pub(super) fn begin(group: &mut Group<'_>, turn: &OpenTurn) -> Result<(), StoreError> {
    installations::require(group.conn(), &turn.installation)?;
    open(group.conn(), turn)
}

/// Opens a turn, unless it is open.
fn open(conn: &Connection, turn: &OpenTurn) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO open_turns (installation, turn, trigger_json, now, aside)
         VALUES (:installation, :turn, :trigger, :now, :aside) ON CONFLICT DO NOTHING",
    )?
    .execute(named_params! {
        ":installation": turn.installation.as_str(),
        ":turn": turn.turn.as_str(),
        ":trigger": to_json(&turn.trigger)?,
        ":now": turn.now.micros(),
        ":aside": turn.is_aside,
    })?;
    Ok(())
}

/// Does what the commit of a turn says about its journal. `letter` is what it became, where it was set aside.
pub(super) fn settle(
    conn: &Connection,
    installation: &Name,
    settlement: &Settlement,
    letter: Option<&DeadLetter>,
) -> Result<(), StoreError> {
    let origin = settlement.origin.as_str();
    if let Some(letter) = letter {
        leave(conn, settlement, letter)?;
    }
    if settlement.is_over {
        conn.prepare_cached(
            "DELETE FROM open_turns WHERE installation = ?1 AND turn = ?2 AND aside = 0",
        )?
        .execute(params![installation.as_str(), origin])?;
        return Ok(());
    }
    let mut take = conn.prepare_cached(
        "UPDATE journal SET taken = 1 WHERE name = ?3 AND nth = ?4
         AND turn = (SELECT id FROM open_turns WHERE installation = ?1 AND turn = ?2)",
    )?;
    for effect in &settlement.taken {
        take.execute(params![
            installation.as_str(),
            origin,
            effect.name,
            effect.nth
        ])?;
    }
    Ok(())
}

/// Leaves to a dead letter what its turn used; and, where that was the last part of its origin, all that no part took.
fn leave(
    conn: &Connection,
    settlement: &Settlement,
    letter: &DeadLetter,
) -> Result<(), StoreError> {
    let aside = OpenTurn {
        installation: letter.installation.clone(),
        turn: TurnId::of(&letter.trigger),
        trigger: letter.trigger.clone(),
        now: letter.now,
        is_aside: true,
    };
    let (installation, turn) = (aside.installation.as_str(), aside.turn.as_str());
    open(conn, &aside)?;
    if aside.turn == settlement.origin {
        conn.prepare_cached(
            "UPDATE open_turns SET aside = 1 WHERE installation = ?1 AND turn = ?2",
        )?
        .execute(params![installation, turn])?;
        return Ok(());
    }
    let mut copy = conn.prepare_cached(
        "INSERT INTO journal (turn, name, nth, outcome)
         SELECT aside.id, entry.name, entry.nth, entry.outcome
         FROM open_turns AS aside, open_turns AS origin, journal AS entry
         WHERE aside.installation = ?1 AND aside.turn = ?2 AND origin.installation = ?1 AND origin.turn = ?3
           AND entry.turn = origin.id AND entry.taken = 0 AND (?4 IS NULL OR entry.name = ?4 AND entry.nth = ?5)
         ON CONFLICT DO NOTHING",
    )?;
    let origin = settlement.origin.as_str();
    if settlement.is_over {
        copy.execute(params![
            installation,
            turn,
            origin,
            None::<&str>,
            None::<u32>
        ])?;
        return Ok(());
    }
    for Effect { name, nth } in &settlement.taken {
        copy.execute(params![installation, turn, origin, name, nth])?;
    }
    Ok(())
}

/// A tick was set aside: what it did is known to those that follow.
pub(super) fn carry(conn: &Connection, letter: &DeadLetter) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE open_turns SET carried = 1 WHERE installation = ?1 AND turn = ?2")?
        .execute(params![
            letter.installation.as_str(),
            TurnId::of(&letter.trigger).as_str()
        ])?;
    Ok(())
}

/// A tick was done: nothing is carried any more. What no dead letter holds goes.
pub(super) fn carry_no_more(conn: &Connection, installation: &Name) -> Result<(), StoreError> {
    let mut end = conn.prepare_cached(
        "UPDATE open_turns SET carried = 0 WHERE installation = ? AND carried = 1",
    )?;
    if end.execute([installation.as_str()])? == 0 {
        return Ok(());
    }
    conn.prepare_cached(
        "DELETE FROM open_turns WHERE installation = ?1 AND aside = 1 AND trigger_json NOT IN
           (SELECT trigger_json FROM dead_letters WHERE installation = ?1)",
    )?
    .execute([installation.as_str()])?;
    Ok(())
}

/// A dead letter is gone, and its journal with it; but what is carried stays as long as that.
pub(super) fn release(
    conn: &Connection,
    installation: &Name,
    turn: &TurnId,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "DELETE FROM open_turns WHERE installation = ?1 AND turn = ?2 AND aside = 1 AND carried = 0",
    )?
    .execute(params![installation.as_str(), turn.as_str()])?;
    Ok(())
}

/// The open turns, oldest first, with what is written down of them.
pub(super) fn open_turns(
    conn: &Connection,
    installation: &Name,
) -> Result<Vec<(OpenTurn, Vec<Written>)>, StoreError> {
    let mut turns = conn.prepare_cached(
        "SELECT installation, turn, trigger_json, now FROM open_turns
         WHERE installation = ? AND aside = 0 ORDER BY id",
    )?;
    let mut found = turns.query([installation.as_str()])?;
    let mut open = Vec::new();
    while let Some(row) = found.next()? {
        let turn = OpenTurn {
            installation: column::parsed(row, 0)?,
            turn: TurnId::from(row.get::<_, String>(1)?),
            trigger: column::json(row, 2)?,
            now: column::time(row, 3)?,
            is_aside: false,
        };
        let entries = written(conn, installation, &turn.turn)?;
        open.push((turn, entries));
    }
    Ok(open)
}

/// What is written down of one turn.
pub(super) fn written(
    conn: &Connection,
    installation: &Name,
    turn: &TurnId,
) -> Result<Vec<Written>, StoreError> {
    let mut entries = conn.prepare_cached(
        "SELECT name, nth, taken FROM journal
         WHERE turn = (SELECT id FROM open_turns WHERE installation = ?1 AND turn = ?2) ORDER BY name, nth",
    )?;
    let found = entries.query_map(params![installation.as_str(), turn.as_str()], |row| {
        Ok(Written {
            effect: effect(row, 0)?,
            is_taken: row.get(2)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// What came of an effect; nothing where it was forgotten.
pub(super) fn outcome(
    conn: &Connection,
    installation: &Name,
    turn: &TurnId,
    effect: &Effect,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut entry = conn.prepare_cached(
        "SELECT outcome FROM journal WHERE name = ?3 AND nth = ?4 AND taken = 0
         AND turn = (SELECT id FROM open_turns WHERE installation = ?1 AND turn = ?2)",
    )?;
    let named = params![
        installation.as_str(),
        turn.as_str(),
        effect.name,
        effect.nth
    ];
    Ok(entry.query_row(named, |row| row.get(0)).optional()?)
}

/// What is carried from ticks that were set aside, the newest first.
pub(super) fn carried(
    conn: &Connection,
    installation: &Name,
) -> Result<Vec<(TurnId, Effect)>, StoreError> {
    let mut entries = conn.prepare_cached(
        "SELECT open_turns.turn, name, nth FROM open_turns JOIN journal ON journal.turn = open_turns.id
         WHERE installation = ? AND carried = 1 AND taken = 0 ORDER BY journal.id DESC",
    )?;
    let found = entries.query_map([installation.as_str()], |row| {
        Ok((TurnId::from(row.get::<_, String>(0)?), effect(row, 1)?))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn effect(row: &Row<'_>, at: usize) -> rusqlite::Result<Effect> {
    Ok(Effect {
        name: row.get(at)?,
        nth: row.get(at + 1)?,
    })
}
