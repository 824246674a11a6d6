//! The write-ahead log's file, read without SQLite: what is whole in it, and what is not.
//!
//! SQLite takes the log up to the first frame that is not whole and passes over the rest, which is right after a power cut, and says nothing,
//! which is wrong where the file was damaged. The format is SQLite's (<https://sqlite.org/fileformat2.html#the_write_ahead_log>).

use std::{
    collections::HashSet,
    fs::File,
    io::{self, BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
};

const HEADER: usize = 32;
const FRAME: usize = 24;
/// With the lowest bit set, checksums are over big-endian numbers.
const MAGIC: u32 = 0x377f_0682;

/// What a log's file holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wal {
    /// Whether its beginning is neither whole nor empty.
    pub(super) is_headless: bool,
    /// Frames that are whole, up to the last commit.
    pub(super) committed: u64,
    /// Pages of the database as of that commit.
    pub(super) pages: u32,
    /// Which pages are in those frames.
    pub(super) holds: HashSet<u32>,
    /// Frames of the same log that stand behind one that is not whole.
    pub(super) stray: u64,
}

/// The log beside the database at `path`.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push("-wal");
    beside.into()
}

impl Wal {
    /// Reads the file; one that is missing is an empty log.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        match File::open(path) {
            Ok(file) => Self::of(BufReader::with_capacity(1 << 20, file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    fn of(mut file: impl Read) -> io::Result<Self> {
        let mut wal = Self::default();
        let mut header = [0; HEADER];
        if !filled(&mut file, &mut header)? || header == [0; HEADER] {
            return Ok(wal);
        }
        let magic = number(&header, 0);
        let order = Order::of(magic & 1 == 1);
        let page = number(&header, 8) as usize;
        let mut sum = order.add((0, 0), &header[..24]);
        if magic & !1 != MAGIC
            || sum != (number(&header, 24), number(&header, 28))
            || !(512..=65_536).contains(&page)
        {
            wal.is_headless = true;
            return Ok(wal);
        }
        let mut frame = vec![0; FRAME + page];
        let mut uncommitted = Vec::new();
        let (mut whole, mut frames) = (true, 0);
        while filled(&mut file, &mut frame)? {
            if frame[8..16] != header[16..24] {
                // Of an earlier round of the log: what stands from here on is old.
                break;
            }
            sum = order.add(order.add(sum, &frame[..8]), &frame[FRAME..]);
            let told = (number(&frame, 16), number(&frame, 20));
            whole &= sum == told;
            if !whole {
                wal.stray += 1;
                continue;
            }
            frames += 1;
            uncommitted.push(number(&frame, 0));
            let pages = number(&frame, 4);
            if pages > 0 {
                wal.committed = frames;
                wal.pages = pages;
                wal.holds.extend(uncommitted.drain(..));
            }
        }
        // The one that is not whole itself is no stray.
        wal.stray = wal.stray.saturating_sub(1);
        Ok(wal)
    }
}

/// Fills `buffer`; false where the file ends before.
fn filled(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// How the numbers of a checksum are read.
#[derive(Clone, Copy)]
struct Order(fn([u8; 4]) -> u32);

impl Order {
    fn of(is_big: bool) -> Self {
        Self(if is_big {
            u32::from_be_bytes
        } else {
            u32::from_le_bytes
        })
    }

    fn add(self, (mut a, mut b): (u32, u32), bytes: &[u8]) -> (u32, u32) {
        for pair in bytes.chunks_exact(8) {
            let first = (self.0)([pair[0], pair[1], pair[2], pair[3]]);
            let second = (self.0)([pair[4], pair[5], pair[6], pair[7]]);
            a = a.wrapping_add(first).wrapping_add(b);
            b = b.wrapping_add(second).wrapping_add(a);
        }
        (a, b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The log of a database with some commits, as it stands while the database is open.
    fn log() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x);",
        )
        .unwrap();
        for number in 0..10 {
            conn.execute("INSERT INTO t VALUES (?)", [number]).unwrap();
        }
        std::fs::read(beside(&path)).unwrap()
    }

    fn read(bytes: &[u8]) -> Wal {
        Wal::of(bytes).unwrap()
    }

    #[test]
    fn a_log_is_read_to_its_last_commit() {
        let bytes = log();
        let wal = read(&bytes);
        let frames = (bytes.len() - HEADER) / (FRAME + 4096);
        assert_eq!(wal.committed, frames as u64);
        assert_eq!((wal.pages, wal.stray, wal.is_headless), (2, 0, false));
        assert_eq!(wal.holds, HashSet::from([1, 2]));
        assert_eq!(read(b""), Wal::default());
        assert_eq!(read(&[0; 4096]), Wal::default());
    }

    #[test]
    fn a_log_that_ends_early_is_as_after_a_power_cut() {
        let bytes = log();
        let whole = read(&bytes).committed;
        let cut = read(&bytes[..bytes.len() - 100]);
        assert_eq!((cut.committed, cut.stray), (whole - 1, 0));
    }

    #[test]
    fn damage_in_the_middle_leaves_strays_behind_it() {
        let mut bytes = log();
        let whole = read(&bytes).committed;
        bytes[HEADER + 3 * (FRAME + 4096) + FRAME + 7] ^= 1;
        let wal = read(&bytes);
        assert_eq!((wal.committed, wal.stray), (3, whole - 4));
        bytes[2] ^= 1;
        assert!(read(&bytes).is_headless);
    }
}
