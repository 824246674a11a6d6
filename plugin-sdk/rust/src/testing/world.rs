//! What a played host has and remembers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use super::Installed;
use crate::{
    Artifact, Failure,
    clients::Client,
    http::{Error, Request, Response},
    log::Level,
    mail,
};

/// A line that an artifact logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How much it matters.
    pub level: Level,
    /// Its text.
    pub text: String,
}

type Responder = Box<dyn FnMut(&Request) -> Result<Response, Error>>;
type Relay = Box<dyn FnMut(&mail::Message) -> Result<(), mail::Error>>;

/// A played host: every capability granted, no client, no state, nobody who answers, a relay that takes all mail, the clock at 0.
#[derive(Default)]
pub struct World {
    pub(crate) clients: BTreeMap<String, Client>,
    pub(crate) state: BTreeMap<String, Vec<u8>>,
    pub(crate) now: f64,
    pub(crate) denied: BTreeSet<String>,
    pub(crate) requests: Vec<Request>,
    pub(crate) mails: Vec<mail::Message>,
    pub(crate) lines: Vec<Line>,
    /// What was settled under each `once` name in the turn that is open.
    pub(crate) journal: BTreeMap<String, Response>,
    /// The same of mail: the `Message-ID`s, and refusals.
    pub(crate) mailed: BTreeMap<String, Result<String, mail::Error>>,
    responder: Option<Responder>,
    relay: Option<Relay>,
}

impl World {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this client, in the place of one of the same id.
    pub fn client(mut self, client: Client) -> Self {
        self.set_client(client);
        self
    }

    /// With this way to answer requests. Without one every request is [`Error::Unreachable`].
    pub fn respond(
        mut self,
        responder: impl FnMut(&Request) -> Result<Response, Error> + 'static,
    ) -> Self {
        self.set_responder(responder);
        self
    }

    /// With a relay that takes mail this way. Without one all is taken.
    pub fn relay(
        mut self,
        relay: impl FnMut(&mail::Message) -> Result<(), mail::Error> + 'static,
    ) -> Self {
        self.relay = Some(Box::new(relay));
        self
    }

    /// With the grant of this capability (`clients`, `labels`, `http`, `mail`, `state`, `clock`, `log`) missing.
    pub fn deny(mut self, capability: &str) -> Self {
        self.denied.insert(capability.to_owned());
        self
    }

    /// Installs an artifact with these parameters.
    pub fn install<A: Artifact>(
        self,
        parameters: &impl Serialize,
    ) -> Result<Installed<A>, Failure> {
        Installed::new(self, parameters)
    }

    /// Puts a client in, in the place of one of the same id.
    pub fn set_client(&mut self, client: Client) {
        self.clients.insert(client.id.clone(), client);
    }

    /// Answers requests this way from now on.
    pub fn set_responder(
        &mut self,
        responder: impl FnMut(&Request) -> Result<Response, Error> + 'static,
    ) {
        self.responder = Some(Box::new(responder));
    }

    /// The requests that were made so far, in order; those answered out of the journal were not.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// The messages that were handed to the relay so far, in order; those known from the journal were not.
    pub fn mails(&self) -> &[mail::Message] {
        &self.mails
    }

    /// The lines that were logged so far, in order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The labels of a client; none where there is no such client.
    pub fn labels_of(&self, client_id: &str) -> &[String] {
        self.clients
            .get(client_id)
            .map_or(&[], |client| &client.labels)
    }

    /// Why a call of this capability is denied, if it is.
    pub(crate) fn denial(&self, capability: &str) -> Option<String> {
        self.denied
            .contains(capability)
            .then(|| format!("grant `{capability}`"))
    }

    /// Makes a request, or finds it settled.
    pub(crate) fn send(&mut self, request: Request) -> Result<Response, Error> {
        let once = request.once.clone();
        if let Some(settled) = once.as_ref().and_then(|once| self.journal.get(once)) {
            return Ok(settled.clone());
        }
        let outcome = match &mut self.responder {
            Some(respond) => respond(&request),
            None => Err(Error::Unreachable(
                "nobody answers: give testing::World a responder".into(),
            )),
        };
        self.requests.push(request);
        if let (Some(once), Ok(response)) = (once, &outcome)
            && !matches!(response.status, 408 | 425 | 429 | 500..)
        {
            self.journal.insert(once, response.clone());
        }
        outcome
    }

    /// Forgets what settled a request.
    pub(crate) fn forget(&mut self, once: &str) {
        self.journal.remove(once);
    }

    /// Hands a message to the relay, or finds it settled.
    pub(crate) fn mail(&mut self, message: mail::Message) -> Result<String, mail::Error> {
        let once = message.once.clone();
        if let Some(settled) = once.as_ref().and_then(|once| self.mailed.get(once)) {
            return settled.clone();
        }
        let taken = match &mut self.relay {
            Some(relay) => relay(&message),
            None => Ok(()),
        };
        self.mails.push(message);
        let outcome = taken.map(|()| format!("<{}@watchbox.test>", self.mails.len()));
        if let (Some(once), Ok(_) | Err(mail::Error::Refused(_))) = (once, &outcome) {
            self.mailed.insert(once, outcome.clone());
        }
        outcome
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("clients", &self.clients)
            .field("state", &self.state)
            .field("now", &self.now)
            .field("denied", &self.denied)
            .field("requests", &self.requests)
            .field("mails", &self.mails)
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}
