//! The file of the key, and the one beside it while keys are changed.
//!
//! A change goes so that the server can be killed at any point of it: the new key is on disk beside the old one (`.next`) before anything is
//! sealed under it; all is sealed anew in one transaction; then the new file takes the old one's name, and the old one's bytes are
//! overwritten. Which of the two keys it is can be told at each point by what is sealed.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::key::{KEY_BYTES, Key};
use crate::{EngineError, key_file};

/// A key's file, and that of the key which is to take its place.
pub(super) struct KeyFiles {
    path: PathBuf,
    next: PathBuf,
}

impl KeyFiles {
    /// The one at `path`; where that is a link, the file that it leads to.
    pub(super) fn at(path: &Path) -> Self {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Self {
            next: key_file::beside(&path, ".next"),
            path,
        }
    }

    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// The key, if its file is there.
    pub(super) fn read(&self) -> Result<Option<Key>, EngineError> {
        read(&self.path)
    }

    /// The key that is to take its place, if one is there.
    pub(super) fn read_next(&self) -> Result<Option<Key>, EngineError> {
        read(&self.next)
    }

    /// Makes the key.
    pub(super) fn make(&self) -> Result<Key, EngineError> {
        make(&self.path)
    }

    /// Makes the key that is to take its place.
    pub(super) fn make_next(&self) -> Result<Key, EngineError> {
        make(&self.next)
    }

    /// Lets go of the key that was to take its place, under which nothing was sealed.
    pub(super) fn drop_next(&self) {
        if let Err(error) = fs::remove_file(&self.next) {
            tracing::warn!(file = %self.next.display(), %error, "a key that nothing was sealed under could not be removed");
        }
    }

    /// Has the next key's file take the place of this one's, whose bytes are overwritten.
    pub(super) fn replace(&self) -> Result<(), EngineError> {
        // Opened by its name while it has that.
        let old = OpenOptions::new().write(true).open(&self.path);
        let replaced =
            fs::rename(&self.next, &self.path).and_then(|()| key_file::sync_folder(&self.path));
        replaced.map_err(|error| {
            EngineError::Key(format!(
                "the new key could not be put in place, {} as {}: {error}",
                self.next.display(),
                self.path.display()
            ))
        })?;
        let wiped = old.and_then(|old| wipe(&old));
        match wiped {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(file = %self.path.display(), %error, "the old key's file is gone, and its bytes could not be overwritten");
            }
            _ => {}
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Option<Key>, EngineError> {
    let Some(bytes) = key_file::read(path)? else {
        return Ok(None);
    };
    let Some(key) = bytes
        .first_chunk::<KEY_BYTES>()
        .filter(|_| bytes.len() == KEY_BYTES)
    else {
        return Err(EngineError::Key(format!(
            "{} has {} bytes where a key has {KEY_BYTES}: put the right file back",
            path.display(),
            bytes.len()
        )));
    };
    Ok(Some(Key::of(Zeroizing::new(*key))))
}

fn make(path: &Path) -> Result<Key, EngineError> {
    let key = Key::random();
    key_file::write(path, key.bytes())?;
    Ok(key)
}

/// Overwrites a file. (What a file system or a disk keeps of it elsewhere is out of reach.)
fn wipe(mut file: &File) -> io::Result<()> {
    let bytes = file.metadata()?.len().min(1 << 10);
    file.write_all(&vec![0; usize::try_from(bytes).unwrap_or_default()])?;
    file.sync_all()
}
