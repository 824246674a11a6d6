//! The outside of a run that keeps nothing: its state, its label changes and its journal in memory, over clients that it only reads.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use watchbox_model::{Client, ClientId, Label, LabelChange, SearchTerm, TurnId, label::LabelOp};

use crate::{
    Effects, Turn,
    host::{Effect, Host, Recalled, Unavailable, View},
};

/// State, label changes and journal of one run, over somebody else's clients. The state is empty at first.
pub struct Overlay {
    clients: Mutex<Clients>,
    /// A view that was taken before it was asked for.
    taken: Mutex<Option<Arc<dyn View>>>,
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

/// Whose clients.
#[derive(Clone)]
enum Clients {
    /// These.
    These(Arc<Roll>),
    /// Those that a host sees.
    Of(Arc<dyn Host>),
}

/// Clients in memory.
#[derive(Clone, Default)]
struct Roll(BTreeMap<ClientId, Client>);

#[derive(Clone, Debug, Default)]
struct Contents {
    labels: BTreeMap<ClientId, Relabelled>,
    state: BTreeMap<String, Vec<u8>>,
}

/// A client's labels, changed here.
#[derive(Clone, Debug)]
struct Relabelled {
    /// What they were below when this was changed. Once they are others, somebody changed them for real, and that holds.
    before: Vec<Label>,
    after: Vec<Label>,
}

impl Overlay {
    /// Over these clients.
    pub fn new(clients: impl IntoIterator<Item = Client>) -> Self {
        let clients = clients
            .into_iter()
            .map(|client| (client.id.clone(), client))
            .collect();
        Self::with(Clients::These(Arc::new(Roll(clients))))
    }

    /// Over the clients that `host` sees; nothing else of it is looked at, and nothing of it is changed.
    pub fn over(host: Arc<dyn Host>) -> Self {
        Self::with(Clients::Of(host))
    }

    fn with(clients: Clients) -> Self {
        Self {
            clients: Mutex::new(clients),
            taken: Mutex::default(),
            now: Mutex::default(),
            sent: Mutex::default(),
        }
    }

    /// From now on there is this client, as it is here, in the place of the one of its id. (Clients of another host are gone then.)
    pub fn set_client(&self, client: Client) {
        let mut clients = lock(&self.clients);
        let mut roll = match &*clients {
            Clients::These(roll) => Roll::clone(roll),
            Clients::Of(_) => Roll::default(),
        };
        let mut contents = Contents::clone(&lock(&self.now));
        contents.labels.remove(&client.id);
        *lock(&self.now) = Arc::new(contents);
        roll.0.insert(client.id.clone(), client);
        *clients = Clients::These(Arc::new(roll));
    }

    /// From now on the state has this value under `key`.
    pub fn set_state(&self, key: String, value: Vec<u8>) {
        let mut contents = Contents::clone(&lock(&self.now));
        contents.state.insert(key, value);
        *lock(&self.now) = Arc::new(contents);
    }

    /// Takes the view of the clients now that the next turn will have, although it will look later.
    pub async fn look(&self) -> Result<(), Unavailable> {
        let view = self.below().await?;
        // What is read is as of the first read.
        view.search(&SearchTerm::All, 1, None).await?;
        *lock(&self.taken) = Some(view);
        Ok(())
    }

    /// Takes over what a turn changed.
    pub async fn commit(&self, turn: &TurnId, effects: &Effects) -> Result<(), Unavailable> {
        *lock(&self.taken) = None;
        for sent in lock(&self.sent).iter_mut().filter(|sent| sent.by == *turn) {
            sent.is_taken = true;
        }
        if effects.labels.is_empty() && effects.state.is_empty() {
            return Ok(());
        }
        let mut contents = Contents::clone(&lock(&self.now));
        if !effects.labels.is_empty() {
            let below = self.below().await?;
            for change in &effects.labels {
                if let Some(client) = below.client(&change.client).await? {
                    contents.label(client, change);
                }
            }
        }
        for (key, value) in &effects.state {
            match value {
                Some(value) => contents.state.insert(key.clone(), value.clone()),
                None => contents.state.remove(key),
            };
        }
        *lock(&self.now) = Arc::new(contents);
        Ok(())
    }

    /// The trigger at hand is over: the next one's effects are others.
    pub fn clear(&self) {
        *lock(&self.taken) = None;
        lock(&self.sent).clear();
    }

    async fn below(&self) -> Result<Arc<dyn View>, Unavailable> {
        let clients = lock(&self.clients).clone();
        match clients {
            Clients::These(clients) => Ok(clients),
            Clients::Of(host) => host.view().await,
        }
    }
}

/// What names `effect`, and where it stands among those that were `sent`, if it was done.
fn find(sent: &[Sent], effect: &Effect) -> (String, Option<usize>) {
    let (name, nth) = effect.written();
    let mut free = (0..sent.len()).filter(|at| sent[*at].name == name && !sent[*at].is_taken);
    let found = free.nth(nth as usize);
    (name, found)
}

impl Contents {
    fn label(&mut self, below: Client, change: &LabelChange) {
        let before = below.labels.clone();
        let mut labels = self.seen(below).labels;
        let at = labels
            .iter()
            .position(|label| label.is(change.label.as_str()));
        match (change.op, at) {
            (LabelOp::Add, None) => {
                labels.push(change.label.clone());
                labels.sort_by_key(|label| label.as_str().to_ascii_lowercase());
            }
            (LabelOp::Remove, Some(at)) => drop(labels.remove(at)),
            (LabelOp::Add, Some(_)) | (LabelOp::Remove, None) => {}
        }
        let relabelled = Relabelled {
            before,
            after: labels,
        };
        self.labels.insert(change.client.clone(), relabelled);
    }

    /// A client of below as it is seen here.
    fn seen(&self, mut client: Client) -> Client {
        if let Some(changed) = self.labels.get(&client.id)
            && changed.before == client.labels
        {
            client.labels.clone_from(&changed.after);
        }
        client
    }
}

/// What is below, with what was changed here.
struct Seen {
    below: Arc<dyn View>,
    contents: Arc<Contents>,
}

#[async_trait]
impl Host for Overlay {
    async fn view(&self) -> Result<Arc<dyn View>, Unavailable> {
        let taken = lock(&self.taken).take();
        let below = match taken {
            Some(taken) => taken,
            None => self.below().await?,
        };
        let contents = Arc::clone(&lock(&self.now));
        Ok(Arc::new(Seen { below, contents }))
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

    async fn forget(&self, _: &Turn, effect: &Effect) -> Result<(), Unavailable> {
        let mut sent = lock(&self.sent);
        if let (_, Some(at)) = find(&sent, effect) {
            sent[at].is_taken = true;
        }
        Ok(())
    }
}

#[async_trait]
impl View for Seen {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        let client = self.below.client(id).await?;
        Ok(client.map(|client| self.contents.seen(client)))
    }

    async fn search(
        &self,
        term: &SearchTerm,
        limit: u32,
        after: Option<&ClientId>,
    ) -> Result<Vec<Client>, Unavailable> {
        let wanted = limit as usize;
        let mut found = Vec::new();
        let mut from = after.cloned();
        // Clients that were changed here are judged as they are here, so those below are passed over.
        let is_all = loop {
            let page = self.below.search(term, limit, from.as_ref()).await?;
            let (last, is_full) = (
                page.last().map(|client| client.id.clone()),
                page.len() >= wanted,
            );
            let is_other = |client: &Client| !self.contents.labels.contains_key(&client.id);
            found.extend(page.into_iter().filter(is_other));
            match last {
                Some(last) if is_full && found.len() < wanted => from = Some(last),
                _ => break !is_full,
            }
        };
        let end = found.last().map(|client| client.id.clone());
        for id in self.contents.labels.keys() {
            let is_here = after.is_none_or(|after| id > after)
                && (is_all || end.as_ref().is_some_and(|end| id < end));
            if is_here
                && let Some(client) = self.client(id).await?
                && term.matches(&client)
            {
                found.push(client);
            }
        }
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found.truncate(wanted);
        Ok(found)
    }

    async fn state(&self, key: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        Ok(self.contents.state.get(key).cloned())
    }

    async fn state_keys(&self, prefix: &str) -> Result<Vec<(String, u64)>, Unavailable> {
        let keys = self
            .contents
            .state
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| (key.clone(), value.len() as u64));
        Ok(keys.collect())
    }
}

#[async_trait]
impl View for Roll {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable> {
        Ok(self.0.get(id).cloned())
    }

    async fn search(
        &self,
        term: &SearchTerm,
        limit: u32,
        after: Option<&ClientId>,
    ) -> Result<Vec<Client>, Unavailable> {
        let found = self
            .0
            .values()
            .filter(|client| after.is_none_or(|after| client.id > *after))
            .filter(|client| term.matches(client))
            .take(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found.cloned().collect())
    }

    async fn state(&self, _: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        Ok(None)
    }

    async fn state_keys(&self, _: &str) -> Result<Vec<(String, u64)>, Unavailable> {
        Ok(Vec::new())
    }
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay")
            .field("contents", &lock(&self.now))
            .finish_non_exhaustive()
    }
}

/// What a mutex holds: nothing that is done under one of these can leave it half changed.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "overlay/tests.rs"]
mod tests;
