//! A store that may be damaged, opened to be read.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, config::DbConfig};
use tempfile::TempDir;

use crate::{
    StoreError,
    sqlite::{schema, wal},
};

/// As much of the first page as says how the file is to be read; behind it stands the schema.
const HEADER: usize = 100;
/// Where the header counts the file's pages.
const PAGES: std::ops::Range<usize> = 28..32;

/// A store, opened as it is; nothing of it is changed, neither now nor when it is closed.
pub(super) struct Opened {
    conn: Option<Connection>,
    /// The file of an empty write-ahead log that SQLite made to look.
    litter: Option<PathBuf>,
}

impl Opened {
    pub(super) fn conn(&self) -> Result<&Connection, StoreError> {
        let closed = || StoreError::Other("it is closed".to_owned());
        self.conn.as_ref().ok_or_else(closed)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        drop(self.conn.take());
        if let Some(litter) = &self.litter
            && litter.metadata().is_ok_and(|file| file.len() == 0)
        {
            // What is left is an empty file.
            let _ = fs::remove_file(litter);
        }
    }
}

/// Opens the store at `path`.
pub(super) fn open(path: &Path) -> Result<Opened, StoreError> {
    let log = wal::beside(path);
    let litter = (!log.exists()).then_some(log);
    let conn = schema::open_quietly(path)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let opened = Opened {
        conn: Some(conn),
        litter,
    };
    schema::version(opened.conn()?)?;
    Ok(opened)
}

/// What is recovered from: the store itself, or, where its beginning is damaged, a copy with another one.
pub(super) struct Source {
    pub(super) opened: Opened,
    /// What had to be done to read it.
    pub(super) mended: Option<&'static str>,
    _copy: Option<TempDir>,
}

impl Source {
    /// Opens the store at `path`; a copy is made in the folder `beside`, where it has to be.
    pub(super) fn open(path: &Path, beside: &Path) -> Result<Self, StoreError> {
        let first = match open(path) {
            Ok(opened) => {
                return Ok(Self {
                    opened,
                    mended: None,
                    _copy: None,
                });
            }
            Err(error) => error,
        };
        // A new store begins with the same pages as this one did, unless this one is of an older version.
        let new = first_page(beside)?;
        for (length, mended) in [
            (HEADER, "its first bytes are those of a new store"),
            (new.len(), "its first page is that of a new store"),
        ] {
            let copy = copy(path, beside, &new[..length])?;
            let name = copy.path().join("copy.db");
            if let Ok(opened) = open(&name)
                && is_readable(opened.conn()?)
            {
                return Ok(Self {
                    opened,
                    mended: Some(mended),
                    _copy: Some(copy),
                });
            }
        }
        Err(first.in_file(path))
    }
}

/// The first page of a new store.
fn first_page(beside: &Path) -> Result<Vec<u8>, StoreError> {
    let folder = tempfile::tempdir_in(beside).map_err(unwritable)?;
    let path = folder.path().join("new.db");
    let conn = schema::open_writer(&path)?;
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    drop(conn);
    let mut page = fs::read(&path).map_err(unwritable)?;
    page.truncate(schema::PAGE_SIZE as usize);
    Ok(page)
}

/// A copy of the store that begins with `start`.
fn copy(path: &Path, beside: &Path, start: &[u8]) -> Result<TempDir, StoreError> {
    let folder = tempfile::tempdir_in(beside).map_err(unwritable)?;
    let name = folder.path().join("copy.db");
    let length = fs::copy(path, &name).map_err(unwritable)?;
    let pages = u32::try_from(length / u64::from(schema::PAGE_SIZE)).unwrap_or(u32::MAX);
    let mut start = start.to_vec();
    start[PAGES].copy_from_slice(&pages.to_be_bytes());
    let file = fs::File::options().write(true).open(&name);
    file.and_then(|mut file| file.write_all(&start))
        .map_err(unwritable)?;
    let log = wal::beside(path);
    if log.exists() {
        fs::copy(log, wal::beside(&name)).map_err(unwritable)?;
    }
    Ok(folder)
}

/// Whether the tables are where the schema says.
fn is_readable(conn: &Connection) -> bool {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let Ok(mut statement) = conn.prepare(tables) else {
        return false;
    };
    let Ok(names) = statement.query_map([], |row| row.get::<_, String>(0)) else {
        return false;
    };
    let mut readable = 0;
    for name in names.flatten() {
        let first = conn.prepare(&format!("SELECT * FROM \"{name}\" LIMIT 1"));
        readable += usize::from(
            first.is_ok_and(|mut first| first.query([]).is_ok_and(|mut rows| rows.next().is_ok())),
        );
    }
    // Some may be damaged as well.
    readable > 3
}

pub(super) fn unwritable(error: std::io::Error) -> StoreError {
    StoreError::ReadOnly(error.to_string())
}
