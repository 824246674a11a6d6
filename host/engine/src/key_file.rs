//! Files that hold a key: only their owner can read them, and they appear under their name only once they are whole and on disk.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use crate::EngineError;

/// What the key file at `path` holds; where it is missing it is made of what `make` gives.
pub(crate) fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> Result<Vec<u8>, EngineError>,
) -> Result<Vec<u8>, EngineError> {
    let failed =
        |error: io::Error| EngineError::Key(format!("{} can't be used: {error}", path.display()));
    match fs::read(path) {
        Ok(key) => {
            check_owner_only(path)?;
            Ok(key)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = make()?;
            write(path, &key).map_err(failed)?;
            Ok(key)
        }
        Err(error) => Err(failed(error)),
    }
}

fn write(path: &Path, key: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(key)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    let folder = path.parent();
    if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn check_owner_only(path: &Path) -> Result<(), EngineError> {
    use std::os::unix::fs::PermissionsExt;

    let mode = fs::metadata(path)
        .map_err(|error| EngineError::Key(format!("{}: {error}", path.display())))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(EngineError::Key(format!(
        "{} can be read by others (mode {:03o}): run `chmod 600` on it, and change what it protects if somebody may have seen it",
        path.display(),
        mode & 0o777
    )))
}

#[cfg(not(unix))]
fn check_owner_only(_: &Path) -> Result<(), EngineError> {
    Ok(())
}
