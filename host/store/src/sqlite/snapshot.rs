//! What a turn reads: one read transaction.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::{OnceCell, OwnedSemaphorePermit};
use watchbox_model::{Client, ClientId, Name, SearchTerm};

use super::{
    clients,
    readers::{Pool, Readers, blocking, stopped},
    search, state,
};
use crate::{Page, Snapshot, StoreError};

/// A read transaction, begun by the first read (most turns have none) and ended when this is dropped.
pub(super) struct SqliteSnapshot {
    readers: Readers,
    permit: OnceCell<OwnedSemaphorePermit>,
    transaction: Arc<ReadTransaction>,
}

struct ReadTransaction {
    pool: Arc<Pool>,
    conn: Mutex<Option<Connection>>,
}

impl SqliteSnapshot {
    pub(super) fn new(readers: Readers) -> Self {
        let transaction = Arc::new(ReadTransaction {
            pool: readers.pool(),
            conn: Mutex::new(None),
        });
        Self {
            readers,
            permit: OnceCell::new(),
            transaction,
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let acquire = || self.readers.snapshots.clone().acquire_owned();
        self.permit
            .get_or_try_init(acquire)
            .await
            .map_err(stopped)?;
        let transaction = self.transaction.clone();
        blocking(move || transaction.read(job)).await
    }
}

impl ReadTransaction {
    fn read<T>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut slot = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let conn = match slot.take() {
            Some(conn) => conn,
            None => {
                let conn = self.pool.take()?;
                conn.execute_batch("BEGIN")?;
                conn
            }
        };
        let result = job(slot.insert(conn));
        result.map_err(|error| error.in_file(self.pool.path()))
    }
}

impl Drop for ReadTransaction {
    fn drop(&mut self) {
        let slot = self.conn.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(conn) = slot.take() {
            self.pool.put(conn);
        }
    }
}

#[async_trait]
impl Snapshot for SqliteSnapshot {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        let id = id.clone();
        self.read(move |conn| clients::get(conn, &id)).await
    }

    async fn search(
        &self,
        term: &SearchTerm,
        limit: u32,
        after: Option<&ClientId>,
    ) -> Result<Page<Client>, StoreError> {
        let (term, after) = (term.clone(), after.cloned());
        self.read(move |conn| search::search(conn, &term, limit, after.as_ref()))
            .await
    }

    async fn state(&self, installation: &Name, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let (installation, key) = (installation.clone(), key.to_owned());
        self.read(move |conn| state::get(conn, &installation, &key))
            .await
    }

    async fn state_keys(
        &self,
        installation: &Name,
        prefix: &str,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let (installation, prefix) = (installation.clone(), prefix.to_owned());
        self.read(move |conn| state::keys(conn, &installation, &prefix))
            .await
    }
}
