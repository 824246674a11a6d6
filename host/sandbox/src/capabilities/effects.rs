//! What a turn has done outside of the machine, so that a turn that is tried again does not do it again.
//!
//! Remembered is what is *settled*: an outcome that another try would not change. What is not settled is done again: a turn that retries because a
//! server was busy gets through once it is not, and what the server accepted in the meantime is not sent twice.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{Mutex, MutexGuard};
use watchbox_model::{Capability, Digest, Name};

use crate::{
    TurnFailure,
    gate::Gate,
    guest::Ended,
    host::{Effect, Host, Recalled},
};

/// What is left of the turn when what leaves the machine must be over: enough to write its outcome down.
pub(super) const MARGIN: Duration = Duration::from_millis(200);

/// The longest `once` name, in bytes.
const NAME: usize = 200;

/// What the turn has sent so far. Clones are the same: what is under way writes here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects(Arc<Sent>);

#[derive(Debug, Default)]
struct Sent {
    left_machine: AtomicBool,
    settled: Mutex<Settled>,
}

/// How many effects of each digest are settled.
#[derive(Debug, Default)]
pub(super) struct Settled(HashMap<Digest, u32>);

impl Effects {
    /// Whether anything left the machine, in this try or an earlier one.
    pub(crate) fn left_machine(&self) -> bool {
        self.0.left_machine.load(Ordering::Relaxed)
    }

    /// Something leaves the machine, or left it in an earlier try.
    pub(super) fn leaves_machine(&self) {
        self.0.left_machine.store(true, Ordering::Relaxed);
    }

    /// What is settled. While it is held, nothing else of the turn is sent.
    pub(super) async fn settled(&self) -> MutexGuard<'_, Settled> {
        self.0.settled.lock().await
    }

    /// What is known of an effect; nothing where there is no turn.
    pub(super) async fn recall(
        &self,
        gate: &Gate,
        host: &dyn Host,
        effect: &Effect,
    ) -> Result<Option<Recalled>, Ended> {
        let Some(turn) = &gate.turn else {
            return Ok(None);
        };
        let recalled = host.recall(turn, effect).await?;
        if recalled.outcome.is_some() {
            self.leaves_machine();
        }
        Ok(Some(recalled))
    }
}

/// An outcome as the journal keeps it.
pub(super) fn encode(outcome: &impl Serialize) -> Result<Vec<u8>, Ended> {
    rmp_serde::to_vec(outcome)
        .map_err(|why| Ended(TurnFailure::Host(format!("the journal: {why}"))))
}

/// An outcome that the journal kept.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Ended> {
    rmp_serde::from_slice(bytes).map_err(|why| {
        Ended(TurnFailure::Host(format!(
            "an entry of the journal can't be read: {why}"
        )))
    })
}

/// Writes an outcome down. On a task of its own: once sent, it is to be known, even if the turn is given up meanwhile.
pub(super) async fn keep(
    gate: &Gate,
    host: &Arc<dyn Host>,
    effect: &Effect,
    outcome: &impl Serialize,
) -> Result<(), Ended> {
    let outcome = encode(outcome)?;
    let Some(turn) = gate.turn.clone() else {
        return Ok(());
    };
    let (host, effect) = (host.clone(), effect.clone());
    let kept = tokio::spawn(async move { host.journal(&turn, &effect, outcome).await });
    match kept.await {
        Ok(kept) => Ok(kept?),
        Err(why) => Err(Ended(TurnFailure::Host(format!(
            "the journal failed: {why}"
        )))),
    }
}

impl Settled {
    /// The effect that is asked for: by its `once` name, or else by what it says (`digest`) and how many like it were settled before.
    pub(super) fn asked(
        &self,
        of: Capability,
        once: Option<&str>,
        digest: impl FnOnce() -> Digest,
    ) -> Effect {
        match once {
            Some(name) => Effect::Named(of, name.to_owned()),
            None => {
                let digest = digest();
                let nth = self.0.get(&digest).copied().unwrap_or_default();
                Effect::Alike(digest, nth)
            }
        }
    }

    /// `effect` is settled: the next one like it is another one.
    pub(super) fn settle(&mut self, effect: &Effect) {
        if let Effect::Alike(digest, nth) = effect {
            self.0.insert(*digest, nth + 1);
        }
    }
}

/// What tells a receiver that two requests, or messages, are one: the same on every try, and nowhere else. `key` names the effect within `who`.
pub(super) fn idempotency_key(who: &Name, key: &str) -> String {
    let who = who.as_str();
    let text = format!("{}:{who}{}:{key}", who.len(), key.len());
    Digest::of(text.as_bytes()).to_string()[..32].to_owned()
}

/// Whether a `once` name is one.
pub(super) fn check_name(once: Option<&str>) -> Result<(), String> {
    match once {
        Some(name) if name.is_empty() || name.len() > NAME => Err(format!(
            "a `once` name has 1 to {NAME} bytes, this one has {}",
            name.len()
        )),
        Some(name) if name.chars().any(char::is_control) => {
            Err("a `once` name has no control characters".to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(settled: &Settled, text: &str) -> Effect {
        settled.asked(Capability::Http, None, || Digest::of(text.as_bytes()))
    }

    #[test]
    fn the_same_counts_up_only_when_settled() {
        let mut settled = Settled::default();
        let nth = |effect: &Effect| match effect {
            Effect::Alike(_, nth) => *nth,
            Effect::Named(_, name) => panic!("{name}"),
        };
        let first = alike(&settled, "a");
        assert_eq!(alike(&settled, "a"), first);
        assert_ne!(alike(&settled, "b"), first);
        settled.settle(&first);
        let second = alike(&settled, "a");
        assert_eq!((nth(&first), nth(&second)), (0, 1));
        assert_eq!(nth(&alike(&settled, "b")), 0);
    }

    #[test]
    fn a_name_stands_for_its_effect_and_each_capability_has_its_own() {
        let mut settled = Settled::default();
        let named = |settled: &Settled, of| settled.asked(of, Some("C.1"), || unreachable!());
        let first = named(&settled, Capability::Http);
        settled.settle(&first);
        assert_eq!(named(&settled, Capability::Http), first);
        assert_ne!(named(&settled, Capability::Mail), first);
        assert!(check_name(Some("")).is_err() && check_name(Some(&"x".repeat(201))).is_err());
        assert!(check_name(Some("a\nb")).is_err() && check_name(Some("Grüße")).is_ok());
    }

    #[test]
    fn the_idempotency_key_is_of_the_installation_and_the_effect() {
        let key = |who: &str, key: &str| idempotency_key(&who.parse().unwrap(), key);
        assert_eq!(key("A", "tick@1 told"), key("A", "tick@1 told"));
        assert_ne!(key("A", "tick@1 told"), key("B", "tick@1 told"));
        assert_ne!(key("A", "tick@1 told"), key("A", "tick@2 told"));
        assert_eq!(key("A", "tick@1 told").len(), 32);
    }
}
