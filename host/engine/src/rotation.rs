//! A new key for the secrets: everything that is sealed is sealed anew under it, and the old key is destroyed.
//!
//! The server can be killed at any point of it; `vault/files.rs` says why.

use watchbox_store::{Sealed, SealedPlace};

use crate::{EngineError, audit::Admin, engine::Inner};

/// What came of a change of the secrets' key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The key that seals now.
    pub key: String,
    /// The one before it.
    pub previous: String,
    /// How many places were sealed anew.
    pub sealed: usize,
    /// The places whose secrets the key could not open: they were given up before, and stay as they are.
    pub left: Vec<String>,
}

impl Inner {
    /// See [`crate::Engine::rotate_key`].
    pub(crate) async fn rotate_key(&self, actor: &str) -> Result<Rotated, EngineError> {
        let _changes = self.changes.lock().await;
        self.check_running()?;
        let sealed = self.store.sealed().await?;
        let previous = self.vault.key();
        let next = self.vault.next_key()?;
        let key = next.id();
        let (mut anew, mut left) = (Vec::new(), Vec::new());
        for old in &sealed {
            match self.vault.reseal(&next, old) {
                Some(resealed) => anew.push(resealed),
                None => left.push(described(old)),
            }
        }
        let audit = Admin::of(actor, "rotate-key").on(format!(
            "the secrets' key {previous} -> {key}: {} places sealed anew",
            anew.len()
        ));
        if let Err(error) = self.store.reseal(anew.clone(), audit.record()).await {
            // It may be on disk all the same. The new key stays beside the old one until that is known: by the next try, or the next start.
            let found = self.store.sealed().await;
            if !found.is_ok_and(|found| next.is_in_use(&found)) {
                return Err(error.into());
            }
        }
        for resealed in &anew {
            self.take_over(resealed);
        }
        self.vault.turn_over(next)?;
        tracing::info!(%previous, %key, sealed = anew.len(), "the secrets' key was changed");
        Ok(Rotated {
            key,
            previous,
            sealed: anew.len(),
            left,
        })
    }

    /// Has the table say what the store now says.
    fn take_over(&self, sealed: &Sealed) {
        let mut table = self.table_mut();
        let Some(entry) = table.get_mut(&sealed.installation) else {
            return;
        };
        match sealed.place {
            SealedPlace::Current => entry.installation.secrets.clone_from(&sealed.bytes),
            SealedPlace::Pending => {
                if let Some(pending) = &mut entry.installation.pending {
                    pending.secrets.clone_from(&sealed.bytes);
                }
            }
            SealedPlace::Version(_) => {}
        }
    }
}

fn described(sealed: &Sealed) -> String {
    let name = &sealed.installation;
    match sealed.place {
        SealedPlace::Current => format!("{name}"),
        SealedPlace::Version(number) => format!("version {number} of {name}"),
        SealedPlace::Pending => format!("the version of {name} that waits"),
    }
}
