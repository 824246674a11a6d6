//! The store as a whole, on real files.

use tempfile::TempDir;

use super::{Retention, SqliteConfig, SqliteStore};
use crate::StoreError;

mod faults;
mod files;
mod model;
mod retention;

crate::conformance_tests!(fresh);

/// A new store, and the folder that it is in.
async fn fresh() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, Retention::default()).await.unwrap();
    (store, folder)
}

async fn open(folder: &TempDir, retention: Retention) -> Result<SqliteStore, StoreError> {
    let path = folder.path().join("watchbox.db");
    SqliteStore::open(SqliteConfig { path, retention }).await
}
