//! What the sandbox needs of the outside: implemented by the engine (and, over memory, by `watchbox run`).

use std::sync::Arc;

use async_trait::async_trait;
use watchbox_model::{Capability, Client, ClientId, Digest, SearchTerm};

/// Why the outside could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// An effect that leaves the machine, as a try of a turn asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// By the name that the guest gave it: there is one of it, and of this capability, in a turn.
    Named(Capability, String),
    /// By what it says, and how many of its like this try had settled before.
    Alike(Digest, u32),
}

impl Effect {
    /// What it is called where it is written down, and which of that name it is.
    pub fn written(&self) -> (String, u32) {
        match self {
            Self::Named(Capability::Http, name) => (format!("once:{name}"), 0),
            Self::Named(of, name) => (format!("{of}-once:{name}"), 0),
            Self::Alike(digest, nth) => (digest.to_string(), *nth),
        }
    }

    /// Whether what is written down under this name had a name that the guest gave it.
    pub fn is_named(written: &str) -> bool {
        let prefix = written.split_once(':').map(|(prefix, _)| prefix);
        prefix.is_some_and(|prefix| prefix == "once" || prefix.ends_with("-once"))
    }
}

/// What is known of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recalled {
    /// Names it: the same on every try of its turn, and another one for every other effect of the installation.
    pub key: String,
    /// What came of it, if it was done.
    pub outcome: Option<Vec<u8>>,
}

/// The outside of one installation.
#[async_trait]
pub trait Host: Send + Sync {
    /// What the turn reads, as of now; called at the turn's first read.
    async fn view(&self) -> Result<Arc<dyn View>, Unavailable>;

    /// What is known of `effect`: it may have been done in an earlier try of this turn, or by what this turn is a part of.
    async fn recall(&self, turn: &super::Turn, effect: &Effect) -> Result<Recalled, Unavailable>;

    /// Writes down what came of `effect`; on disk when this returns. Only then does the guest see it.
    async fn journal(
        &self,
        turn: &super::Turn,
        effect: &Effect,
        outcome: Vec<u8>,
    ) -> Result<(), Unavailable>;

    /// Forgets what came of `effect`, wherever it was known from: asked for again it is done again, under another key.
    async fn forget(&self, turn: &super::Turn, effect: &Effect) -> Result<(), Unavailable>;
}

/// Clients and the installation's state, as they were when the view was taken.
#[async_trait]
pub trait View: Send + Sync {
    /// The client of this id.
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, Unavailable>;
    /// Clients that match, ordered by id, after `after`, at most `limit`.
    async fn search(
        &self,
        term: &SearchTerm,
        limit: u32,
        after: Option<&ClientId>,
    ) -> Result<Vec<Client>, Unavailable>;
    /// The value of a key of the state.
    async fn state(&self, key: &str) -> Result<Option<Vec<u8>>, Unavailable>;
    /// The keys that start with `prefix`, sorted, each with its value's bytes.
    async fn state_keys(&self, prefix: &str) -> Result<Vec<(String, u64)>, Unavailable>;
}
