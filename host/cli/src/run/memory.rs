//! The outside of an artifact, in memory: clients, state and the journal of one run.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use watchbox_model::{Client, ClientId, LabelChange, SearchTerm, TurnId, label::LabelOp};
use watchbox_sandbox::{
    Effects, Turn,
    host::{Host, Unavailable, View},
};

/// Clients, state and journal.
#[derive(Debug, Default)]
pub struct Memory {
    /// As of the last commit. A view holds on to it, so that a change makes a new one.
    now: Mutex<Arc<Contents>>,
    journal: Mutex<HashMap<(TurnId, String), Vec<u8>>>,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    clients: BTreeMap<ClientId, Client>,
    state: BTreeMap<String, Vec<u8>>,
}

impl Memory {
    /// A memory that knows these clients.
    pub fn new(clients: impl IntoIterator<Item = Client>) -> Self {
        let clients = clients
            .into_iter()
            .map(|client| (client.id.clone(), client))
            .collect();
        Self {
            now: Mutex::new(Arc::new(Contents {
                clients,
                state: BTreeMap::new(),
            })),
            journal: Mutex::default(),
        }
    }

    /// Takes over what a turn changed, and forgets the turn's journal.
    pub fn commit(&self, turn: &TurnId, effects: &Effects) {
        if effects.left_machine {
            lock(&self.journal).retain(|(of, _), _| of != turn);
        }
        if effects.labels.is_empty() && effects.state.is_empty() {
            return;
        }
        let mut now = lock(&self.now);
        let contents = Arc::make_mut(&mut now);
        effects
            .labels
            .iter()
            .for_each(|change| contents.label(change));
        for (key, value) in &effects.state {
            match value {
                Some(value) => contents.state.insert(key.clone(), value.clone()),
                None => contents.state.remove(key),
            };
        }
    }
}

impl Contents {
    fn label(&mut self, change: &LabelChange) {
        let Some(client) = self.clients.get_mut(&change.client) else {
            return;
        };
        let at = client
            .labels
            .iter()
            .position(|label| label.is(change.label.as_str()));
        match (change.op, at) {
            (LabelOp::Add, None) => {
                client.labels.push(change.label.clone());
                client.labels.sort();
            }
            (LabelOp::Remove, Some(at)) => drop(client.labels.remove(at)),
            (LabelOp::Add, Some(_)) | (LabelOp::Remove, None) => {}
        }
    }
}

#[async_trait]
impl Host for Memory {
    async fn view(&self) -> Result<Arc<dyn View>, Unavailable> {
        let now = Arc::clone(&lock(&self.now));
        Ok(now)
    }

    async fn recall(&self, turn: &Turn, effect: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        let key = (turn.id.clone(), effect.to_owned());
        Ok(lock(&self.journal).get(&key).cloned())
    }

    async fn journal(
        &self,
        turn: &Turn,
        effect: &str,
        outcome: Vec<u8>,
    ) -> Result<(), Unavailable> {
        lock(&self.journal).insert((turn.id.clone(), effect.to_owned()), outcome);
        Ok(())
    }
}

#[async_trait]
impl View for Contents {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        Ok(self.clients.get(id).cloned())
    }

    async fn search(
        &self,
        term: &SearchTerm,
        limit: u32,
        after: Option<&ClientId>,
    ) -> Result<Vec<Client>, Unavailable> {
        let found = self
            .clients
            .values()
            .filter(|client| after.is_none_or(|after| client.id > *after))
            .filter(|client| term.matches(client))
            .take(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found.cloned().collect())
    }

    async fn state(&self, key: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        Ok(self.state.get(key).cloned())
    }

    async fn state_keys(&self, prefix: &str) -> Result<Vec<(String, u64)>, Unavailable> {
        let keys = self
            .state
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| (key.clone(), value.len() as u64));
        Ok(keys.collect())
    }
}

/// What a mutex holds: nothing that is done under one of these can leave it half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use watchbox_model::{Time, turn::Trigger};

    use super::*;

    fn client(id: &str, labels: &[&str]) -> Client {
        Client {
            id: id.parse().unwrap(),
            hostname: String::new(),
            os: String::new(),
            labels: labels.iter().map(|label| label.parse().unwrap()).collect(),
            first_seen: Time::default(),
            last_seen: Time::default(),
        }
    }

    fn change(id: &str, label: &str, op: LabelOp) -> LabelChange {
        LabelChange {
            client: id.parse().unwrap(),
            label: label.parse().unwrap(),
            op,
        }
    }

    fn turn() -> Turn {
        let trigger = Trigger::Tick {
            due: Time::default(),
        };
        Turn {
            id: TurnId::of(&trigger),
            trigger,
            now: Time::default(),
            attempt: 1,
        }
    }

    #[tokio::test]
    async fn labels_change_with_the_commit_and_not_for_views_taken_before() {
        let memory = Memory::new([client("C.1", &["Slack"]), client("C.2", &[])]);
        let before = memory.view().await.unwrap();
        let effects = Effects {
            labels: vec![
                change("C.1", "slack", LabelOp::Remove),
                change("C.2", "New", LabelOp::Add),
                change("C.2", "NEW", LabelOp::Add),
                change("C.3", "New", LabelOp::Add),
            ],
            ..Effects::default()
        };
        memory.commit(&turn().id, &effects);
        let found = async |view: &Arc<dyn View>, term: &str| {
            let found = view.search(&term.parse().unwrap(), 10, None).await.unwrap();
            found
                .iter()
                .map(|client| client.id.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(found(&before, "label:Slack").await, ["C.1"]);
        let after = memory.view().await.unwrap();
        assert!(found(&after, "label:Slack").await.is_empty());
        assert_eq!(found(&after, "label:New").await, ["C.2"]);
        let two = after
            .client(&"C.2".parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(two.labels.len(), 1);
    }

    #[tokio::test]
    async fn searches_go_on_after_a_client() {
        let memory = Memory::new(["C.1", "C.2", "C.3"].map(|id| client(id, &[])));
        let view = memory.view().await.unwrap();
        let after = "C.1".parse().unwrap();
        let found = view
            .search(&SearchTerm::All, 1, Some(&after))
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id.as_str(), "C.2");
    }

    #[tokio::test]
    async fn state_is_set_removed_and_listed_by_prefix() {
        let memory = Memory::default();
        let set = |key: &str, value: Option<&[u8]>| (key.to_owned(), value.map(<[u8]>::to_vec));
        let effects = Effects {
            state: vec![
                set("a/1", Some(b"x")),
                set("a/2", Some(b"yy")),
                set("b", Some(b"")),
                set("a/1", None),
            ],
            ..Effects::default()
        };
        memory.commit(&turn().id, &effects);
        let view = memory.view().await.unwrap();
        assert_eq!(
            view.state_keys("a/").await.unwrap(),
            [("a/2".to_owned(), 2)]
        );
        assert_eq!(view.state("a/1").await.unwrap(), None);
        assert_eq!(view.state("b").await.unwrap(), Some(Vec::new()));
    }

    #[tokio::test]
    async fn the_journal_answers_until_the_turn_is_committed() {
        let memory = Memory::default();
        let turn = turn();
        memory
            .journal(&turn, "post", b"200".to_vec())
            .await
            .unwrap();
        assert_eq!(
            memory.recall(&turn, "post").await.unwrap(),
            Some(b"200".to_vec())
        );
        let effects = Effects {
            left_machine: true,
            ..Effects::default()
        };
        memory.commit(&turn.id, &effects);
        assert_eq!(memory.recall(&turn, "post").await.unwrap(), None);
    }
}
