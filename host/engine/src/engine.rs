//! The engine: one handle for all that the server asks.

use std::sync::Arc;

use watchbox_model::{Name, Rows, Time, client::Seen};
use watchbox_sandbox::Sandbox;
use watchbox_store::Store;

use crate::{Change, EngineConfig, EngineError, Install, Installed, Status};

/// The running engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {}

impl Engine {
    /// Loads the monitoring table and starts what is on it. An installation that can't be loaded is `Broken`, and keeps nobody else from starting.
    pub async fn start(
        config: EngineConfig,
        store: Arc<dyn Store>,
        sandbox: Sandbox,
    ) -> Result<Self, EngineError> {
        let _ = (config, store, sandbox);
        todo!()
    }

    /// The store, to read from.
    pub fn store(&self) -> &Arc<dyn Store> {
        todo!()
    }

    /// Accepts events of the client artifact `log`. They are on disk when this returns.
    pub async fn accept(
        &self,
        log: Name,
        rows: Rows,
        at: Time,
        seen: Vec<Seen>,
    ) -> Result<(), EngineError> {
        let _ = (log, rows, at, seen);
        todo!()
    }

    /// Installs an artifact and starts it.
    pub async fn install(&self, install: Install) -> Result<Installed, EngineError> {
        let _ = install;
        todo!()
    }

    /// Changes an installation between two of its turns, its cursors and state kept.
    pub async fn change(&self, name: &Name, change: Change) -> Result<Installed, EngineError> {
        let _ = (name, change);
        todo!()
    }

    /// Stops and removes an installation.
    pub async fn remove(&self, name: &Name, actor: &str) -> Result<(), EngineError> {
        let _ = (name, actor);
        todo!()
    }

    /// The monitoring table, by name.
    pub async fn table(&self) -> Result<Vec<Status>, EngineError> {
        todo!()
    }

    /// One line of it.
    pub async fn status(&self, name: &Name) -> Result<Status, EngineError> {
        let _ = name;
        todo!()
    }

    /// Gives a dead letter's trigger to its installation again; it is dropped once that turn is committed.
    pub async fn redrive(&self, id: u64, actor: &str) -> Result<(), EngineError> {
        let _ = (id, actor);
        todo!()
    }

    /// Drops a dead letter.
    pub async fn drop_dead_letter(&self, id: u64, actor: &str) -> Result<(), EngineError> {
        let _ = (id, actor);
        todo!()
    }

    /// Stops: no new turns, those under way get the grace, then the store is closed.
    pub async fn stop(&self) {
        todo!()
    }
}
