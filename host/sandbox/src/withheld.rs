//! A run whose effects are withheld: nothing leaves the machine, and what would have left it is collected.
//!
//! A request, or a message, is decided by the grants as always, and then answered here instead of being sent: its name is not even resolved, so whether
//! the address behind it is one that may be reached is left open. It counts for no pace, so that such a run never takes from what
//! the installation may send a minute.

use std::{
    collections::{HashSet, VecDeque},
    fmt, mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use watchbox_model::{
    Capability,
    grants::{HttpUse, Use},
};

use crate::{
    egress::{Answer, Body, Failure, Mail, Outgoing, Untaken},
    printable,
};

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

/// What one request is answered, where each is told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlayedAnswer {
    /// A response.
    Response {
        /// The status, 100 to 599.
        status: u16,
        /// The headers, their names in lower case.
        headers: Vec<(String, String)>,
        /// The body.
        body: Bytes,
    },
    /// Nobody is reached, for this reason.
    Unreachable(String),
    /// There is no answer in time.
    Timeout,
    /// The address behind the name is one that may not be reached, as this text says.
    Denied(String),
    /// The requests of this minute are spent: there is room for one more after this long.
    Limited(Duration),
}

/// What the mail relay answers, where each message is told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlayedRelay {
    /// It takes the message.
    Taken,
    /// It never will take it, for this reason.
    Refused(String),
    /// It does not take it now.
    Unavailable(String),
    /// The mails of this hour are spent: there is room for one more after this long.
    Limited(Duration),
}

/// A request that would have been made, or a message that would have been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithheldCall {
    /// Method and URL; of a secret URL, the secret's name and where it leads. Of a message `mail to` and its recipients.
    pub target: String,
    /// Bytes of its body, or text.
    pub bytes: u64,
    /// The name that the guest gave the effect.
    pub once: Option<String>,
    /// The request, or message, itself.
    pub effect: WithheldEffect,
}

/// What would have left the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithheldEffect {
    /// A request.
    Request(WithheldRequest),
    /// A message.
    Mail(WithheldMail),
}

/// A message, as it would have been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithheldMail {
    /// Who it is for.
    pub to: Vec<String>,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

/// A request as the guest wrote it: where a secret goes stands its name, as `{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithheldRequest {
    /// Its method.
    pub method: String,
    /// Its URL.
    pub url: String,
    /// Its headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
}

/// What was withheld in a run, and what was used.
#[derive(Default)]
pub struct Withheld {
    answers: Answers,
    relay: Mutex<VecDeque<PlayedRelay>>,
    seen: Mutex<Seen>,
}

/// What requests are answered.
#[derive(Debug)]
enum Answers {
    /// All the same.
    Same(CannedAnswer),
    /// The next one of these each.
    InTurn(Mutex<VecDeque<PlayedAnswer>>),
}

impl Default for Answers {
    fn default() -> Self {
        Self::Same(CannedAnswer::default())
    }
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
            answers: Answers::Same(answer),
            relay: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// Withholds what a run does, and answers its requests with what [`Withheld::play`] is given, one after the other.
    pub fn played() -> Self {
        Self {
            answers: Answers::InTurn(Mutex::default()),
            relay: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// From now on these are the answers, where they come in turn. A request that finds none left reaches nobody.
    pub fn play(&self, answers: impl IntoIterator<Item = PlayedAnswer>) {
        if let Answers::InTurn(waiting) = &self.answers {
            *lock(waiting) = answers.into_iter().collect();
        }
    }

    /// From now on these are the relay's answers, in turn. Where none is left, it takes the message.
    pub fn play_relay(&self, answers: impl IntoIterator<Item = PlayedRelay>) {
        *lock(&self.relay) = answers.into_iter().collect();
    }

    /// The requests and messages since the last time this was asked, in order. One turn can make no more than its limit of calls.
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
            Capability::Clients | Capability::Labels | Capability::Http | Capability::Mail => {}
        }
    }

    /// Answers a request in the place of who it is for.
    pub(crate) fn exchange(&self, request: &Outgoing, limit: u64) -> Result<Answer, Failure> {
        self.saw(Use::Http(http_use(request)));
        self.seen().calls.push(WithheldCall {
            target: printable::line(&request.target(), printable::TARGET),
            bytes: request.body.len() as u64,
            once: request.once.clone(),
            effect: WithheldEffect::Request(request.written()),
        });
        let played = match &self.answers {
            Answers::Same(answer) => PlayedAnswer::Response {
                status: answer.status,
                headers: Vec::new(),
                body: answer.body.clone(),
            },
            Answers::InTurn(waiting) => lock(waiting).pop_front().unwrap_or_else(|| {
                PlayedAnswer::Unreachable("there is no further answer to play".to_owned())
            }),
        };
        let (status, headers, body) = match played {
            PlayedAnswer::Response {
                status,
                headers,
                body,
            } => (status, headers, body),
            PlayedAnswer::Unreachable(why) => return Err(Failure::Unreachable(why)),
            PlayedAnswer::Timeout => return Err(Failure::Timeout),
            PlayedAnswer::Denied(why) => return Err(Failure::Denied(why)),
            PlayedAnswer::Limited(wait) => return Err(Failure::Limited(wait)),
        };
        let location = headers.iter().find(|(name, _)| name == "location");
        Ok(Answer {
            status,
            location: location.map(|(_, value)| value.clone()),
            headers,
            body: if body.len() as u64 > limit {
                Body::TooLarge
            } else {
                Body::Whole(body)
            },
        })
    }

    /// Takes a message in the relay's place.
    pub(crate) fn mail(&self, mail: &Mail) -> Result<(), Untaken> {
        let to: Vec<String> = mail.to.iter().map(ToString::to_string).collect();
        let target = format!("mail to {}", to.join(", "));
        self.seen().calls.push(WithheldCall {
            target: printable::line(&target, printable::TARGET),
            bytes: mail.text.len() as u64,
            once: mail.once.clone(),
            effect: WithheldEffect::Mail(WithheldMail {
                to,
                subject: mail.subject.clone(),
                text: mail.text.clone(),
            }),
        });
        match lock(&self.relay).pop_front() {
            None | Some(PlayedRelay::Taken) => Ok(()),
            Some(PlayedRelay::Refused(why)) => Err(Untaken::Refused(why)),
            Some(PlayedRelay::Unavailable(why)) => Err(Untaken::Unavailable(why)),
            Some(PlayedRelay::Limited(wait)) => Err(Untaken::Limited(wait)),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }
}

/// What a mutex holds: nothing that is done under one of these can leave it half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        has_more_secrets: false,
        is_redirected: false,
        rule: None,
    }
}

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Withheld")
            .field("answers", &self.answers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
