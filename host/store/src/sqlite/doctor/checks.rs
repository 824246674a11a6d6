//! What is looked at, from the file as bytes to what the rows mean.

use std::{cmp::Ordering, path::Path};

use rusqlite::{Connection, OptionalExtension};
use watchbox_model::{Digest, Rows};

use super::{Finding, source};
use crate::{
    StoreError,
    sqlite::{admit, column, installations, schema, wal, wal::Wal},
};

/// How many complaints of SQLite's are told.
const COMPLAINTS: u32 = 20;

/// Looks at everything, as far as it can be come to.
pub(super) fn examine(path: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    look_at_files(path, &mut findings);
    if let Err(error) = look_at_tables(path, &mut findings) {
        findings.push(Finding::bad("file", error.in_file(path).to_string()));
    }
    findings
}

fn look_at_tables(path: &Path, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let opened = source::open(path)?;
    for (subject, look) in LOOKS {
        if let Err(error) = look(opened.conn()?, findings) {
            findings.push(Finding::bad(subject, error.in_file(path).to_string()));
        }
    }
    Ok(())
}

type Look = fn(&Connection, &mut Vec<Finding>) -> Result<(), StoreError>;

const LOOKS: [(&str, Look); 8] = [
    ("schema", look_at_schema),
    ("integrity", look_at_integrity),
    ("logs", look_at_blocks),
    ("clients", look_at_clients),
    ("cursors", look_at_cursors),
    ("components", look_at_components),
    ("open turns", look_at_turns),
    ("dead letters", look_at_letters),
];

/// The database and its log as bytes.
fn look_at_files(path: &Path, findings: &mut Vec<Finding>) {
    let log = wal::beside(path);
    let wal = match Wal::read(&log) {
        Ok(wal) => wal,
        Err(error) => {
            let text = format!("{} can't be read: {error}", log.display());
            return findings.push(Finding::bad("write-ahead log", text));
        }
    };
    findings.push(if wal.stray > 0 {
        let text = format!(
            "{} changes of pages are whole; {} behind them are not read, since one before is damaged: after a power cut that is what was not synced, \
             else what was written last is lost",
            wal.committed, wal.stray
        );
        Finding::notice("write-ahead log", text)
    } else {
        let text = format!("{} changes of pages, all whole", wal.committed);
        Finding::good("write-ahead log", text)
    });
    match admit::damage(path, &wal) {
        Ok(None) => {}
        Ok(Some(reason)) => findings.push(Finding::bad("file", reason)),
        Err(error) => {
            let text = format!("{} can't be read: {error}", path.display());
            findings.push(Finding::bad("file", text));
        }
    }
}

fn look_at_schema(conn: &Connection, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let version = schema::version(conn)?;
    let latest = schema::latest();
    findings.push(if version == latest {
        Finding::good("schema", format!("version {version}"))
    } else {
        let text = format!("version {version}; the server brings it to {latest} when it starts");
        Finding::notice("schema", text)
    });
    Ok(())
}

/// What SQLite itself has to say.
fn look_at_integrity(conn: &Connection, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let mut statement = conn.prepare(&format!("PRAGMA integrity_check({COMPLAINTS})"))?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut is_good = true;
    for line in found {
        for complaint in line?.lines().filter(|line| *line != "ok") {
            is_good = false;
            findings.push(Finding::bad("integrity", complaint));
        }
    }
    if is_good {
        findings.push(Finding::good(
            "integrity",
            "every page and every index is whole",
        ));
    }
    Ok(())
}

/// Every block: readable, and where its log wants it.
fn look_at_blocks(conn: &Connection, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let mut logs = conn.prepare("SELECT id, log, first, next FROM logs ORDER BY log")?;
    let mut found = logs.query([])?;
    let (mut count, mut rows) = (0_u64, 0);
    while let Some(log) = found.next()? {
        let id: i64 = log.get(0)?;
        let name: String = log.get(1)?;
        let (first, next) = (column::uint(log, 2)?, column::uint(log, 3)?);
        count += 1;
        match look_at_log(conn, id, &name, first, next, findings) {
            Ok(readable) => rows += readable,
            Err(error) => {
                findings.push(Finding::bad("logs", format!("{name}: {error}")));
            }
        }
    }
    findings.push(Finding::good(
        "logs",
        format!("{rows} rows in {count} logs can be read"),
    ));
    let orphans: u64 = conn.query_row(
        "SELECT count(*) FROM blocks WHERE log NOT IN (SELECT id FROM logs)",
        [],
        |row| column::uint(row, 0),
    )?;
    if orphans > 0 {
        let text = format!("{orphans} blocks are of no log");
        findings.push(Finding::bad("logs", text));
    }
    Ok(())
}

fn look_at_log(
    conn: &Connection,
    id: i64,
    name: &str,
    first: u64,
    next: u64,
    findings: &mut Vec<Finding>,
) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT first, count, ends, data FROM blocks WHERE log = ? ORDER BY first",
    )?;
    let mut blocks = statement.query([id])?;
    let (mut at, mut readable) = (first, 0);
    while let Some(block) = blocks.next()? {
        let (start, count) = (column::uint(block, 0)?, column::uint(block, 1)?);
        findings.extend(step(name, at, start));
        at = start + count;
        let (ends, data): (Vec<u8>, Vec<u8>) = (block.get(2)?, block.get(3)?);
        match rows(&ends, data) {
            Some(rows) if rows == count => readable += count,
            _ => {
                let text = format!("{name}: positions {start} to {at} can't be read");
                findings.push(Finding::bad("logs", text));
            }
        }
    }
    findings.extend(step(name, at, next));
    Ok(readable)
}

/// What is wrong where a log should go on at `at` and does at `next`.
fn step(name: &str, at: u64, next: u64) -> Option<Finding> {
    match at.cmp(&next) {
        Ordering::Equal => None,
        Ordering::Less => {
            let text = format!(
                "{name}: positions {at} to {next} are not there; after a recovery those are the rows that were lost"
            );
            Some(Finding::notice("logs", text))
        }
        Ordering::Greater => {
            let text = format!("{name}: positions {next} to {at} are there twice");
            Some(Finding::bad("logs", text))
        }
    }
}

/// How many rows a block holds, if each of them can be read.
pub(super) fn rows(ends: &[u8], data: Vec<u8>) -> Option<u64> {
    let ends = ends.chunks_exact(4);
    let ends = ends.map(|end| u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    let rows = Rows::from_parts(data.into(), ends.collect()).ok()?;
    let read = Rows::from_array(rows.to_array().into()).ok()?;
    (read.len() == rows.len()).then_some(rows.len() as u64)
}

fn look_at_clients(conn: &Connection, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let orphans = count(
        conn,
        "SELECT count(*) FROM labels WHERE client NOT IN (SELECT id FROM clients)",
    )?;
    let clients = count(conn, "SELECT count(*) FROM clients")?;
    findings.push(match orphans {
        0 => Finding::good("clients", format!("{clients} clients")),
        _ => Finding::bad("clients", format!("{orphans} labels are of no client")),
    });
    Ok(())
}

fn look_at_cursors(conn: &Connection, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let mut statement = conn.prepare(
        "SELECT c.installation, c.log, c.position, l.next, i.name IS NULL
         FROM cursors c LEFT JOIN logs l USING (log) LEFT JOIN installations i ON i.name = c.installation
         ORDER BY c.installation, c.log",
    )?;
    let mut found = statement.query([])?;
    let mut cursors = 0_u64;
    while let Some(row) = found.next()? {
        let (installation, log): (String, String) = (row.get(0)?, row.get(1)?);
        let position = column::uint(row, 2)?;
        let next: Option<i64> = row.get(3)?;
        cursors += 1;
        if row.get(4)? {
            let text = format!("{installation} is not installed, and has a cursor in {log}");
            findings.push(Finding::bad("cursors", text));
        }
        // Of a log without a row it may only be at the beginning.
        let end = next.map_or(0, |next| u64::try_from(next).unwrap_or(0));
        if position > end {
            let text = format!(
                "{installation} is at {position} of {log}, which ends at {end}: events up to there would be passed over"
            );
            findings.push(Finding::bad("cursors", text));
        }
    }
    findings.push(Finding::good("cursors", format!("{cursors} cursors")));
    Ok(())
}

/// Every component is what its digest says, and every installation has its own.
fn look_at_components(conn: &Connection, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let mut statement = conn.prepare("SELECT digest, bytes FROM components ORDER BY digest")?;
    let mut found = statement.query([])?;
    let mut components = 0_u64;
    while let Some(row) = found.next()? {
        let (digest, bytes): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        components += 1;
        if Digest::of(&bytes).to_string() != digest {
            let text = format!(
                "the bytes of {digest} are not those that it was made of: upload the component again"
            );
            findings.push(Finding::bad("components", text));
        }
    }
    let installed = installations::list(conn)?;
    let mut known = conn.prepare("SELECT 1 FROM components WHERE digest = ?")?;
    for installation in &installed {
        let digest = installation.digest.to_string();
        if known.query_row([&digest], |_| Ok(())).optional()?.is_none() {
            let name = &installation.name;
            let text =
                format!("{name} runs {digest}, which is not kept: upload the component again");
            findings.push(Finding::bad("components", text));
        }
    }
    let text = format!(
        "{components} components for {} installations",
        installed.len()
    );
    findings.push(Finding::good("components", text));
    Ok(())
}

fn look_at_turns(conn: &Connection, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let turns = count(conn, "SELECT count(*) FROM open_turns")?;
    findings.push(match turns {
        0 => Finding::good("open turns", "none"),
        _ => {
            let text = format!("{turns} turns had an effect outside and are not committed; they are gone on with when the server starts");
            Finding::notice("open turns", text)
        }
    });
    Ok(())
}

fn look_at_letters(conn: &Connection, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let letters = count(conn, "SELECT count(*) FROM dead_letters")?;
    findings.push(match letters {
        0 => Finding::good("dead letters", "none"),
        _ => {
            let text = format!("{letters} triggers are set aside: `watchbox dead-letters list`");
            Finding::notice("dead letters", text)
        }
    });
    Ok(())
}

fn count(conn: &Connection, sql: &str) -> Result<u64, StoreError> {
    Ok(conn.query_row(sql, [], |row| column::uint(row, 0))?)
}
