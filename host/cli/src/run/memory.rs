//! The outside of an artifact, in memory: clients, state and the journal of one run.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use watchbox_model::{Client, ClientId, LabelChange, SearchTerm, TurnId, label::LabelOp};
use watchbox_sandbox::{
    Effects, Turn,
    host::{Effect, Host, Recalled, Unavailable, View},
};

/// Clients, state and journal.
#[derive(Debug, Default)]
pub struct Memory {
    /// As of the last commit. A view holds on to it, so that a change makes a new one.
    now: Mutex<Arc<Contents>>,
    sent: Mutex<Vec<Sent>>,
}

/// An effect of the trigger at hand, and what came of it.
#[derive(Debug)]
struct Sent {
    name: String,
    outcome: Vec<u8>,
    /// The turn that asked for it last.
    by: TurnId,
    /// Whether that turn is committed: no other part of the batch is answered with it.
    is_taken: bool,
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
            sent: Mutex::default(),
        }
    }

    /// Takes over what a turn changed.
    pub fn commit(&self, turn: &TurnId, effects: &Effects) {
        for sent in lock(&self.sent).iter_mut().filter(|sent| sent.by == *turn) {
            sent.is_taken = true;
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

impl Memory {
    /// The trigger at hand is over: the next one's effects are others.
    pub fn forget(&self) {
        lock(&self.sent).clear();
    }
}

/// What names `effect`, and where it stands among those that were `sent`, if it was done.
fn find(sent: &[Sent], effect: &Effect) -> (String, Option<usize>) {
    let (name, nth) = match effect {
        Effect::Named(name) => (format!("once:{name}"), 0),
        Effect::Alike(digest, nth) => (digest.to_string(), *nth as usize),
    };
    let mut free = (0..sent.len()).filter(|at| sent[*at].name == name && !sent[*at].is_taken);
    let found = free.nth(nth);
    (name, found)
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

    async fn recall(&self, turn: &Turn, effect: &Effect) -> Result<Recalled, Unavailable> {
        let mut sent = lock(&self.sent);
        let (name, found) = find(&sent, effect);
        let nth = sent.iter().filter(|sent| sent.name == name).count();
        let Some(at) = found else {
            let key = format!("{} {name}#{nth}", turn.id);
            return Ok(Recalled { key, outcome: None });
        };
        sent[at].by = turn.id.clone();
        Ok(Recalled {
            key: format!("{} {name}", turn.id),
            outcome: Some(sent[at].outcome.clone()),
        })
    }

    async fn journal(
        &self,
        turn: &Turn,
        effect: &Effect,
        outcome: Vec<u8>,
    ) -> Result<(), Unavailable> {
        let mut sent = lock(&self.sent);
        let (name, _) = find(&sent, effect);
        sent.push(Sent {
            name,
            outcome,
            by: turn.id.clone(),
            is_taken: false,
        });
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
    async fn what_was_sent_is_known_until_its_part_or_the_batch_is_done() {
        let memory = Memory::default();
        let (turn, post) = (turn(), Effect::Named("post".to_owned()));
        let known = async || memory.recall(&turn, &post).await.unwrap().outcome;
        let sent = memory.journal(&turn, &post, b"200".to_vec());
        sent.await.unwrap();
        assert_eq!(known().await, Some(b"200".to_vec()));
        memory.commit(&turn.id, &Effects::default());
        assert_eq!(known().await, None);

        let sent = memory.journal(&turn, &post, b"201".to_vec());
        sent.await.unwrap();
        assert_eq!(known().await, Some(b"201".to_vec()));
        memory.forget();
        assert_eq!(known().await, None);
    }
}
