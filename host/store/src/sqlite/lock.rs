//! One server a store.

use std::{
    fs::{File, TryLockError},
    path::Path,
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::StoreError;

/// How long a predecessor that is just stopping is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
const INTERVAL: Duration = Duration::from_millis(20);

/// The right to write to a store, held until it is dropped or the process ends, however it ends.
///
/// It is a lock on a file beside the database rather than SQLite's own on the database: this one can be told from a damaged
/// file, and waited for, before anything of the database is read.
#[derive(Debug)]
pub(super) struct StoreLock {
    _file: File,
}

impl StoreLock {
    /// Takes the lock of the database at `path`.
    pub(super) async fn take(path: &Path) -> Result<Self, StoreError> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        let beside = Path::new(&beside);
        let unwritable =
            |error| StoreError::ReadOnly(format!("{} can't be opened: {error}", beside.display()));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(beside)
            .map_err(unwritable)?;
        let give_up = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < give_up => sleep(INTERVAL).await,
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Conflict(format!(
                        "another server has the store {} open: stop it first, or name another data folder",
                        path.display()
                    )));
                }
                Err(TryLockError::Error(error)) => return Err(unwritable(error)),
            }
        }
    }
}
