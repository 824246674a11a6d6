//! A run whose effects are withheld: nothing leaves the machine, and what would have left it is collected.
//!
//! A request is decided by the grants as always, and then answered here instead of being sent: its name is not even resolved, so whether
//! the address behind it is one that may be reached is left open. It counts for no pace, so that such a run never takes from what
//! the installation may send a minute.

use std::{
    collections::HashSet,
    fmt, mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use watchbox_model::{
    Capability,
    grants::{HttpUse, Use},
};

use crate::egress::{Answer, Body, Outgoing};

/// The most different uses that are kept.
const USES: usize = 10_000;

/// What every request is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannedAnswer {
    /// The status, 100 to 599.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

impl Default for CannedAnswer {
    /// `200`, `ok`: what Slack answers to a message that it accepts.
    fn default() -> Self {
        Self {
            status: 200,
            body: Bytes::from_static(b"ok"),
        }
    }
}

/// A request that would have been made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithheldCall {
    /// Method and URL; of a secret URL, the secret's name and where it leads.
    pub target: String,
    /// Bytes of its body.
    pub bytes: u64,
    /// The name that the guest gave the effect.
    pub once: Option<String>,
}

/// What was withheld in a run, and what was used.
#[derive(Default)]
pub struct Withheld {
    answer: CannedAnswer,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    calls: Vec<WithheldCall>,
    uses: HashSet<Use>,
    /// The most bytes that the state had, if it was used.
    state: Option<u64>,
    is_full: bool,
}

impl Withheld {
    /// Withholds what a run does, and answers its requests with `answer`.
    pub fn new(answer: CannedAnswer) -> Self {
        Self {
            answer,
            seen: Mutex::default(),
        }
    }

    /// The requests since the last time this was asked, in order. One turn can make no more than its limit of calls.
    pub fn take_calls(&self) -> Vec<WithheldCall> {
        mem::take(&mut self.seen().calls)
    }

    /// What was used, each once; and whether that is all of it, or there was too much to keep.
    pub fn uses(&self) -> (Vec<Use>, bool) {
        let seen = self.seen();
        let mut uses: Vec<Use> = seen.uses.iter().cloned().collect();
        uses.extend(seen.state.map(|bytes| Use::State { bytes }));
        (uses, !seen.is_full)
    }

    /// A use that was allowed.
    pub(crate) fn saw(&self, one: Use) {
        let mut seen = self.seen();
        match one {
            Use::State { bytes } => seen.state = seen.state.max(Some(bytes)),
            one if seen.uses.contains(&one) => {}
            _ if seen.uses.len() >= USES => seen.is_full = true,
            one => _ = seen.uses.insert(one),
        }
    }

    /// A capability that is granted as a whole was used.
    pub(crate) fn saw_whole(&self, capability: Capability) {
        match capability {
            Capability::State => self.saw(Use::State { bytes: 0 }),
            Capability::Log => self.saw(Use::Log),
            Capability::Clock => self.saw(Use::Clock),
            // Of these, what was used is more than that they were.
            Capability::Clients | Capability::Labels | Capability::Http => {}
        }
    }

    /// Answers a request in the place of who it is for.
    pub(crate) fn exchange(&self, request: &Outgoing, limit: u64) -> Answer {
        self.saw(Use::Http(http_use(request)));
        self.seen().calls.push(WithheldCall {
            target: crate::printable::line(&request.target(), crate::printable::TARGET),
            bytes: request.body.len() as u64,
            once: request.once.clone(),
        });
        let body = self.answer.body.clone();
        Answer {
            status: self.answer.status,
            headers: Vec::new(),
            body: if body.len() as u64 > limit {
                Body::TooLarge
            } else {
                Body::Whole(body)
            },
            location: None,
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request as a grant sees it, without what is secret of it.
fn http_use(request: &Outgoing) -> HttpUse {
    let mut url = request.url.clone();
    let is_cut = request.url_secret.is_some() || request.scrub.text(url.as_str()) != url.as_str();
    if is_cut {
        url.set_path("/");
    }
    url.set_query(None);
    HttpUse {
        method: request.method.to_string(),
        url,
        is_cut,
        secrets: request.secrets().into_iter().map(str::to_owned).collect(),
    }
}

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Withheld")
            .field("answer", &self.answer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
