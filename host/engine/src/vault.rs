//! Where secrets are sealed: XChaCha20-Poly1305 under a key that only the file's owner can read.
//!
//! The installation's name goes in as associated data, so that what was sealed for one can't be
//! moved to another in the database, where its grants might send the secret elsewhere.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use watchbox_model::{Name, Secret};

use crate::{EngineError, key_file};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// The first byte of what is sealed: which form the rest has.
const FORM: u8 = 1;

/// Seals and opens the secrets of installations.
pub(crate) struct Vault {
    cipher: XChaCha20Poly1305,
    path: PathBuf,
}

impl Vault {
    /// Opens the key file at `path`; makes it, for its owner only, where it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, EngineError> {
        let key = key_file::read_or_make(path, || Ok(rand::random::<[u8; KEY_BYTES]>().to_vec()))?;
        let cipher = XChaCha20Poly1305::new_from_slice(&key).map_err(|_| {
            EngineError::Key(format!(
                "{} has {} bytes where a key has {KEY_BYTES}: put the right file back",
                path.display(),
                key.len()
            ))
        })?;
        Ok(Self {
            cipher,
            path: path.to_owned(),
        })
    }

    /// Seals `secrets` for `installation`. No secrets seal to no bytes.
    pub(crate) fn seal(
        &self,
        installation: &Name,
        secrets: &BTreeMap<String, Secret>,
    ) -> Result<Vec<u8>, EngineError> {
        if secrets.is_empty() {
            return Ok(Vec::new());
        }
        let failed = |why: &str| {
            EngineError::Key(format!(
                "the secrets of `{installation}` can't be sealed: {why}"
            ))
        };
        let revealed: BTreeMap<&str, &str> = secrets
            .iter()
            .map(|(name, secret)| (name.as_str(), secret.reveal()))
            .collect();
        let plain =
            serde_json::to_vec(&revealed).map_err(|_| failed("they can't be written down"))?;
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let sealed = self
            .cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: &plain,
                    aad: installation.as_str().as_bytes(),
                },
            )
            .map_err(|_| failed("they are too large"))?;
        let mut out = Vec::with_capacity(1 + NONCE_BYTES + sealed.len());
        out.push(FORM);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what [`Vault::seal`] sealed for the same installation.
    pub(crate) fn unseal(
        &self,
        installation: &Name,
        sealed: &[u8],
    ) -> Result<BTreeMap<String, Secret>, EngineError> {
        if sealed.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.opened(installation, sealed)
            .map(|secrets| {
                secrets
                    .into_iter()
                    .map(|(name, value)| (name, Secret::new(value)))
                    .collect()
            })
            .ok_or_else(|| {
                EngineError::Key(format!(
                    "{} does not open the secrets of `{installation}`: put the key back that sealed them, or give the secrets again",
                    self.path.display()
                ))
            })
    }

    fn opened(&self, installation: &Name, sealed: &[u8]) -> Option<BTreeMap<String, String>> {
        let (&FORM, rest) = sealed.split_first()? else {
            return None;
        };
        let (nonce, cipher_text) = rest.split_first_chunk::<NONCE_BYTES>()?;
        let plain = self
            .cipher
            .decrypt(
                &XNonce::from(*nonce),
                Payload {
                    msg: cipher_text,
                    aad: installation.as_str().as_bytes(),
                },
            )
            .ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("path", &self.path).finish()
    }
}

#[cfg(test)]
mod tests;
