//! Signs the audit trail now and then, and looks at the start whether it still is what was signed.
//!
//! What was signed last stands beside the key as well: whoever writes the database alone can't take it away with the trail.

use std::path::{Path, PathBuf};

use tokio::sync::Mutex;
use watchbox_model::{
    AuditRecord, Time,
    audit::{Checkpoint, Decision, Entry, Fault, GENESIS, SignedCheckpoint},
    signing::{PublicKey, SigningKey},
};
use watchbox_store::Store;

use crate::{EngineError, key_file, metrics};

/// Whoever signs the trail.
#[derive(Debug)]
pub(crate) struct Notary {
    key: SigningKey,
    /// Where what was signed last stands beside the key.
    anchor: PathBuf,
    /// What was signed last.
    newest: Mutex<Option<Checkpoint>>,
}

impl Notary {
    /// Takes the key out of the file at `path`, which is made where it is missing, and looks whether the trail is what was signed with it. Where it is
    /// not, that is told, counted, and goes on record; the server starts all the same.
    pub(crate) async fn open(path: &Path, store: &dyn Store) -> Result<Self, EngineError> {
        let wrong = |error| EngineError::Key(format!("{}: {error}", path.display()));
        let text = key_file::read_or_make(path, || {
            let key = SigningKey::generate().map_err(wrong)?;
            let text = key.to_text("watchbox: signs the audit trail");
            Ok(text.map_err(wrong)?.into_bytes())
        })?;
        let key = SigningKey::parse(&String::from_utf8_lossy(&text)).map_err(wrong)?;
        let mut checkpoints = store.checkpoints().await?;
        let anchor = key_file::beside(path, ".checkpoint");
        if let Some(kept) = key_file::read(&anchor)? {
            let wrong = |error| EngineError::Key(format!("{}: {error}", anchor.display()));
            let kept: SignedCheckpoint = serde_json::from_slice(&kept).map_err(wrong)?;
            // Put back where it was taken out of the store: what no longer fits it stays there as a proof.
            if !checkpoints.contains(&kept) {
                store.put_checkpoint(kept.clone()).await?;
                checkpoints.push(kept);
            }
        }
        let fault = look(store, key.public(), &checkpoints).await?;
        metrics::trail_is_whole(fault.is_none());
        if let Some(fault) = fault {
            tracing::error!(%fault, "the audit trail is not what was signed: run `watchbox audit verify`");
            store.record(Vec::new(), vec![found(&fault)]).await?;
        }
        let newest = checkpoints.into_iter().next_back();
        Ok(Self {
            key,
            anchor,
            newest: Mutex::new(newest.map(|signed| signed.checkpoint)),
        })
    }

    /// What its signatures are checked with.
    pub(crate) fn key(&self) -> &PublicKey {
        self.key.public()
    }

    /// Signs the trail as it is now, and what of it retention need no longer keep; nothing where that was signed before.
    pub(crate) async fn sign(&self, store: &dyn Store, now: Time) -> Result<(), EngineError> {
        let mut newest = self.newest.lock().await;
        let last = *store.watch_trail().borrow();
        if last == 0 {
            return Ok(());
        }
        let kept = store.trail_kept(now).await?;
        let (first, before) = match &*newest {
            Some(newest) if kept <= newest.first => (newest.first, newest.before),
            None if kept <= 1 => (1, GENESIS),
            _ => (kept, entry(store, kept - 1).await?.hash),
        };
        let is_signed = |it: &Checkpoint| it.last == last && it.first == first;
        if newest.as_ref().is_some_and(is_signed) {
            return Ok(());
        }
        let checkpoint = Checkpoint {
            at: now,
            first,
            before,
            last,
            hash: entry(store, last).await?.hash,
        };
        let signed = checkpoint
            .clone()
            .sign(&self.key)
            .map_err(|error| EngineError::Key(error.to_string()))?;
        // The store first: with it, all records that are signed are on disk.
        store.put_checkpoint(signed.clone()).await?;
        // Whoever keeps the server's log elsewhere has there what no one can change here.
        let signed = serde_json::to_string(&signed).unwrap_or_default();
        key_file::write(&self.anchor, signed.as_bytes())?;
        tracing::info!(last, signed, "the audit trail was signed");
        *newest = Some(checkpoint);
        Ok(())
    }
}

/// Looks for what is signed and not there. (That all between is whole is for `watchbox audit verify` to say, which reads it all.)
async fn look(
    store: &dyn Store,
    key: &PublicKey,
    checkpoints: &[SignedCheckpoint],
) -> Result<Option<Fault>, EngineError> {
    let Some(newest) = checkpoints.last() else {
        return Ok(None);
    };
    let first = newest.checkpoint.first;
    let mut signed_to = first.saturating_sub(1);
    for signed in checkpoints {
        let Checkpoint { last, hash, .. } = signed.checkpoint;
        if let Err(error) = signed.verify(key) {
            let why = error.to_string();
            return Ok(Some(Fault::Forged { last, why }));
        }
        if last < first {
            continue;
        }
        match store.trail(last, 1).await?.pop() {
            Some(entry) if entry.number == last && entry.hash == hash => signed_to = last,
            Some(entry) if entry.number == last => {
                let first = signed_to + 1;
                return Ok(Some(Fault::Replaced { first, last }));
            }
            Some(entry) => {
                let (first, last) = (last, entry.number - 1);
                return Ok(Some(Fault::Missing { first, last }));
            }
            None => {
                let first = *store.watch_trail().borrow() + 1;
                return Ok(Some(Fault::CutOff { first, last }));
            }
        }
    }
    Ok(None)
}

async fn entry(store: &dyn Store, number: u64) -> Result<Entry, EngineError> {
    let found = store.trail(number, 1).await?.pop();
    found
        .filter(|entry| entry.number == number)
        .ok_or(EngineError::NoRecord(number))
}

/// The record of a fault.
fn found(fault: &Fault) -> AuditRecord {
    AuditRecord {
        at: Time::now(),
        actor: "server".to_owned(),
        artifact: None,
        digest: None,
        turn: None,
        capability: "admin".to_owned(),
        operation: "trail.fault".to_owned(),
        target: "the audit trail".to_owned(),
        decision: Decision::Denied,
        reason: "it is not what was signed".to_owned(),
        outcome: fault.to_string(),
        bytes: 0,
        ms: 0.0,
    }
}

#[cfg(test)]
mod tests;
