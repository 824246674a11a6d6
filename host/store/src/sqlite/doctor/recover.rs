//! A new store out of what can be read of a damaged one.
//!
//! Tables are copied as they are, by the columns that both have, so that none is forgotten here when one is added. What is known of some of them:
//! rows and components are looked into, and the list of logs is put right afterwards.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use watchbox_model::{AuditRecord, Digest, Time, audit::Decision};

use super::{
    checks,
    source::{self, Source},
    walk::Walk,
};
use crate::{
    StoreError,
    sqlite::{audit, column, schema},
};

/// Rows that one transaction copies.
const ROWS: u64 = 1_000;

/// What became of a table, or of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Which.
    pub what: String,
    /// Rows that are in the new store.
    pub kept: u64,
    /// What is known to be lost, in words; `None` where nothing is.
    pub lost: Option<String>,
}

/// Writes the new store; it must not be there yet.
pub(super) fn recover(from: &Path, to: &Path) -> Result<Vec<Saved>, StoreError> {
    let beside = to.parent().unwrap_or(Path::new("."));
    let source = Source::open(from, beside)?;
    let mut saved = Vec::new();
    if let Some(mended) = source.mended {
        saved.push(Saved {
            what: "the file's beginning".to_owned(),
            kept: 0,
            lost: Some(format!("it could not be read; in a copy {mended}")),
        });
    }
    schema::make_new(to)?;
    let written = write(source.opened.conn()?, from, to, &mut saved);
    if written.is_err() {
        // What is half a store must not be taken for one.
        let _ = std::fs::remove_file(to);
    }
    written?;
    Ok(saved)
}

fn write(
    source: &Connection,
    from: &Path,
    to: &Path,
    saved: &mut Vec<Saved>,
) -> Result<(), StoreError> {
    // In the version that the source has: the columns are then the same.
    let version = schema::version(source)?;
    let target = schema::make_in(to, version)?;
    target.execute_batch("PRAGMA wal_autocheckpoint = 1000; PRAGMA foreign_keys = ON;")?;
    for table in tables(&target)? {
        saved.push(copy(source, &target, &table)?);
    }
    counters(source, &target)?;
    put_logs_right(&target, saved)?;
    target.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    drop(target);
    // Brings it to the latest version.
    let target = schema::open_writer(to)?;
    audit::insert(&target, &act(from))?;
    target.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    drop(target);
    let file = std::fs::File::open(to).and_then(|file| file.sync_all());
    file.map_err(source::unwritable)
}

/// The record of the recovery, in the new store's own trail.
fn act(from: &Path) -> AuditRecord {
    AuditRecord {
        at: Time::now(),
        actor: "watchbox doctor".to_owned(),
        artifact: None,
        digest: None,
        turn: None,
        capability: "admin".to_owned(),
        operation: "recover".to_owned(),
        target: from.display().to_string(),
        decision: Decision::Allowed,
        reason: "owner of the data folder".to_owned(),
        outcome: "ok".to_owned(),
        bytes: 0,
        ms: 0.0,
    }
}

/// The tables, each behind those that it refers to.
fn tables(target: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = target.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'checked'",
    )?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut left: Vec<String> = names.collect::<Result<_, _>>()?;
    let mut sorted: Vec<String> = Vec::new();
    while !left.is_empty() {
        let mut later = Vec::new();
        for table in std::mem::take(&mut left) {
            let mut parents = target.prepare("SELECT \"table\" FROM pragma_foreign_key_list(?)")?;
            let parents = parents.query_map([&table], |row| row.get::<_, String>(0))?;
            let parents: Vec<_> = parents.collect::<Result<_, _>>()?;
            if parents
                .iter()
                .all(|parent| *parent == table || sorted.contains(parent))
            {
                sorted.push(table);
            } else {
                later.push(table);
            }
        }
        if later.len() + sorted.len() == sorted.len() {
            break;
        }
        left = later;
    }
    Ok(sorted)
}

/// A table's columns, and what orders it where its rows have no numbers.
struct Shape {
    columns: Vec<String>,
    key: Option<String>,
}

impl Shape {
    fn of(target: &Connection, table: &str) -> Result<Self, StoreError> {
        let mut statement =
            target.prepare("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid")?;
        let found = statement.query_map([table], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?))
        })?;
        let found: Vec<_> = found.collect::<Result<_, _>>()?;
        let without = "SELECT wr FROM pragma_table_list WHERE name = ? AND schema = 'main'";
        let has_no_numbers: bool = target.query_row(without, [table], |row| row.get(0))?;
        let mut key: Vec<_> = found.iter().filter(|(_, place)| *place > 0).collect();
        key.sort_by_key(|(_, place)| *place);
        let key: Vec<_> = key.into_iter().map(|(name, _)| quoted(name)).collect();
        Ok(Self {
            key: has_no_numbers.then(|| key.join(",")),
            columns: found.into_iter().map(|(name, _)| name).collect(),
        })
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn copy(source: &Connection, target: &Connection, table: &str) -> Result<Saved, StoreError> {
    let shape = Shape::of(target, table)?;
    let columns: Vec<_> = shape.columns.iter().map(|name| quoted(name)).collect();
    let places: Vec<_> = columns.iter().map(|_| "?").collect();
    let insert = format!(
        "INSERT OR IGNORE INTO {table} ({}) VALUES ({})",
        columns.join(","),
        places.join(",")
    );
    let columns = columns.join(",");
    let walk = Walk {
        conn: source,
        table,
        columns: &columns,
        key: shape.key.as_deref(),
    };
    let (mut kept, mut wrong, mut open) = (0, 0, 0);
    let is_damaged = {
        let mut take = |row: &Row<'_>| -> Result<(), StoreError> {
            let values: Option<Vec<Value>> = (0..shape.columns.len())
                .map(|at| row.get(at).ok())
                .collect();
            let Some(values) = values.filter(|values| is_sound(table, &shape.columns, values))
            else {
                wrong += 1;
                return Ok(());
            };
            if open == 0 {
                target.execute_batch("BEGIN")?;
            }
            open += 1;
            let mut statement = target.prepare_cached(&insert)?;
            match statement.execute(params_from_iter(values)) {
                Ok(changed) => kept += changed as u64,
                Err(error)
                    if error.sqlite_error_code()
                        == Some(rusqlite::ErrorCode::ConstraintViolation) =>
                {
                    wrong += 1;
                }
                Err(error) => return Err(error.into()),
            }
            if open == ROWS {
                open = 0;
                target.execute_batch("COMMIT")?;
            }
            Ok(())
        };
        walk.each(&mut take)?
    };
    if !target.is_autocommit() {
        target.execute_batch("COMMIT")?;
    }
    let lost = match (is_damaged, wrong) {
        (false, 0) => None,
        (true, 0) => Some("what stood on pages that can't be read".to_owned()),
        (false, wrong) => Some(format!("{wrong} that make no sense")),
        (true, wrong) => Some(format!(
            "what stood on pages that can't be read, and {wrong} that make no sense"
        )),
    };
    Ok(Saved {
        what: table.replace('_', " "),
        kept,
        lost,
    })
}

/// Whether a row says what it must, as far as that can be told from the row alone.
fn is_sound(table: &str, columns: &[String], values: &[Value]) -> bool {
    let of = |name: &str| {
        let at = columns.iter().position(|column| column == name)?;
        values.get(at)
    };
    match table {
        "blocks" => match (of("ends"), of("data"), of("count")) {
            (Some(Value::Blob(ends)), Some(Value::Blob(data)), Some(Value::Integer(count))) => {
                checks::rows(ends, data.clone())
                    .is_some_and(|rows| i64::try_from(rows) == Ok(*count))
            }
            _ => false,
        },
        "components" => match (of("digest"), of("bytes")) {
            (Some(Value::Text(digest)), Some(Value::Blob(bytes))) => {
                Digest::of(bytes).to_string() == *digest
            }
            _ => false,
        },
        _ => true,
    }
}

/// The numbers that were given out: none is given twice.
fn counters(source: &Connection, target: &Connection) -> Result<(), StoreError> {
    let Ok(mut statement) = source.prepare("SELECT name, seq FROM sqlite_sequence") else {
        return Ok(());
    };
    let counters = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    })?;
    // What can't be read follows from the rows.
    for (table, last) in counters.flatten() {
        let raised = target.execute(
            "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
            params![table, last],
        )?;
        if raised == 0 {
            target.execute(
                "INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1)",
                params![table, last],
            )?;
        }
    }
    Ok(())
}

/// Has each log end behind its last row and behind every cursor, and say how many rows it has; tells of those that are gone.
fn put_logs_right(target: &Connection, saved: &mut Vec<Saved>) -> Result<(), StoreError> {
    // A log of which nothing is left, and that a cursor stands in, must not begin anew at 0: what came to it next would be passed over.
    target.execute(
        "INSERT INTO logs (log, first, next, bytes, newest, top)
         SELECT log, max(position), max(position), 0, 0, 0 FROM cursors WHERE log NOT IN (SELECT log FROM logs) GROUP BY log",
        [],
    )?;
    let mut logs = target.prepare("SELECT id, log, first, next FROM logs ORDER BY log")?;
    let mut found = logs.query([])?;
    while let Some(log) = found.next()? {
        let (id, name): (i64, String) = (log.get(0)?, log.get(1)?);
        let (first, next) = (column::uint(log, 2)?, column::uint(log, 3)?);
        let (rows, bytes, begin, end, newest, top) = target.query_row(
            "SELECT coalesce(sum(count), 0), coalesce(sum(length(data)), 0), min(first), max(first + count), max(to_ts), max(top)
             FROM blocks WHERE log = ?",
            [id],
            |row| {
                Ok((
                    column::uint(row, 0)?,
                    column::uint(row, 1)?,
                    row.get::<_, Option<i64>>(2)?,
                    row.get::<_, Option<i64>>(3)?,
                    row.get::<_, Option<i64>>(4)?,
                    row.get::<_, Option<i64>>(5)?,
                ))
            },
        )?;
        let cursor: Option<i64> = target
            .query_row(
                "SELECT max(position) FROM cursors WHERE log = ?",
                [&name],
                |row| row.get(0),
            )
            .optional()?
            .flatten();
        let next = column::int(next)
            .max(end.unwrap_or(0))
            .max(cursor.unwrap_or(0));
        let begin = begin.unwrap_or(next);
        target.execute(
            "UPDATE logs SET first = ?2, next = ?3, bytes = ?4, newest = max(newest, coalesce(?5, newest)), top = max(top, coalesce(?6, top))
             WHERE id = ?1",
            params![id, begin, next, column::int(bytes), newest, top],
        )?;
        let wanted = u64::try_from(next).unwrap_or(0).saturating_sub(first);
        saved.push(Saved {
            what: format!("rows of {name}"),
            kept: rows,
            lost: (rows < wanted).then(|| format!("{} rows", wanted - rows)),
        });
    }
    Ok(())
}
