//! A request that may go: sent, followed where it is led, and what came of it written down.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use reqwest::header::{HeaderName, HeaderValue};
use watchbox_model::{
    Capability, Grants, Level,
    grants::{Denied, Reach},
};

use super::outcome::{self, Outcome};
use crate::{
    bindings::watchbox::artifact::http::{Error, Request, Response},
    capabilities::effects::{self, Effects},
    egress::{Answer, Body, Failure, Outgoing},
    gate::{Allowed, Call, Gate, Ruling},
    guest::Ended,
    host::{Effect, Host},
    lines::Lines,
};

/// A request that a grant covers. It needs nothing more of the instance, so that it can be seen through while the guest goes on.
pub(super) struct Errand {
    pub(super) way: Way,
    /// As the guest asked for it.
    pub(super) request: Request,
    /// As it is sent.
    pub(super) outgoing: Outgoing,
    pub(super) allowed: Allowed,
    /// How far it may go.
    pub(super) reach: Reach,
}

/// What a request needs on its way.
pub(super) struct Way {
    pub(super) gate: Gate,
    pub(super) host: Arc<dyn Host>,
    pub(super) lines: Lines,
    pub(super) effects: Effects,
    /// When it must be over.
    pub(super) deadline: Instant,
}

impl Errand {
    /// The same with this body, which came after it was decided.
    pub(super) fn with_body(mut self, body: Bytes) -> Self {
        self.request.body = body.to_vec();
        self.outgoing.body = body;
        self
    }

    /// Writes down that it is not sent after all. Gives the text for the guest.
    pub(super) fn refuse(self, why: String) -> String {
        self.way.gate.deny(self.allowed.call, Denied(why))
    }

    /// Writes down that the guest gave it up before it was sent.
    pub(super) fn give_up(self, outcome: &str) {
        self.way.gate.done(self.allowed, outcome, 0);
    }

    /// Does it, unless it was done before.
    pub(super) async fn run(self) -> Result<Result<Response, Error>, Ended> {
        let limit = self.way.gate.authority.grants().limits.request;
        if self.outgoing.body.len() as u64 > limit {
            return Ok(Err(Error::Denied(self.refuse(too_large(limit)))));
        }
        let Self {
            way,
            request,
            mut outgoing,
            allowed,
            reach,
        } = self;
        // One at a time: which effect this is follows from what is settled before it.
        let effects = way.effects.clone();
        let mut settled = effects.settled().await;
        let once = request.once.as_deref();
        let effect = settled.asked(Capability::Http, once, || outcome::digest(&request));
        if let Some((key, outcome)) = way.recall(&effect).await? {
            if let Some(outcome) = outcome {
                settled.settle(&effect);
                let told = format!("{outcome}, from the journal");
                way.gate.done(allowed, &told, 0);
                return Ok(outcome.into());
            }
            let key = effects::idempotency_key(&way.gate.authority.installation, &key);
            if !outgoing.reads()
                && let Ok(value) = HeaderValue::from_str(&key)
            {
                outgoing.default_header(HeaderName::from_static("idempotency-key"), value);
            }
        }
        let outcome = match way.follow(allowed, outgoing, reach).await {
            Ok(outcome) => outcome,
            Err(error) => return Ok(Err(error)),
        };
        if outcome.is_settled() {
            way.keep(&effect, &outcome).await?;
            settled.settle(&effect);
        }
        Ok(outcome.into())
    }
}

impl Way {
    /// Sends a request, and what the redirects that are granted make of it, until there is an answer.
    async fn follow(
        &self,
        mut allowed: Allowed,
        mut outgoing: Outgoing,
        mut reach: Reach,
    ) -> Result<Outcome, Error> {
        let redirects = reach.redirects;
        for hop in 0..=redirects {
            let answer = self.hop(allowed, &outgoing, &reach).await?;
            let next = answer
                .location
                .as_deref()
                .filter(|_| hop < redirects)
                .and_then(|location| outgoing.redirected(answer.status, location));
            let Some(next) = next else {
                return self.outcome(&outgoing, answer);
            };
            let target = format!("{} (redirected)", next.target());
            let call = Call::new(Capability::Http, "send", target);
            let decided = self.gate.decide(call, |grants| {
                verdict(grants, &next, &next.redirected_secrets(), &mut reach)
                    .map_err(|why| Denied(next.clean(&why.0)))
            });
            allowed = match decided {
                Ok(allowed) => allowed,
                Err(why) => return Err(Error::Denied(format!("redirected: {why}"))),
            };
            outgoing = next;
        }
        Err(Error::Unreachable("redirected without end".to_owned()))
    }

    /// One request and its answer, paced and written down.
    async fn hop(
        &self,
        allowed: Allowed,
        outgoing: &Outgoing,
        reach: &Reach,
    ) -> Result<Answer, Error> {
        let Gate {
            authority, egress, ..
        } = &self.gate;
        let limits = authority.grants().limits.clone();
        let now = Instant::now();
        if now >= self.deadline {
            self.gate.done(allowed, "timeout, before it was sent", 0);
            return Err(Error::Timeout);
        }
        let paced = egress
            .pace
            .take(&authority.installation, limits.requests_per_minute, now);
        if let Err(wait) = paced {
            return Err(self.too_soon(allowed, wait));
        }
        self.effects.leaves_machine();
        let timeout = self.deadline.saturating_duration_since(now);
        let sent = outgoing.body.len() as u64;
        match egress
            .exchange(outgoing, reach, limits.response, timeout)
            .await
        {
            Ok(answer) => {
                let (outcome, received) = match &answer.body {
                    Body::Whole(body) => (String::new(), body.len()),
                    Body::TooLarge => (", too large".to_owned(), 0),
                    Body::Compressed => (", compressed: its body is left out".to_owned(), 0),
                    Body::Broken(body, _) => (", broken off".to_owned(), body.len()),
                };
                let outcome = format!("status {}{outcome}", answer.status);
                self.gate.done(allowed, &outcome, sent + received as u64);
                Ok(answer)
            }
            Err(Failure::Denied(why)) => {
                Err(Error::Denied(self.gate.deny(allowed.call, Denied(why))))
            }
            Err(Failure::Unreachable(why)) => {
                self.gate
                    .done(allowed, &format!("unreachable: {why}"), sent);
                Err(Error::Unreachable(why))
            }
            Err(Failure::Timeout) => {
                self.gate.done(allowed, "timeout", sent);
                Err(Error::Timeout)
            }
            Err(Failure::Limited(wait)) => Err(self.too_soon(allowed, wait)),
        }
    }

    /// A request that is not made, since there is no room for it before `wait` has passed.
    fn too_soon(&self, allowed: Allowed, wait: Duration) -> Error {
        let told = "limited: its requests of this minute are spent";
        self.gate.done(allowed, told, 0);
        let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        Error::Limited(wait.max(1))
    }

    /// What an answer is to the guest.
    fn outcome(&self, outgoing: &Outgoing, answer: Answer) -> Result<Outcome, Error> {
        let Answer {
            status,
            headers,
            body,
            ..
        } = answer;
        let body = match body {
            Body::Whole(body) => body,
            Body::TooLarge => {
                let limit = self.gate.authority.grants().limits.response;
                let limit = u32::try_from(limit).unwrap_or(u32::MAX);
                return Ok(Outcome::TooLarge { status, limit });
            }
            Body::Compressed => {
                let text = format!(
                    "the answer to {} is compressed, though that was not asked for, and can't be cleaned of secrets: its body is left out",
                    outgoing.target()
                );
                self.lines.host(Level::Warn, text);
                Bytes::new()
            }
            // The server said that it acted: to ask again would make it act again. What was only read can be read again.
            Body::Broken(body, _) if !outgoing.reads() && outcome::is_settled(status) => {
                let text = format!(
                    "the answer to {} (status {status}) broke off",
                    outgoing.target()
                );
                self.lines.host(Level::Warn, text);
                body
            }
            Body::Broken(_, Failure::Timeout) => return Err(Error::Timeout),
            Body::Broken(_, Failure::Denied(why) | Failure::Unreachable(why)) => {
                return Err(Error::Unreachable(why));
            }
            // A body is read of what was let through.
            Body::Broken(_, Failure::Limited(_)) => return Err(Error::Timeout),
        };
        Ok(Outcome::Response {
            status,
            headers,
            body,
        })
    }

    /// What names the effect, and what came of it in an earlier try; nothing where there is no turn.
    async fn recall(&self, effect: &Effect) -> Result<Option<(String, Option<Outcome>)>, Ended> {
        let recalled = self.effects.recall(&self.gate, &*self.host, effect).await?;
        let Some(recalled) = recalled else {
            return Ok(None);
        };
        let outcome = recalled.outcome.map(|bytes| effects::decode(&bytes));
        Ok(Some((recalled.key, outcome.transpose()?)))
    }

    /// Writes the outcome down.
    async fn keep(&self, effect: &Effect, outcome: &Outcome) -> Result<(), Ended> {
        effects::keep(&self.gate, &self.host, effect, outcome).await
    }
}

/// Why a body is not sent that is larger than `limit`.
pub(super) fn too_large(limit: u64) -> String {
    format!(
        "its body has more than the {limit} bytes that are allowed; `limits.request` in its grants raises that"
    )
}

/// The rule that allows a request, and how far the request may then go. The model's text of a refusal names the whole URL; for a secret one it is said anew.
pub(super) fn verdict(
    grants: &Grants,
    outgoing: &Outgoing,
    secrets: &[&str],
    reach: &mut Reach,
) -> Ruling {
    let (method, url) = (outgoing.method.as_str(), &outgoing.url);
    let found = grants.send(method, url, secrets).map(ToString::to_string);
    if found.is_ok() {
        *reach = grants.reach(method, url, secrets);
    }
    found.map_err(|why| match &outgoing.url_secret {
        Some(_) => Denied(format!(
            "no http grant covers {}: `{{ method: {}, url: \"{}/*\", secrets: [{}] }}` in its grants would allow it",
            outgoing.target(),
            outgoing.method,
            outgoing.place(),
            secrets.join(", ")
        )),
        None => why,
    })
}
