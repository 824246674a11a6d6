//! What is looked at before a file is opened, since SQLite does not: whether it was cut short, or its write-ahead log beheaded. Either would
//! lose what was acknowledged without a word.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use super::{fault, wal, wal::Wal};
use crate::StoreError;

/// How the file of a database begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// As much of it as is looked at.
const HEADER: usize = 100;

/// Refuses a database that was damaged from outside. What a power cut leaves is admitted.
pub(super) fn admit(path: &Path) -> Result<(), StoreError> {
    let unreadable = |error: io::Error| {
        StoreError::ReadOnly(format!("{} can't be read: {error}", path.display()))
    };
    let log = wal::beside(path);
    let wal = Wal::read(&log).map_err(unreadable)?;
    if let Some(reason) = damage(path, &wal).map_err(unreadable)? {
        return Err(fault::damaged(&reason));
    }
    if wal.stray > 0 {
        tracing::warn!(
            log = %log.display(),
            frames = wal.stray,
            "the write-ahead log can't be read to its end: after a power cut that is what was not synced, else `watchbox doctor` says more"
        );
    }
    Ok(())
}

/// What was damaged from outside, if something is seen to be.
pub(super) fn damage(path: &Path, wal: &Wal) -> io::Result<Option<String>> {
    if wal.is_headless {
        let log = wal::beside(path);
        return Ok(Some(format!(
            "the beginning of its write-ahead log {} is damaged, and all of that log with it",
            log.display()
        )));
    }
    let (header, length) = begin(path)?;
    if length == 0 && wal.committed > 0 {
        return Ok(Some(
            "it is empty, and its write-ahead log is not".to_owned(),
        ));
    }
    let Some(header) = header else {
        return Ok(None);
    };
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    if page < 512 {
        return Ok(None);
    }
    let number = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let there = length / page;
    let wanted = match wal.committed {
        // Only a header that was written together with the count tells it.
        0 if number(24) == number(92) => number(28),
        0 => return Ok(None),
        _ => wal.pages,
    };
    let gone = (1..=wanted)
        .skip(usize::try_from(there).unwrap_or(usize::MAX))
        .filter(|number| !wal.holds.contains(number))
        .count() as u64;
    Ok((gone > 0).then(|| {
        format!(
            "it was cut short: it has {length} bytes, and {} are missing",
            gone * page
        )
    }))
}

/// The first bytes of the file, if they are a database's, and its length.
fn begin(path: &Path) -> io::Result<(Option<[u8; HEADER]>, u64)> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((None, 0)),
        Err(error) => return Err(error),
    };
    let length = file.seek(SeekFrom::End(0))?;
    if length < HEADER as u64 {
        return Ok((None, length));
    }
    let mut header = [0; HEADER];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut header)?;
    Ok((header.starts_with(MAGIC).then_some(header), length))
}
