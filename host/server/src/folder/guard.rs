//! Who may put components into the folder: whoever can write there can have anything run, with any grants, so it must be nobody but those
//! who may do so anyway.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Why the folder is not watched.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It can't be read.
    #[error("the artifacts folder {folder} can't be read: {reason}")]
    Unreadable {
        /// Which one.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
    /// Others than the server's user and root may write there.
    #[error("the artifacts folder {folder} is not safe: {reason}")]
    Unsafe {
        /// Which one.
        folder: PathBuf,
        /// Who may, and what to do about it.
        reason: String,
    },
    /// The system does not tell of changes there.
    #[error("the artifacts folder {folder} can't be watched: {reason}")]
    Unwatchable {
        /// Which one.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
}

impl FolderError {
    pub(super) fn unreadable(folder: &Path, error: &io::Error) -> Self {
        Self::Unreadable {
            folder: folder.to_owned(),
            reason: error.to_string(),
        }
    }

    pub(super) fn unwatchable(folder: &Path, error: &notify::Error) -> Self {
        Self::Unwatchable {
            folder: folder.to_owned(),
            reason: error.to_string(),
        }
    }
}

/// Refuses a folder that is none, that belongs to somebody else, or that everybody can write to.
pub(crate) fn check(folder: &Path) -> Result<(), FolderError> {
    let about = fs::metadata(folder).map_err(|error| FolderError::unreadable(folder, &error))?;
    if !about.is_dir() {
        return Err(FolderError::Unreadable {
            folder: folder.to_owned(),
            reason: "it is no folder".to_owned(),
        });
    }
    reason_against(&about).map_or(Ok(()), |reason| {
        Err(FolderError::Unsafe {
            folder: folder.to_owned(),
            reason,
        })
    })
}

/// Why what `about` tells of is not to be trusted, if it is not.
#[cfg(unix)]
pub(super) fn reason_against(about: &fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;

    let (owner, own) = (about.uid(), nix::unistd::geteuid().as_raw());
    if owner != own && owner != 0 {
        return Some(format!(
            "it belongs to user {owner}, not to the server's ({own}) or root: change its owner"
        ));
    }
    (about.mode() & 0o022 != 0).then(|| {
        format!(
            "others than its owner can write to it (mode {:03o}): run `chmod go-w` on it",
            about.mode() & 0o777
        )
    })
}

#[cfg(not(unix))]
pub(super) fn reason_against(_: &fs::Metadata) -> Option<String> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_that_everybody_can_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        check(folder.path()).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let error = check(folder.path()).unwrap_err().to_string();
        assert!(error.contains("mode 777"), "{error}");
    }

    #[test]
    fn what_is_no_folder_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = check(file.path()).unwrap_err().to_string();
        assert!(error.contains("no folder"), "{error}");
        let missing = file.path().with_extension("missing");
        assert!(matches!(
            check(&missing),
            Err(FolderError::Unreadable { .. })
        ));
    }
}
