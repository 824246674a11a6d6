//! Files that hold a key: only their owner can read them, and they appear under their name only once they are whole and on disk.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::EngineError;

/// The most bytes of a key's file.
const MOST: u64 = 4 << 10;

/// What the key file at `path` holds; where it is missing it is made of what `make` gives.
pub(crate) fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> Result<Vec<u8>, EngineError>,
) -> Result<Zeroizing<Vec<u8>>, EngineError> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    let key = Zeroizing::new(make()?);
    write(path, &key)?;
    Ok(key)
}

/// What the key file at `path` holds, if it is there.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, EngineError> {
    let failed = |error: io::Error| unusable(path, &error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let about = file.metadata().map_err(failed)?;
    check_owner_only(path, &about)?;
    // Never to grow: what it grew out of would be left in memory.
    let mut key = Zeroizing::new(Vec::with_capacity(MOST as usize));
    file.take(MOST).read_to_end(&mut key).map_err(failed)?;
    Ok(Some(key))
}

/// Writes a key's file, in place of one that may be there.
pub(crate) fn write(path: &Path, key: &[u8]) -> Result<(), EngineError> {
    draft(path, key).map_err(|error| unusable(path, &error))
}

fn draft(path: &Path, key: &[u8]) -> io::Result<()> {
    let draft = beside(path, ".draft");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(key)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    sync_folder(path)
}

/// Has what was renamed in the folder of `path` be so on disk.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent();
    match folder.filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// `path` with `end` behind it.
pub(crate) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(end);
    path.into()
}

fn unusable(path: &Path, error: &io::Error) -> EngineError {
    EngineError::Key(format!("{} can't be used: {error}", path.display()))
}

#[cfg(unix)]
fn check_owner_only(path: &Path, about: &fs::Metadata) -> Result<(), EngineError> {
    use std::os::unix::fs::MetadataExt as _;

    let (owner, own) = (about.uid(), rustix::process::geteuid().as_raw());
    if owner != own && owner != 0 {
        return Err(EngineError::Key(format!(
            "{} belongs to user {owner}, not to the server's ({own}) or root: change its owner",
            path.display()
        )));
    }
    if about.mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(EngineError::Key(format!(
        "{} can be read by others (mode {:03o}): run `chmod 600` on it, and change what it protects if somebody may have seen it",
        path.display(),
        about.mode() & 0o777
    )))
}

#[cfg(not(unix))]
fn check_owner_only(_: &Path, _: &fs::Metadata) -> Result<(), EngineError> {
    Ok(())
}
