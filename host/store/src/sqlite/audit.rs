//! Audit records: written at the end of the trail, and found by what they say.

use rusqlite::{Connection, Row, ToSql, named_params};
use watchbox_model::{
    AuditRecord, Name, Time, TurnId,
    audit::{Decision, chain},
};

use super::{
    column::{self, int},
    trail,
};
use crate::{AuditQuery, Page, StoreError};

/// What [`read`] reads, in its order.
pub(super) const COLUMNS: &str = "id, at, actor, artifact, digest, turn, capability, operation, target, decision, reason, outcome, bytes, ms";
/// How many these are.
pub(super) const COLUMN_COUNT: usize = 14;

/// Adds a record, under the next number, to the end of the chain.
pub(super) fn insert(conn: &Connection, record: &AuditRecord) -> Result<(), StoreError> {
    let (number, before) = trail::end(conn)?;
    let mut record = std::borrow::Cow::Borrowed(record);
    if !record.ms.is_finite() {
        // SQLite has no NaN, and what is hashed must be what is kept.
        record.to_mut().ms = 0.0;
    }
    let hash = chain::hash(&before, number, &record);
    conn.prepare_cached(
        "INSERT INTO audit
           (id, at, actor, artifact, digest, turn, capability, operation, target, decision, reason, outcome, bytes, ms, hash)
         VALUES
           (:id, :at, :actor, :artifact, :digest, :turn, :capability, :operation, :target, :decision, :reason, :outcome, :bytes, :ms, :hash)",
    )?
    .execute(named_params! {
        ":id": int(number),
        ":at": record.at.micros(),
        ":actor": record.actor,
        ":artifact": record.artifact.as_ref().map(Name::as_str),
        ":digest": record.digest.map(|digest| digest.to_string()),
        ":turn": record.turn.as_ref().map(|turn| turn.as_str()),
        ":capability": record.capability,
        ":operation": record.operation,
        ":target": record.target,
        ":decision": record.decision.as_str(),
        ":reason": record.reason,
        ":outcome": record.outcome,
        ":bytes": int(record.bytes),
        ":ms": record.ms,
        ":hash": hash.as_bytes(),
    })?;
    Ok(())
}

/// Records that match, with their numbers, newest first.
pub(super) fn list(
    conn: &Connection,
    query: &AuditQuery,
) -> Result<Page<(u64, AuditRecord)>, StoreError> {
    let before = query.before.map_or(i64::MAX, int);
    let artifact = query.artifact.as_ref().map(Name::as_str);
    let (since, until) = (query.since.map(Time::micros), query.until.map(Time::micros));
    let wanted = [
        ("artifact = ?", artifact.as_ref().map(|it| it as &dyn ToSql)),
        (
            "capability = ?",
            query.capability.as_ref().map(|it| it as _),
        ),
        ("at >= ?", since.as_ref().map(|it| it as _)),
        ("at < ?", until.as_ref().map(|it| it as _)),
    ];
    // Only what is asked for is in the statement, and the decision in words, so that SQLite sees which index serves.
    let mut sql = format!("SELECT {COLUMNS} FROM audit WHERE id < ?");
    let mut values: Vec<&dyn ToSql> = vec![&before];
    for (condition, value) in wanted {
        if let Some(value) = value {
            sql.push_str(" AND ");
            sql.push_str(condition);
            values.push(value);
        }
    }
    if let Some(decision) = query.decision {
        sql.push_str(" AND decision = '");
        sql.push_str(decision.as_str());
        sql.push('\'');
    }
    let limit = i64::from(query.limit) + 1;
    sql.push_str(" ORDER BY id DESC LIMIT ?");
    values.push(&limit);
    let mut statement = conn.prepare_cached(&sql)?;
    let found = statement.query_map(&values[..], read)?;
    Ok(Page::cut(found.collect::<Result<_, _>>()?, query.limit))
}

/// A record and its number.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<(u64, AuditRecord)> {
    let turn: Option<String> = row.get(5)?;
    let record = AuditRecord {
        at: column::time(row, 1)?,
        actor: row.get(2)?,
        artifact: column::optional(row, 3)?,
        digest: column::optional(row, 4)?,
        turn: turn.map(TurnId::from),
        capability: row.get(6)?,
        operation: row.get(7)?,
        target: row.get(8)?,
        decision: match row.get_ref(9)?.as_str()? {
            "allowed" => Decision::Allowed,
            "denied" => Decision::Denied,
            other => return Err(column::unreadable(9, format!("`{other}` is no decision"))),
        },
        reason: row.get(10)?,
        outcome: row.get(11)?,
        bytes: column::uint(row, 12)?,
        ms: row.get(13)?,
    };
    Ok((column::uint(row, 0)?, record))
}
