//! Read connections: borrowed for one read, or for the life of a snapshot. They work on tokio's threads for blocking work.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::schema;
use crate::StoreError;

/// Reads at the same time.
const READS: usize = 8;
/// Snapshots at the same time; each has two open files. A turn may hold one for as long as a slow receiver lets it wait,
/// so they are counted apart from reads.
const SNAPSHOTS: usize = 128;
/// Connections kept for the next who needs one.
const IDLE: usize = 16;

/// The read connections.
#[derive(Clone)]
pub(super) struct Readers {
    pool: Arc<Pool>,
    reads: Arc<Semaphore>,
    /// One permit a snapshot.
    pub(super) snapshots: Arc<Semaphore>,
}

/// Connections that nobody uses.
pub(super) struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            pool: Arc::new(Pool {
                path,
                idle: Mutex::new(Vec::new()),
            }),
            reads: Arc::new(Semaphore::new(READS)),
            snapshots: Arc::new(Semaphore::new(SNAPSHOTS)),
        }
    }

    pub(super) fn pool(&self) -> Arc<Pool> {
        self.pool.clone()
    }

    /// Reads what is committed.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.reads.clone().acquire_owned().await.map_err(stopped)?;
        let pool = self.pool();
        blocking(move || {
            let _permit = permit;
            let conn = pool.take()?;
            let result = job(&conn).map_err(|error| error.in_file(&pool.path));
            pool.put(conn);
            result
        })
        .await
    }
}

impl Pool {
    /// The database's file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A connection, opened where none is idle.
    pub(super) fn take(&self) -> Result<Connection, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        match idle {
            Some(conn) => Ok(conn),
            None => schema::open_reader(&self.path).map_err(|error| error.in_file(&self.path)),
        }
    }

    /// Takes a connection back, ending its transaction if it has one.
    pub(super) fn put(&self, conn: Connection) {
        if !conn.is_autocommit() && conn.execute_batch("ROLLBACK").is_err() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(conn);
        }
    }
}

/// Runs `job` where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    spawn_blocking(job).await.map_err(stopped)?
}

/// A thread panicked, or the runtime is shutting down.
pub(super) fn stopped(error: impl std::fmt::Display) -> StoreError {
    StoreError::Other(format!("the read was given up: {error}"))
}
