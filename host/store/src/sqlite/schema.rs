//! The file: its settings, its schema and how an older one is brought up to date.

use std::{ffi::CStr, fs::OpenOptions, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::{admit, fault, trail};
use crate::StoreError;

/// What marks the file as a store of watchbox: `wbox`.
const APPLICATION: i32 = i32::from_be_bytes(*b"wbox");

/// What leads from each version of the schema to the next, the first from an empty file.
const MIGRATIONS: &[Migration] = &[
    Migration::of(include_str!("migrations/0001_initial.sql")),
    Migration::of(include_str!("migrations/0002_journal.sql")),
    Migration::of(include_str!("migrations/0003_versions.sql")),
    Migration::of(include_str!("migrations/0004_set_back.sql")),
    Migration {
        sql: include_str!("migrations/0005_trail.sql"),
        then: Some(trail::chain_all),
    },
    Migration::of(include_str!("migrations/0006_former_hash.sql")),
    Migration::of(include_str!("migrations/0007_signatures.sql")),
    Migration::of(include_str!("migrations/0008_parameters_by_name.sql")),
];

/// What a migration does beside its SQL.
type Step = fn(&Connection) -> Result<(), StoreError>;

/// A step from one version of the schema to the next.
struct Migration {
    sql: &'static str,
    /// What SQL can't say.
    then: Option<Step>,
}

impl Migration {
    const fn of(sql: &'static str) -> Self {
        Self { sql, then: None }
    }
}

/// Set when the file is made; blocks are large, so larger pages mean fewer of them to chain and to check.
pub(super) const PAGE_SIZE: u32 = 8192;

/// How much of the file the writer keeps in memory: more than a group of commands changes.
const WRITER_CACHE: &str = "cache_size = -32768";

/// SQLite's way to the file: the store is this process's alone, and what its connections share is kept on the heap.
///
/// The usual way maps a file `-shm` into memory, and a file system that refuses a write to a page of it (one that an error turned
/// read-only, a file made immutable) answers with SIGBUS, which ends the process; this way it answers with an error.
const VFS: &CStr = c"unix-excl";

/// How long a lock of another process (an operator's `sqlite3`) is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Prepared statements kept by each connection: all that there are.
const STATEMENTS: usize = 128;

/// Opens the file for writing, making or migrating it as needed.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    make_private(path)?;
    admit::admit(path)?;
    open_in(path, MIGRATIONS.len())
}

/// Makes a store as it was in `version`, at a path where an empty file may be.
pub(super) fn make_in(path: &Path, version: usize) -> Result<Connection, StoreError> {
    open_in(path, version)
}

/// The version that this program makes.
pub(super) fn latest() -> usize {
    MIGRATIONS.len()
}

/// Opens the file for writing, making it or bringing it to version `wanted`.
fn open_in(path: &Path, wanted: usize) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags_and_vfs(path, flags, VFS)?;
    settle(&conn)?;
    let version = version(&conn)?;
    if version == 0 {
        conn.pragma_update(None, "page_size", PAGE_SIZE)?;
    }
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Other(format!(
            "the file system of {} can't share memory between readers and the writer (SQLite's WAL mode): \
             use a local one",
            path.display()
        )));
    }
    // The writer checkpoints by itself, when nobody waits for it.
    conn.execute_batch(&format!(
        "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA {WRITER_CACHE};"
    ))?;
    migrate(&mut conn, version, wanted)?;
    Ok(conn)
}

/// Opens the file, made before, for reading.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags_and_vfs(path, flags, VFS)?;
    settle(&conn)?;
    Ok(conn)
}

/// Opens the file, made before, for reading, where no server has it open.
///
/// A connection that may not write would share its memory by a file; this one may, and is told not to.
pub(super) fn open_quietly(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags_and_vfs(path, flags, VFS)?;
    settle(&conn)?;
    conn.execute_batch("PRAGMA query_only = ON")?;
    Ok(conn)
}

fn settle(conn: &Connection) -> Result<(), StoreError> {
    conn.busy_timeout(PATIENCE)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.execute_batch("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")?;
    Ok(())
}

/// Makes the file, if it is missing, so that only its owner can read it: sealed secrets, hashes of tokens and what endpoints report
/// are in it. SQLite gives the files beside it the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    make(path, OpenOptions::new().create(true).truncate(false))
}

/// The same for a file that must not be there yet.
pub(super) fn make_new(path: &Path) -> Result<(), StoreError> {
    make(path, OpenOptions::new().create_new(true))
}

fn make(path: &Path, options: &mut OpenOptions) -> Result<(), StoreError> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    match options.write(true).open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(StoreError::ReadOnly(format!(
            "{} can't be opened: {error}",
            path.display()
        ))),
    }
}

/// The schema's version; 0 of an empty file.
pub(super) fn version(conn: &Connection) -> Result<usize, StoreError> {
    let number = |pragma| conn.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match u32::try_from(version) {
        Ok(0) if application == 0 && tables == 0 => Ok(0),
        Ok(found) if application == APPLICATION && found > 0 => {
            if found as usize > MIGRATIONS.len() {
                let known = MIGRATIONS.len() as u32;
                return Err(StoreError::Newer { found, known });
            }
            Ok(found as usize)
        }
        _ => Err(fault::foreign()),
    }
}

/// Brings the schema from `version` to `wanted`: all of it, or none.
fn migrate(conn: &mut Connection, version: usize, wanted: usize) -> Result<(), StoreError> {
    if version >= wanted {
        return Ok(());
    }
    let change = conn.transaction()?;
    for migration in &MIGRATIONS[version..wanted] {
        change.execute_batch(migration.sql)?;
        if let Some(then) = migration.then {
            then(&change)?;
        }
    }
    change.pragma_update(None, "application_id", APPLICATION)?;
    change.pragma_update(None, "user_version", wanted as u32)?;
    change.commit()?;
    tracing::info!(from = version, to = wanted, "schema migrated");
    Ok(())
}
