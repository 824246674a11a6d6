//! The outside of one installation, as the sandbox asks for it: its view of clients and state, and its journal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use watchbox_model::{Client, ClientId, Name, SearchTerm, TurnId};
use watchbox_sandbox::{
    Turn,
    host::{Effect, Host, Recalled, Unavailable, View},
};
use watchbox_store::{JournalEntry, OpenTurn, Settlement, Snapshot, Store, StoreError};

use crate::journal::{Found, Journal};

/// The host of one installation. It has one turn at a time.
pub(crate) struct InstallationHost {
    store: Arc<dyn Store>,
    installation: Name,
    current: Mutex<Option<Current>>,
}

/// The turn that is under way, and its journal.
#[derive(Debug)]
pub(crate) struct Current {
    turn: TurnId,
    journal: Journal,
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

    /// A turn begins. Gives the one before, if that was not over.
    pub(crate) fn enter(&self, turn: TurnId, journal: Journal) -> Option<Current> {
        self.current().replace(Current { turn, journal })
    }

    /// The turn is over, or set down: its journal.
    pub(crate) fn leave(&self) -> Option<Journal> {
        self.current().take().map(|current| current.journal)
    }

    /// Goes on with a turn that another was put before.
    pub(crate) fn reenter(&self, current: Option<Current>) {
        *self.current() = current;
    }

    /// What becomes of the journal with the commit of the turn under way, which ends at `to` if it is a batch.
    pub(crate) fn settlement(&self, to: Option<u64>) -> Option<Settlement> {
        self.current().as_ref()?.journal.settlement(to)
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `act` done with the journal of `turn`, which must be under way.
    fn with<T>(&self, turn: &Turn, act: impl FnOnce(&mut Journal) -> T) -> Result<T, Unavailable> {
        match self.current().as_mut() {
            Some(current) if current.turn == turn.id => Ok(act(&mut current.journal)),
            _ => Err(Unavailable(format!("turn {} is not under way", turn.id))),
        }
    }

    /// Writes down what came of an effect that was done.
    async fn write(
        &self,
        turn: &Turn,
        origin: &OpenTurn,
        effect: watchbox_store::Effect,
        outcome: Vec<u8>,
    ) -> Result<(), Unavailable> {
        let entry = JournalEntry {
            effect: effect.clone(),
            outcome,
        };
        self.store
            .journal(origin, entry)
            .await
            .map_err(unavailable)?;
        self.with(turn, |journal| journal.wrote(&effect))
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

    async fn recall(&self, turn: &Turn, asked: &Effect) -> Result<Recalled, Unavailable> {
        loop {
            let (effect, origin, key, found) = self.with(turn, |journal| {
                let effect = journal.effect(asked);
                let found = journal.recall(&effect);
                let key = journal.key(&effect);
                (effect, journal.origin().clone(), key, found)
            })?;
            let outcome = match found {
                Found::Nowhere => {
                    if !self.with(turn, |journal| journal.is_open())? {
                        self.store.open(&origin).await.map_err(unavailable)?;
                        self.with(turn, Journal::opened)?;
                    }
                    None
                }
                Found::Here(outcome) => {
                    self.write(turn, &origin, effect, outcome.clone()).await?;
                    Some(outcome)
                }
                Found::Under(whose, written) => {
                    let read = self.store.outcome(&self.installation, &whose, &written);
                    let Some(outcome) = read.await.map_err(unavailable)? else {
                        // Another turn, a redrive, has forgotten it since.
                        self.with(turn, |journal| journal.forget(&effect))?;
                        continue;
                    };
                    if whose != origin.turn {
                        // From a tick before: it is this one's, too, whatever becomes of that one's dead letter.
                        self.with(turn, |journal| journal.did(&effect, outcome.clone()))?;
                        self.write(turn, &origin, effect, outcome.clone()).await?;
                    }
                    Some(outcome)
                }
            };
            return Ok(Recalled { key, outcome });
        }
    }

    async fn journal(
        &self,
        turn: &Turn,
        asked: &Effect,
        outcome: Vec<u8>,
    ) -> Result<(), Unavailable> {
        // The effect has happened: it is known to the next try even if it can't be written down now.
        let (effect, origin) = self.with(turn, |journal| {
            let effect = journal.effect(asked);
            journal.did(&effect, outcome.clone());
            (effect, journal.origin().clone())
        })?;
        self.write(turn, &origin, effect, outcome).await
    }

    async fn forget(&self, turn: &Turn, asked: &Effect) -> Result<(), Unavailable> {
        let forgotten = self.with(turn, |journal| {
            let effect = journal.effect(asked);
            let is_known = journal.forget(&effect);
            is_known.then(|| (effect, journal.origin().clone()))
        })?;
        let Some((effect, origin)) = forgotten else {
            return Ok(());
        };
        // Memory first, and the store on a task of its own: a turn that is given up meanwhile leaves both saying the same, or the store behind,
        // whose answer would be forgotten again.
        let store = Arc::clone(&self.store);
        let forgotten = tokio::spawn(async move { store.forget(&origin, &effect).await }).await;
        forgotten
            .map_err(|why| Unavailable(format!("the journal failed: {why}")))?
            .map_err(unavailable)
    }
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
