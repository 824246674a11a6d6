//! What is remembered of requests, so that a turn that is tried again does not make them again.
//!
//! Remembered is what is *settled*: an answer that another try would not change. Not settled, and so sent again, are a request that got no
//! answer, and the answers that ask for another try: 408, 425, 429 and every 5xx. A turn that retries because a
//! server was busy gets through once it is not, and what the server accepted in the meantime is not sent twice.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, MutexGuard};
use watchbox_model::{Digest, Name};

use crate::{
    TurnFailure,
    bindings::watchbox::artifact::http::{Error, Request, Response, Text},
    guest::Ended,
    host::Effect,
};

/// The longest `once` name, in bytes.
const NAME: usize = 200;

/// What the turn has sent so far. Clones are the same: a request under way writes here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects(Arc<Sent>);

#[derive(Debug, Default)]
struct Sent {
    left_machine: AtomicBool,
    settled: Mutex<Settled>,
}

/// How many requests of each digest are settled.
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

    /// What is settled. While it is held, no other request of the turn is sent.
    pub(super) async fn settled(&self) -> MutexGuard<'_, Settled> {
        self.0.settled.lock().await
    }
}

impl Settled {
    /// The effect that `request` is: by its `once` name, or else by what it says and how many like it were settled before.
    pub(super) fn asked(&self, request: &Request) -> Effect {
        match &request.once {
            Some(name) => Effect::Named(name.clone()),
            None => {
                let digest = digest(request);
                let nth = self.0.get(&digest).copied().unwrap_or_default();
                Effect::Alike(digest, nth)
            }
        }
    }

    /// `effect` is settled: the next request like it is another one.
    pub(super) fn settle(&mut self, effect: &Effect) {
        if let Effect::Alike(digest, nth) = effect {
            self.0.insert(*digest, nth + 1);
        }
    }
}

/// What tells a server that two requests are one: the same on every try, and nowhere else. `key` names the effect within `who`.
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

/// The request as the guest made it: a secret counts by its name, so that nothing of its value gets into the journal.
fn digest(request: &Request) -> Digest {
    let mut sha = Sha256::new();
    // Each part with its length, so that no two requests run into the same bytes.
    let mut part = |bytes: &[u8]| {
        sha.update((bytes.len() as u64).to_le_bytes());
        sha.update(bytes);
    };
    let mut text = |text: &Text| match text {
        Text::Plain(text) => {
            part(b"plain");
            part(text.as_bytes());
        }
        Text::Secret(secret) => {
            part(b"secret");
            part(secret.parameter.as_bytes());
            part(secret.prefix.as_bytes());
        }
    };
    text(&Text::Plain(request.method.clone()));
    text(&request.url);
    for header in &request.headers {
        text(&Text::Plain(header.name.clone()));
        text(&header.value);
    }
    part(&request.body);
    Digest::of(&sha.finalize())
}

/// Whether another try would change nothing about an answer of this status.
pub(super) fn is_settled(status: u16) -> bool {
    !matches!(status, 408 | 425 | 429 | 500..=599)
}

/// What came of a request that was answered.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    Response {
        status: u16,
        headers: Vec<(String, String)>,
        body: Bytes,
    },
    TooLarge {
        status: u16,
        limit: u32,
    },
}

impl Outcome {
    pub(super) fn is_settled(&self) -> bool {
        match self {
            Self::Response { status, .. } | Self::TooLarge { status, .. } => is_settled(*status),
        }
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, Ended> {
        rmp_serde::to_vec(self)
            .map_err(|why| Ended(TurnFailure::Host(format!("the journal: {why}"))))
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Ended> {
        rmp_serde::from_slice(bytes).map_err(|why| {
            Ended(TurnFailure::Host(format!(
                "an entry of the journal can't be read: {why}"
            )))
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response { status, .. } => write!(f, "status {status}"),
            Self::TooLarge { status, .. } => write!(f, "status {status}, too large"),
        }
    }
}

impl From<Outcome> for Result<Response, Error> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Response {
                status,
                headers,
                body,
            } => Ok(Response {
                status,
                headers,
                body: body.into(),
            }),
            Outcome::TooLarge { limit, .. } => Err(Error::TooLarge(limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::watchbox::artifact::http::Secret;

    fn request(body: &str, once: Option<&str>) -> Request {
        Request {
            method: "POST".to_owned(),
            url: Text::Secret(Secret {
                parameter: "hook".to_owned(),
                prefix: String::new(),
            }),
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            timeout_ms: None,
            once: once.map(str::to_owned),
        }
    }

    #[test]
    fn the_same_request_counts_up_only_when_settled() {
        let mut effects = Settled::default();
        let nth = |effect: &Effect| match effect {
            Effect::Alike(_, nth) => *nth,
            Effect::Named(name) => panic!("{name}"),
        };
        let first = effects.asked(&request("a", None));
        assert_eq!(effects.asked(&request("a", None)), first);
        assert_ne!(effects.asked(&request("b", None)), first);
        effects.settle(&first);
        let second = effects.asked(&request("a", None));
        assert_eq!((nth(&first), nth(&second)), (0, 1));
        assert_eq!(nth(&effects.asked(&request("b", None))), 0);
    }

    #[test]
    fn a_name_stands_for_its_effect_whatever_the_body() {
        let mut effects = Settled::default();
        let first = effects.asked(&request("42 seconds ago", Some("C.1")));
        effects.settle(&first);
        let again = effects.asked(&request("47 seconds ago", Some("C.1")));
        assert_eq!(first, Effect::Named("C.1".to_owned()));
        assert_eq!(again, first);
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

    #[test]
    fn what_asks_for_another_try_is_not_settled() {
        let open: Vec<u16> = (100..600).filter(|status| !is_settled(*status)).collect();
        assert_eq!(open[..3], [408, 425, 429]);
        assert_eq!(open[3..], (500..600).collect::<Vec<u16>>());
    }

    #[test]
    fn outcomes_survive_the_journal() {
        for outcome in [
            Outcome::Response {
                status: 200,
                headers: vec![("a".to_owned(), "b".to_owned())],
                body: Bytes::from_static(b"\xff\x00"),
            },
            Outcome::TooLarge {
                status: 200,
                limit: 7,
            },
        ] {
            assert_eq!(
                Outcome::decode(&outcome.encode().unwrap()).unwrap(),
                outcome
            );
        }
        assert!(Outcome::decode(b"\xc1").is_err());
    }
}
