//! Requests that leave the machine: decided before, written down after, and never sent twice where they were accepted once.
//!
//! There are two ways to ask for one, the contract's `http` and the standard's `wasi:http`; both make an [`Errand`] of it.

mod errand;
mod outcome;
mod wasi;

use std::time::{Duration, Instant};

use errand::{Errand, Way};
pub(crate) use wasi::{HANDLER, UnderWay, WasiHttp, link_handler};
use watchbox_model::{
    Capability,
    grants::{Denied, Reach},
};

use crate::{
    bindings::watchbox::artifact::http::{Error, Host, Request, Response},
    capabilities::effects::{MARGIN, check_name},
    egress::Outgoing,
    gate::Call,
    guest::{Ended, Guest},
    host::Effect,
};

/// The longest that a request may take.
const LONGEST: Duration = Duration::from_secs(30);

impl Guest {
    /// Makes an errand of what `call` asks for, if it is allowed.
    fn errand(&mut self, call: Call, request: Request) -> Result<Errand, Error> {
        let read = Outgoing::read(&request, &self.gate.authority.secrets);
        let read = read.and_then(|outgoing| check_name(request.once.as_deref()).map(|()| outgoing));
        let outgoing = match read {
            Ok(outgoing) => outgoing,
            Err(wrong) => {
                self.deny(
                    call.about("an invalid request"),
                    Denied(format!("invalid: {wrong}")),
                );
                return Err(Error::InvalidRequest(wrong));
            }
        };
        let call = call.about(outgoing.target());
        let (mut reach, mut said) = (Reach::default(), None);
        let decided = self.decide(call, |grants| {
            errand::verdict(grants, &outgoing, &outgoing.secrets(), &mut reach).map_err(|why| {
                let clean = outgoing.clean(&why.0);
                said = Some(why.0);
                Denied(clean)
            })
        });
        let allowed = match decided {
            Ok(allowed) => allowed,
            // What the guest wrote itself comes back as it wrote it: by what is missing it could tell what a secret is.
            Err(why) => return Err(Error::Denied(said.unwrap_or(why))),
        };
        let timeout = request
            .timeout_ms
            .map_or(LONGEST, |ms| Duration::from_millis(ms.into()));
        let timeout = timeout
            .min(LONGEST)
            .min(self.remaining().saturating_sub(MARGIN));
        Ok(Errand {
            way: Way {
                gate: self.gate.clone(),
                host: self.host.clone(),
                lines: self.lines.clone(),
                effects: self.work.effects.clone(),
                deadline: Instant::now() + timeout,
            },
            request,
            outgoing,
            allowed,
            reach,
        })
    }
}

impl Host for Guest {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Error>> {
        let call = self.enter(Capability::Http, "send", "")?;
        let errand = match self.errand(call, request) {
            Ok(errand) => errand,
            Err(error) => return Ok(Err(error)),
        };
        let answer = errand.run().await;
        self.leave();
        Ok(answer?)
    }

    async fn forget(&mut self, once: String) -> wasmtime::Result<()> {
        let call = self.enter(Capability::Http, "forget", "")?;
        if let Err(wrong) = check_name(Some(&once)) {
            self.deny(
                call.about("an invalid name"),
                Denied(format!("invalid: {wrong}")),
            );
            return Ok(());
        }
        let call = call.about(&once);
        // Where something may be sent, what came of it is the artifact's own.
        let decided = self.decide(call, |grants| match &grants.http[..] {
            [] => Err(Denied(
                "`http` is not granted: a rule in its grants would allow it".to_owned(),
            )),
            _ => Ok("its own requests".to_owned()),
        });
        let Ok(allowed) = decided else {
            return Ok(());
        };
        if let Some(turn) = self.gate.turn.clone() {
            // Nothing of the turn is sent meanwhile, whose outcome would be written down after.
            let effects = self.work.effects.clone();
            let _held = effects.settled().await;
            let effect = Effect::Named(Capability::Http, once);
            self.host
                .forget(&turn, &effect)
                .await
                .map_err(Ended::from)?;
        }
        self.done(allowed, "ok", 0);
        Ok(())
    }
}

#[cfg(test)]
mod bypasses;
#[cfg(test)]
mod faithful;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use wasi::tests::handle_get;
