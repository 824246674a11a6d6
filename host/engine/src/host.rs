//! The outside of one installation, as the sandbox asks for it: its view of clients and state, and its journal.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use watchbox_model::{Client, ClientId, Name, SearchTerm, TurnId};
use watchbox_sandbox::{
    Turn,
    host::{Host, Unavailable, View},
};
use watchbox_store::{JournalEntry, OpenTurn, Snapshot, Store, StoreError};

/// What left the machine in a turn: each effect's name, and what came of it.
pub(crate) type Effects = BTreeMap<String, Vec<u8>>;

/// The host of one installation. It has one turn at a time; what its earlier tries did outside is held in memory.
pub(crate) struct InstallationHost {
    store: Arc<dyn Store>,
    installation: Name,
    current: Mutex<Option<Current>>,
}

/// What the turn that is under way did outside, in this try and in those before.
#[derive(Debug)]
pub(crate) struct Current {
    turn: TurnId,
    /// Written down under this turn's own id.
    pub(crate) own: Effects,
    /// Written down by a larger turn of which this one is a part.
    inherited: Effects,
    /// Those of the inherited ones that this turn asked for.
    pub(crate) claimed: BTreeSet<String>,
}

impl InstallationHost {
    /// The host of `installation`.
    pub(crate) fn new(store: Arc<dyn Store>, installation: Name) -> Self {
        Self {
            store,
            installation,
            current: Mutex::new(None),
        }
    }

    /// A turn begins: what earlier tries of it, and of a larger turn that it is a part of, did outside. Gives what was
    /// known of the turn before, if that was not over.
    pub(crate) fn enter(&self, turn: TurnId, own: Effects, inherited: Effects) -> Option<Current> {
        self.current().replace(Current {
            turn,
            own,
            inherited,
            claimed: BTreeSet::new(),
        })
    }

    /// The turn is over, or set down: what was done outside.
    pub(crate) fn leave(&self) -> Option<Current> {
        self.current().take()
    }

    /// Goes on with a turn that another was put before.
    pub(crate) fn reenter(&self, current: Option<Current>) {
        *self.current() = current;
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Host for InstallationHost {
    async fn view(&self) -> Result<Arc<dyn View>, Unavailable> {
        let snapshot = self.store.snapshot().await.map_err(unavailable)?;
        Ok(Arc::new(StoreView {
            snapshot,
            installation: self.installation.clone(),
        }))
    }

    async fn recall(&self, turn: &Turn, effect: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        let mut current = self.current();
        let Some(current) = current.as_mut().filter(|current| current.turn == turn.id) else {
            return Err(not_current(turn));
        };
        if let Some(outcome) = current.own.get(effect) {
            return Ok(Some(outcome.clone()));
        }
        let outcome = current.inherited.get(effect).cloned();
        if outcome.is_some() {
            current.claimed.insert(effect.to_owned());
        }
        Ok(outcome)
    }

    async fn journal(
        &self,
        turn: &Turn,
        effect: &str,
        outcome: Vec<u8>,
    ) -> Result<(), Unavailable> {
        let open = OpenTurn {
            installation: self.installation.clone(),
            turn: turn.id.clone(),
            trigger: turn.trigger.clone(),
            now: turn.now,
        };
        let entry = JournalEntry {
            effect: effect.to_owned(),
            outcome: outcome.clone(),
        };
        // The effect has happened: it is known to the next try even if it can't be written down now.
        let written = self.store.journal(&open, entry).await;
        match self.current().as_mut() {
            Some(current) if current.turn == turn.id => {
                current.own.insert(effect.to_owned(), outcome);
            }
            _ => return Err(not_current(turn)),
        }
        written.map_err(unavailable)
    }
}

fn not_current(turn: &Turn) -> Unavailable {
    Unavailable(format!("turn {} is not under way", turn.id))
}

fn unavailable(error: StoreError) -> Unavailable {
    Unavailable(error.to_string())
}

/// A snapshot of the store, narrowed to one installation's state.
struct StoreView {
    snapshot: Arc<dyn Snapshot>,
    installation: Name,
}

#[async_trait]
impl View for StoreView {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        self.snapshot.client(id).await.map_err(unavailable)
    }

    async fn search(
        &self,
        term: &SearchTerm,
        limit: u32,
        after: Option<&ClientId>,
    ) -> Result<Vec<Client>, Unavailable> {
        self.snapshot
            .search(term, limit, after)
            .await
            .map(|page| page.items)
            .map_err(unavailable)
    }

    async fn state(&self, key: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        self.snapshot
            .state(&self.installation, key)
            .await
            .map_err(unavailable)
    }

    async fn state_keys(&self, prefix: &str) -> Result<Vec<(String, u64)>, Unavailable> {
        self.snapshot
            .state_keys(&self.installation, prefix)
            .await
            .map_err(unavailable)
    }
}

#[cfg(test)]
mod tests;
