//! A machine of the test's own, whose power can be cut and whose clock can be set.
//!
//! The server runs with the library in `tests/faults/shim/` loaded into it, which says how it does that.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::{Home, Server};

/// What a disk writes whole, or not at all.
const PAGE: usize = 4096;

/// How the undo log's records are marked.
const BYTES: u64 = 1;
const MADE: u64 = 2;
const NAMED: u64 = 3;

/// Whether a sync of the machine's disk does what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// It does.
    Honest,
    /// It answers at once, and makes nothing durable.
    Lying,
}

/// A machine over one home.
#[derive(Debug)]
pub struct Machine<'a> {
    home: &'a Home,
    data: PathBuf,
    shim: PathBuf,
    undo: PathBuf,
    clock: PathBuf,
}

/// What a power cut took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Pages that were written, not synced, and are as they were before.
    pub lost: u64,
    /// Pages that were written, not synced, and are there all the same.
    pub kept: u64,
}

impl<'a> Machine<'a> {
    /// Builds the library, and makes what it needs in `home`.
    pub fn new(home: &'a Home) -> Result<Self> {
        let folder = home.path().canonicalize()?;
        let machine = Self {
            home,
            data: folder.join("data"),
            shim: folder.join("shim.so"),
            undo: folder.join("undo"),
            clock: folder.join("clock"),
        };
        fs::create_dir(&machine.undo)?;
        fs::write(&machine.clock, 0_i64.to_le_bytes())?;
        let source = home.build().root().join("tests/faults/shim/shim.c");
        let compiled = Command::new("cc")
            .args([
                "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o",
            ])
            .args([&machine.shim, &source])
            .output()
            .context("no C compiler: SQLite could not be built without one either")?;
        ensure!(
            compiled.status.success(),
            "{}",
            String::from_utf8_lossy(&compiled.stderr)
        );
        Ok(machine)
    }

    /// Starts the server on it.
    pub fn server(&self, disk: Disk) -> Result<Server> {
        let mut variables: Vec<(&str, &OsStr)> = vec![
            ("LD_PRELOAD", self.shim.as_os_str()),
            ("SHIM_FOLDER", self.data.as_os_str()),
            ("SHIM_UNDO", self.undo.as_os_str()),
            ("SHIM_CLOCK", self.clock.as_os_str()),
        ];
        if disk == Disk::Lying {
            variables.push(("SHIM_LIES", OsStr::new("1")));
        }
        Server::start_under(self.home.build(), &self.data, &[], &variables)
    }

    /// Sets its clock this far from the real one, also while a server runs.
    pub fn set_clock(&self, seconds: i64) -> Result<()> {
        // In place: the server has the file mapped.
        let file = fs::File::options().write(true).open(&self.clock)?;
        Ok(file.write_all_at(&seconds.to_le_bytes(), 0)?)
    }

    /// Cuts the power under `server`. Of each page that was written and not synced, `survives` says whether it is on the disk all the same.
    pub fn cut(&self, server: Server, mut survives: impl FnMut() -> bool) -> Result<Cut> {
        server.kill()?;
        let mut cut = Cut::default();
        for entry in fs::read_dir(&self.undo)? {
            let undo = entry?.path();
            let name = undo.file_name().context("a file has a name")?;
            let path = self.data.join(name);
            let records = read(&fs::read(&undo)?)?;
            if !records.is_empty() && path.exists() {
                undo_some(&path, &records, &mut survives, &mut cut)
                    .with_context(|| format!("cutting the power over {}", path.display()))?;
            }
            fs::remove_file(&undo)?;
        }
        Ok(cut)
    }
}

/// What stood in a file before it was changed.
struct Record {
    kind: u64,
    offset: usize,
    length: usize,
    bytes: Vec<u8>,
}

fn read(mut undo: &[u8]) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    // The last record may be cut short by the kill: then what it is about was not done either.
    while let Some((head, rest)) = undo.split_at_checked(32) {
        let mut numbers = head
            .chunks_exact(8)
            .map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap_or_default()));
        let mut number = || numbers.next().context("four numbers");
        let (kind, offset, length, count) = (number()?, number()?, number()?, number()?);
        let Some((bytes, rest)) = rest.split_at_checked(usize::try_from(count)?) else {
            break;
        };
        records.push(Record {
            kind,
            offset: usize::try_from(offset)?,
            length: usize::try_from(length)?,
            bytes: bytes.to_vec(),
        });
        undo = rest;
    }
    Ok(records)
}

fn undo_some(
    path: &Path,
    records: &[Record],
    survives: &mut impl FnMut() -> bool,
    cut: &mut Cut,
) -> Result<()> {
    let made = records.iter().rposition(|record| record.kind == MADE);
    let named = records.iter().rposition(|record| record.kind == NAMED);
    if made.is_some() && made > named && !survives() {
        cut.lost += 1;
        return Ok(fs::remove_file(path)?);
    }
    let current = fs::read(path)?;
    let mut synced = current.clone();
    for record in records.iter().rev().filter(|record| record.kind == BYTES) {
        synced.resize(record.length, 0);
        // Nothing was overwritten where a write began behind the file's end.
        if !record.bytes.is_empty() {
            synced
                .get_mut(record.offset..record.offset + record.bytes.len())
                .context("what was overwritten lies behind the file's end")?
                .copy_from_slice(&record.bytes);
        }
    }
    let length = if current.len() == synced.len() || survives() {
        current.len()
    } else {
        synced.len()
    };
    let page = |bytes: &[u8], start: usize| {
        let mut page = vec![0; PAGE];
        let there = bytes.get(start..).unwrap_or_default();
        let there = &there[..there.len().min(PAGE)];
        page[..there.len()].copy_from_slice(there);
        page
    };
    let mut left = Vec::with_capacity(length + PAGE);
    while left.len() < length {
        let (new, old) = (page(&current, left.len()), page(&synced, left.len()));
        if new == old {
            left.extend(new);
        } else if survives() {
            cut.kept += 1;
            left.extend(new);
        } else {
            cut.lost += 1;
            left.extend(old);
        }
    }
    left.truncate(length);
    // In place, so that mode and owner stay.
    fs::write(path, left)?;
    Ok(())
}
