//! The client certificates of the connections that are there, looked at anew where it changes whom the server trusts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rustls::pki_types::{CertificateDer, UnixTime};

use super::{files::Trust, identity};
use crate::{auth::Bearer, peer::Certificate};

/// The certificates that connections have shown.
#[derive(Debug)]
pub(super) struct Peers(Mutex<Known>);

#[derive(Debug)]
struct Known {
    /// Whom the server trusts now.
    trust: Trust,
    shown: Vec<Shown>,
    /// How many may be there before those whose connection is gone are looked for.
    room: usize,
}

/// A certificate, and those that lead from it to the CA.
#[derive(Debug)]
struct Shown {
    bearer: Weak<Bearer>,
    chain: Vec<CertificateDer<'static>>,
}

impl Peers {
    /// None yet.
    pub(super) fn new(trust: Trust) -> Self {
        Self(Mutex::new(Known {
            trust,
            shown: Vec::new(),
            room: 64,
        }))
    }

    /// Notes what a connection has shown, its own certificate first. The handshake has checked it by `trust`; where that is not what is trusted
    /// now any more, it is checked once more.
    pub(super) fn enter(&self, chain: &[CertificateDer<'_>], trust: &Trust) -> Certificate {
        let Some(own) = chain.first() else {
            return Certificate::None;
        };
        let bearer = match identity::bearer(own) {
            Ok(bearer) => Arc::new(bearer),
            Err(reason) => return Certificate::Nobodys(reason),
        };
        let shown = Shown {
            bearer: Arc::downgrade(&bearer),
            chain: chain
                .iter()
                .cloned()
                .map(CertificateDer::into_owned)
                .collect(),
        };
        let mut known = self.lock();
        if !Arc::ptr_eq(trust, &known.trust) && !shown.is_good(&known.trust) {
            bearer.end();
        }
        if known.shown.len() >= known.room {
            known.shown.retain(|shown| shown.bearer.strong_count() > 0);
            known.room = (2 * known.shown.len()).max(64);
        }
        known.shown.push(shown);
        Certificate::Of(bearer)
    }

    /// Trusts others from now on. Who is not good by that is at an end, and what is under way with their certificate is cut.
    pub(super) fn trust_in(&self, trust: Trust) {
        let mut known = self.lock();
        known.shown.retain(|shown| match shown.bearer.upgrade() {
            None => false,
            Some(bearer) => {
                let is_good = shown.is_good(&trust);
                if !is_good {
                    tracing::warn!(
                        actor = bearer.actor(),
                        "a client certificate is no longer good"
                    );
                    bearer.end();
                }
                is_good
            }
        });
        known.trust = trust;
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    fn is_good(&self, trust: &Trust) -> bool {
        let Some((own, others)) = self.chain.split_first() else {
            return false;
        };
        trust
            .verify_client_cert(own, others, UnixTime::now())
            .is_ok()
    }
}
