//! Where secrets are sealed: XChaCha20-Poly1305 under a key that only the file's owner can read.
//!
//! Each seal names its key, so that it can be told what is missing, and whether a change of keys was done or only begun. That name and the
//! installation's go in as associated data: what was sealed for one installation can't be moved to another in the database, where its
//! grants might send the secret elsewhere. What holds a key or an open secret is overwritten when it is let go of.

mod files;
mod kept;
mod key;

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use watchbox_model::Name;
use watchbox_store::Sealed;
use zeroize::Zeroizing;

use crate::EngineError;
use files::KeyFiles;
pub(crate) use kept::{KeptSecrets, Stamp};
use key::{ID_BYTES, Key, KeyId};

const NONCE_BYTES: usize = 24;
/// The first byte of what is sealed: which form the rest has. This one has no key's name, and JSON in it; it is read still.
const OLD_FORM: u8 = 1;
/// Key's name, nonce, and what `kept.rs` writes.
const FORM: u8 = 2;

/// Seals and opens the secrets of installations.
pub(crate) struct Vault {
    file: KeyFiles,
    /// The key that seals first; behind it, while keys are changed, the one that takes its place.
    keys: RwLock<Vec<Arc<Key>>>,
}

impl Vault {
    /// Opens the key file at `path`; makes it, for its owner only, where it is missing. Where a change of keys was begun and not done, what
    /// is `sealed` says which of the two keys it is.
    pub(crate) fn open(path: &Path, sealed: &[Sealed]) -> Result<Self, EngineError> {
        let file = KeyFiles::at(path);
        let mut keys = Vec::new();
        match (file.read()?, file.read_next()?) {
            (Some(key), None) => keys.push(key),
            (Some(key), Some(next)) if !is_in_use(&next, sealed) => {
                tracing::warn!(key = %key.id(), "a change of the secrets' key was begun and not done: the key stays");
                file.drop_next();
                keys.push(key);
            }
            (key, Some(next)) => {
                tracing::warn!(key = %next.id(), "the secrets' key was changed, and its file is put in place now");
                keys.push(next);
                if let Err(error) = file.replace() {
                    tracing::error!(%error, "the new key's file could not be put in place: it is tried again at the next start");
                    keys.extend(key);
                }
            }
            (None, None) => {
                if !sealed.is_empty() {
                    tracing::error!(
                        file = %file.path().display(), sealed = sealed.len(),
                        "the secrets' key is missing: put it back, or give the secrets again; a new key is made"
                    );
                }
                keys.push(file.make()?);
            }
        }
        Ok(Self {
            file,
            keys: RwLock::new(keys.into_iter().map(Arc::new).collect()),
        })
    }

    /// Seals `secrets` for `installation`. No secrets seal to no bytes.
    pub(crate) fn seal(
        &self,
        installation: &Name,
        secrets: &KeptSecrets,
    ) -> Result<Vec<u8>, EngineError> {
        match self.keys().first() {
            Some(key) => seal(key, installation, secrets),
            None => Err(EngineError::Key("there is none".to_owned())),
        }
    }

    /// Opens what [`Vault::seal`] sealed for the same installation.
    pub(crate) fn unseal(
        &self,
        installation: &Name,
        sealed: &[u8],
    ) -> Result<KeptSecrets, EngineError> {
        if sealed.is_empty() {
            return Ok(KeptSecrets::default());
        }
        let keys = self.keys();
        let opened = match sealed_under(sealed) {
            Some(id) => keys.iter().find(|key| key.id() == id),
            None => keys.first(),
        }
        .and_then(|key| open(key, installation, sealed));
        opened.ok_or_else(|| {
            let file = self.file.path().display();
            let whose = match (sealed_under(sealed), keys.first()) {
                (Some(id), Some(key)) if key.id() != id => {
                    format!("{file} is the key {}, and the secrets of `{installation}` are sealed under {id}", key.id())
                }
                _ => format!("{file} does not open the secrets of `{installation}`"),
            };
            EngineError::Key(format!(
                "{whose}: put the key back that sealed them, or give the secrets again"
            ))
        })
    }

    /// Which key seals.
    pub(crate) fn key(&self) -> String {
        self.keys()
            .first()
            .map_or_else(String::new, |key| key.id().to_string())
    }

    /// The key that is to take this one's place: on disk beside it when this returns. One that was left there is taken, for something may
    /// have been sealed under it after all.
    pub(crate) fn next_key(&self) -> Result<NextKey, EngineError> {
        let next = match self.file.read_next()? {
            Some(next) => next,
            None => self.file.make_next()?,
        };
        let next = Arc::new(next);
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.truncate(1);
        keys.push(Arc::clone(&next));
        Ok(NextKey(next))
    }

    /// Opens what was sealed for `installation`, and seals it under `next`; nothing, where it can't be opened.
    pub(crate) fn reseal(&self, next: &NextKey, sealed: &Sealed) -> Option<Sealed> {
        if next.has_sealed(&sealed.bytes) {
            return Some(sealed.clone());
        }
        let keys = self.keys();
        let old = keys.first()?;
        let secrets = open(old, &sealed.installation, &sealed.bytes)?;
        Some(Sealed {
            bytes: seal(&next.0, &sealed.installation, &secrets).ok()?,
            ..sealed.clone()
        })
    }

    /// From now on `next` seals, and nothing else opens. The error is that its file could not be put in place: a start of the server does that.
    pub(crate) fn turn_over(&self, next: NextKey) -> Result<(), EngineError> {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = vec![next.0];
        self.file.replace()
    }

    fn keys(&self) -> Vec<Arc<Key>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.clone()
    }
}

/// A key that is to take the place of the one that seals.
pub(crate) struct NextKey(Arc<Key>);

impl NextKey {
    /// Which.
    pub(crate) fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// Whether something of what is kept is sealed under it.
    pub(crate) fn is_in_use(&self, sealed: &[Sealed]) -> bool {
        is_in_use(&self.0, sealed)
    }

    fn has_sealed(&self, sealed: &[u8]) -> bool {
        sealed_under(sealed) == Some(self.0.id())
    }
}

fn is_in_use(key: &Key, sealed: &[Sealed]) -> bool {
    sealed
        .iter()
        .any(|sealed| sealed_under(&sealed.bytes) == Some(key.id()))
}

/// Which key sealed it, where that is written there.
fn sealed_under(sealed: &[u8]) -> Option<KeyId> {
    let (&FORM, rest) = sealed.split_first()? else {
        return None;
    };
    rest.first_chunk::<ID_BYTES>().copied().map(KeyId)
}

/// What is bound in with the secrets: form, key and installation.
fn bound_in(head: &[u8], installation: &Name) -> Vec<u8> {
    [head, installation.as_str().as_bytes()].concat()
}

fn seal(key: &Key, installation: &Name, secrets: &KeptSecrets) -> Result<Vec<u8>, EngineError> {
    if secrets.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |why: &str| {
        EngineError::Key(format!(
            "the secrets of `{installation}` can't be sealed: {why}"
        ))
    };
    let plain = secrets
        .write()
        .ok_or_else(|| failed("they can't be written down"))?;
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let mut out = vec![FORM];
    out.extend_from_slice(&key.id().0);
    let sealed = XChaCha20Poly1305::new(key.bytes().into())
        .encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: &plain,
                aad: &bound_in(&out, installation),
            },
        )
        .map_err(|_| failed("they are too large"))?;
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

fn open(key: &Key, installation: &Name, sealed: &[u8]) -> Option<KeptSecrets> {
    let form = *sealed.first()?;
    let (head, aad) = match form {
        OLD_FORM => (1, installation.as_str().as_bytes().to_vec()),
        FORM => {
            let head = sealed.get(..1 + ID_BYTES)?;
            (head.len(), bound_in(head, installation))
        }
        _ => return None,
    };
    let (nonce, cipher_text) = sealed.get(head..)?.split_first_chunk::<NONCE_BYTES>()?;
    let plain = XChaCha20Poly1305::new(key.bytes().into())
        .decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: cipher_text,
                aad: &aad,
            },
        )
        .map(Zeroizing::new)
        .ok()?;
    if form == OLD_FORM {
        KeptSecrets::read_old(&plain)
    } else {
        KeptSecrets::read(&plain)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("file", self.file.path())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
