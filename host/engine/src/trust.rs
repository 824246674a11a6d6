//! What is let in: a component whose bytes are those that its digest names, from somebody whom the trust policy lets sign it.
//!
//! Only a [`Vetted`] component can be loaded, and only this file makes one: whatever the door (an install, an upgrade, an approval, a way
//! back, a shadow, a replay, a start of the server), the way to an instance leads through here.

use std::sync::Arc;

use bytes::Bytes;
use watchbox_model::{
    AuditRecord, ComponentSignature, Digest, Name, Time,
    audit::Decision,
    component_signature::Subject,
    trust::{Origin, Untrusted},
};
use watchbox_sandbox::{Component, Inspection, Unchecked};

use crate::{EngineError, audit::Admin, engine::Inner};

/// A signature that is kept, and what the trust policy says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureFacts {
    /// The signature.
    pub signature: ComponentSignature,
    /// When it came.
    pub added: Time,
    /// What the policy calls the key that made it, where it may sign this component.
    pub signer: Option<String>,
}

/// A component that may be loaded.
#[derive(Clone, Debug)]
pub(crate) struct Vetted {
    pub(crate) component: Arc<Component>,
    /// Who stands for it.
    pub(crate) origin: Origin,
}

impl Inner {
    /// Lets a component in, which `actor` wants `name` to run. `signature` is what came with it, beside those that are kept.
    pub(crate) async fn let_in(
        &self,
        name: &Name,
        wanted: Unchecked,
        signature: Option<&ComponentSignature>,
        actor: &str,
    ) -> Result<Vetted, EngineError> {
        let origin = self.origin(name, &wanted, signature, actor).await?;
        let component = self.sandbox.load(wanted).await?;
        Ok(Vetted { component, origin })
    }

    /// Lets the component in that the store has as `digest`, which `actor` wants `name` to run.
    pub(crate) async fn let_in_kept(
        &self,
        name: &Name,
        digest: Digest,
        actor: &str,
    ) -> Result<Vetted, EngineError> {
        let bytes = self.store.component(digest).await?;
        let wanted = unchecked(bytes.ok_or(EngineError::NoComponent(digest))?).await?;
        let found = wanted.digest();
        if found != digest {
            return Err(EngineError::Altered { digest, found });
        }
        self.let_in(name, wanted, None, actor).await
    }

    /// Who stands for a component. It is asked before anything of it is checked or compiled: whether its code is right is seen after that.
    async fn origin(
        &self,
        name: &Name,
        wanted: &Unchecked,
        signature: Option<&ComponentSignature>,
        actor: &str,
    ) -> Result<Origin, EngineError> {
        let Some(policy) = self.config.trust.clone() else {
            return Ok(Origin::Unchecked);
        };
        let digest = wanted.digest();
        let kept = self.store.signatures(digest).await?;
        let signatures: Vec<ComponentSignature> = kept
            .into_iter()
            .map(|(signature, _)| signature)
            .filter(|kept| signature.is_none_or(|given| given.key() != kept.key()))
            .chain(signature.cloned())
            .collect();
        let component = wanted.wasm().clone();
        let looked = match wanted.said().ok().and_then(subject_of) {
            Some(subject) => {
                Some(apart(move || policy.decide(&subject, &component, &signatures)).await?)
            }
            None => None,
        };
        match looked {
            Some(Ok(origin)) => {
                let record = decided(name, digest, actor, &origin.to_string());
                self.store.record(Vec::new(), vec![record]).await?;
                Ok(origin)
            }
            Some(Err(untrusted)) => {
                self.refuse(name, digest, actor, &untrusted).await;
                Err(EngineError::Untrusted(untrusted))
            }
            // It is not compiled to find out what is wrong with it: nobody stands for it.
            None => {
                let untrusted = Untrusted {
                    subject: digest.short(),
                    reason: "it does not say what it is".to_owned(),
                    keys: Vec::new(),
                };
                self.refuse(name, digest, actor, &untrusted).await;
                Err(EngineError::Untrusted(untrusted))
            }
        }
    }

    /// The signatures of a component that is kept.
    pub(crate) async fn signatures(
        &self,
        digest: Digest,
    ) -> Result<Vec<SignatureFacts>, EngineError> {
        let kept = self.store.signatures(digest).await?;
        if kept.is_empty() {
            return Ok(Vec::new());
        }
        let bytes = self.store.component(digest).await?.unwrap_or_default();
        let policy = self.config.trust.clone();
        apart(move || {
            let wanted = Unchecked::new(bytes);
            let (subject, bytes) = (wanted.said().ok().and_then(subject_of), wanted.wasm());
            let signer = |signature: &ComponentSignature| {
                let (policy, subject) = (policy.as_ref()?, subject.as_ref()?);
                let known = policy.check(subject, bytes, signature).ok()??;
                Some(known.to_owned())
            };
            let facts = kept.into_iter().map(|(signature, added)| SignatureFacts {
                signer: signer(&signature),
                signature,
                added,
            });
            facts.collect()
        })
        .await
    }

    /// Keeps a signature of a component that is kept. One that says it is by a key of the trust policy must be.
    pub(crate) async fn keep_signature(
        &self,
        digest: Digest,
        signature: ComponentSignature,
        actor: &str,
    ) -> Result<(), EngineError> {
        let bytes = self.store.component(digest).await?;
        let bytes = bytes.ok_or(EngineError::NoComponent(digest))?;
        let (policy, given) = (self.config.trust.clone(), signature.clone());
        let checked = apart(move || {
            let wanted = Unchecked::new(bytes);
            let subject = wanted.said().ok().and_then(subject_of)?;
            let policy = policy?;
            let known = policy.check(&subject, wanted.wasm(), &given);
            let known = known.map(|name| name.map(str::to_owned));
            Some(known.map_err(|untrusted| (subject.artifact, untrusted)))
        })
        .await?;
        let whose = match checked {
            None | Some(Ok(None)) => "not checked".to_owned(),
            Some(Ok(Some(name))) => format!("by the key `{name}`"),
            Some(Err((artifact, untrusted))) => {
                self.refuse(&artifact, digest, actor, &untrusted).await;
                return Err(EngineError::Untrusted(untrusted));
            }
        };
        let record = signed(digest, &signature, actor, &whose);
        Ok(self.store.put_signature(digest, signature, record).await?)
    }

    /// Writes down that a component is refused. It is refused, whether that can be written down or not.
    async fn refuse(&self, name: &Name, digest: Digest, actor: &str, untrusted: &Untrusted) {
        tracing::warn!(%name, %digest, actor, reason = %untrusted, "a component is refused");
        let record = AuditRecord {
            decision: Decision::Denied,
            outcome: "refused".to_owned(),
            ..Admin::new(actor, "trust", name)
                .on(untrusted.subject.clone())
                .with(digest)
                .because(&untrusted.reason)
                .record()
        };
        if let Err(error) = self.store.record(Vec::new(), vec![record]).await {
            tracing::warn!(%error, "that a component was refused could not be written down");
        }
    }
}

/// The record that a component may be run.
fn decided(name: &Name, digest: Digest, actor: &str, why: &str) -> AuditRecord {
    Admin::new(actor, "trust", name)
        .with(digest)
        .because(why)
        .record()
}

/// The record that a signature is kept.
fn signed(digest: Digest, signature: &ComponentSignature, actor: &str, whose: &str) -> AuditRecord {
    AuditRecord {
        artifact: signature.subject().ok().map(|subject| subject.artifact),
        target: format!("signature by {} of {}", signature.key(), digest.short()),
        reason: whose.to_owned(),
        ..Admin::of(actor, "sign").with(digest).record()
    }
}

/// What a manifest says that its component is.
fn subject_of(inspection: &Inspection) -> Option<Subject> {
    let manifest = inspection.manifest.as_ref()?;
    Some(Subject {
        artifact: manifest.name.clone(),
        version: manifest.version.clone(),
    })
}

/// What came in as these bytes.
pub(crate) async fn unchecked(bytes: Bytes) -> Result<Unchecked, EngineError> {
    apart(move || Unchecked::new(bytes)).await
}

/// Does `work` on a thread of its own: a large component takes a while.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| EngineError::Stopping)
}
