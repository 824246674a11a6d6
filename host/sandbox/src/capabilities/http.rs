//! Requests that leave the machine: decided before, written down after, and never sent twice where they were accepted once.

mod journal;

use std::time::{Duration, Instant};

use reqwest::header::{HeaderName, HeaderValue};
use watchbox_model::{
    Capability, Grants, Level,
    grants::{Denied, HttpGrant},
};

pub(crate) use journal::Effects;
use journal::Outcome;

use crate::{
    bindings::watchbox::artifact::http::{Error, Host, Request, Response},
    egress::{Answer, Body, Failure, Outgoing},
    guest::{Allowed, Ended, Guest},
    host::Effect,
};

/// The longest that a request may take.
const LONGEST: Duration = Duration::from_secs(30);

/// What is left of the turn when a request must be over: enough to write its outcome down.
const MARGIN: Duration = Duration::from_millis(200);

impl Guest {
    async fn request(&mut self, request: Request) -> Result<Result<Response, Error>, Ended> {
        let call = self.enter(Capability::Http, "send", "")?;
        let read = Outgoing::read(&request, &self.authority.secrets);
        let read = read
            .and_then(|outgoing| journal::check_name(request.once.as_deref()).map(|()| outgoing));
        let mut outgoing = match read {
            Ok(outgoing) => outgoing,
            Err(wrong) => {
                self.deny(
                    call.about("an invalid request"),
                    Denied(format!("invalid: {wrong}")),
                );
                return Ok(Err(Error::InvalidRequest(wrong)));
            }
        };
        let call = call.about(outgoing.target());
        let mut grant = None;
        let decided = self.decide(call, |grants| {
            let found = verdict(grants, &outgoing, &outgoing.secrets())?;
            grant = Some(found.clone());
            Ok(found.to_string())
        });
        let (allowed, grant) = match (decided, grant) {
            (Ok(allowed), Some(grant)) => (allowed, grant),
            (decided, _) => {
                let why = decided.err().unwrap_or_default();
                return Ok(Err(Error::Denied(why)));
            }
        };
        let effect = self.work.http.asked(&request);
        if let Some((key, outcome)) = self.recall(&effect).await? {
            if let Some(outcome) = outcome {
                self.work.http.settled(&effect);
                self.done(allowed, &format!("{outcome}, from the journal"), 0);
                return Ok(outcome.into());
            }
            let key = journal::idempotency_key(&self.authority.installation, &key);
            if !outgoing.reads()
                && let Ok(value) = HeaderValue::from_str(&key)
            {
                outgoing.default_header(HeaderName::from_static("idempotency-key"), value);
            }
        }
        let timeout = request
            .timeout_ms
            .map_or(LONGEST, |ms| Duration::from_millis(ms.into()));
        let deadline = Instant::now()
            + timeout
                .min(LONGEST)
                .min(self.remaining().saturating_sub(MARGIN));
        let outcome = match self.follow(allowed, outgoing, grant, deadline).await {
            Ok(outcome) => outcome,
            Err(error) => return Ok(Err(error)),
        };
        if outcome.is_settled() {
            self.keep(&effect, &outcome).await?;
            self.work.http.settled(&effect);
        }
        Ok(outcome.into())
    }

    /// Sends a request, and what the redirects that are granted make of it, until there is an answer.
    async fn follow(
        &mut self,
        mut allowed: Allowed,
        mut outgoing: Outgoing,
        mut grant: HttpGrant,
        deadline: Instant,
    ) -> Result<Outcome, Error> {
        let redirects = grant.redirects;
        for hop in 0..=redirects {
            let answer = self.hop(allowed, &outgoing, &grant, deadline).await?;
            let next = answer
                .location
                .as_deref()
                .filter(|_| hop < redirects)
                .and_then(|location| outgoing.redirected(answer.status, location));
            let Some(next) = next else {
                return self.outcome(&outgoing, answer);
            };
            let target = format!("{} (redirected)", next.target());
            let call = self.also(Capability::Http, "send", target);
            let mut found = None;
            let decided = self.decide(call, |grants| {
                let grant = verdict(grants, &next, &next.redirected_secrets())?;
                found = Some(grant.clone());
                Ok(grant.to_string())
            });
            (allowed, grant) = match (decided, found) {
                (Ok(allowed), Some(found)) => (allowed, found),
                (decided, _) => {
                    let why = decided.err().unwrap_or_default();
                    return Err(Error::Denied(format!("redirected: {why}")));
                }
            };
            outgoing = next;
        }
        Err(Error::Unreachable("redirected without end".to_owned()))
    }

    /// One request and its answer, paced and written down.
    async fn hop(
        &mut self,
        allowed: Allowed,
        outgoing: &Outgoing,
        grant: &HttpGrant,
        deadline: Instant,
    ) -> Result<Answer, Error> {
        let limits = self.authority.grants().limits.clone();
        let now = Instant::now();
        let paced = self.egress.pace.take(
            &self.authority.installation,
            limits.requests_per_minute,
            now,
        );
        if let Err(wait) = paced {
            self.done(allowed, "limited: its requests of this minute are spent", 0);
            let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
            return Err(Error::Limited(wait.max(1)));
        }
        self.work.http.left_machine = true;
        let timeout = deadline.saturating_duration_since(now);
        let sent = outgoing.body.len() as u64;
        let egress = self.egress.clone();
        match egress
            .exchange(outgoing, grant, limits.response, timeout)
            .await
        {
            Ok(answer) => {
                let (outcome, received) = match &answer.body {
                    Body::Whole(body) => (String::new(), body.len()),
                    Body::TooLarge => (", too large".to_owned(), 0),
                    Body::Broken(body, _) => (", broken off".to_owned(), body.len()),
                };
                let outcome = format!("status {}{outcome}", answer.status);
                self.done(allowed, &outcome, sent + received as u64);
                Ok(answer)
            }
            Err(Failure::Denied(why)) => Err(Error::Denied(self.deny(allowed.call, Denied(why)))),
            Err(Failure::Unreachable(why)) => {
                self.done(allowed, &format!("unreachable: {why}"), sent);
                Err(Error::Unreachable(why))
            }
            Err(Failure::Timeout) => {
                self.done(allowed, "timeout", sent);
                Err(Error::Timeout)
            }
        }
    }

    /// What an answer is to the guest.
    fn outcome(&mut self, outgoing: &Outgoing, answer: Answer) -> Result<Outcome, Error> {
        let Answer {
            status,
            headers,
            body,
            ..
        } = answer;
        let body = match body {
            Body::Whole(body) => body,
            Body::TooLarge => {
                let limit = self.authority.grants().limits.response;
                let limit = u32::try_from(limit).unwrap_or(u32::MAX);
                return Ok(Outcome::TooLarge { status, limit });
            }
            // The server said that it acted: to ask again would make it act again. What was only read can be read again.
            Body::Broken(body, _) if !outgoing.reads() && journal::is_settled(status) => {
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
        };
        Ok(Outcome::Response {
            status,
            headers,
            body,
        })
    }

    /// What names the effect, and what came of it in an earlier try; nothing where there is no turn.
    async fn recall(
        &mut self,
        effect: &Effect,
    ) -> Result<Option<(String, Option<Outcome>)>, Ended> {
        let Some(turn) = &self.work.turn else {
            return Ok(None);
        };
        let recalled = self.host.recall(turn, effect).await?;
        let outcome = recalled.outcome.map(|bytes| Outcome::decode(&bytes));
        let outcome = outcome.transpose()?;
        if outcome.is_some() {
            self.work.http.left_machine = true;
        }
        Ok(Some((recalled.key, outcome)))
    }

    /// Writes the outcome down. On a task of its own: once sent, it is to be known, even if the turn is given up meanwhile.
    async fn keep(&mut self, effect: &Effect, outcome: &Outcome) -> Result<(), Ended> {
        let Some(turn) = self.work.turn.clone() else {
            return Ok(());
        };
        let (host, effect, bytes) = (self.host.clone(), effect.clone(), outcome.encode()?);
        let kept = tokio::spawn(async move { host.journal(&turn, &effect, bytes).await });
        match kept.await {
            Ok(kept) => Ok(kept?),
            Err(why) => Err(Ended(crate::TurnFailure::Host(format!(
                "the journal failed: {why}"
            )))),
        }
    }
}

/// The grant that covers a request. The model's text of a refusal names the whole URL; for a secret one it is said anew.
fn verdict<'g>(
    grants: &'g Grants,
    outgoing: &Outgoing,
    secrets: &[&str],
) -> Result<&'g HttpGrant, Denied> {
    let found = grants.send(outgoing.method.as_str(), &outgoing.url, secrets);
    found.map_err(|why| match &outgoing.url_secret {
        Some(name) => Denied(format!(
            "no http grant covers {}: `{{ method: {}, url: \"{}/*\", secrets: [{name}] }}` in its grants would allow it",
            outgoing.target(),
            outgoing.method,
            outgoing.place()
        )),
        None => Denied(outgoing.scrub.text(&why.0)),
    })
}

impl Host for Guest {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Error>> {
        Ok(self.request(request).await?)
    }
}

#[cfg(test)]
mod tests;
