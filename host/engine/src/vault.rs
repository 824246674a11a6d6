//! Where secrets are sealed: XChaCha20-Poly1305 under a key that only the file's owner can read.
//!
//! The installation's name goes in as associated data, so that what was sealed for one can't be
//! moved to another in the database, where its grants might send the secret elsewhere.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use watchbox_model::{Name, Secret};

use crate::EngineError;

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
        let failed = |error: io::Error| {
            EngineError::Key(format!("{} can't be used: {error}", path.display()))
        };
        let key = match fs::read(path) {
            Ok(key) => {
                check_owner_only(path)?;
                key
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(path).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        };
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

/// Makes a key file. It appears under its name only once it is whole and on disk.
fn make(path: &Path) -> io::Result<Vec<u8>> {
    let key: [u8; KEY_BYTES] = rand::random();
    let draft = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(key.to_vec())
}

#[cfg(unix)]
fn check_owner_only(path: &Path) -> Result<(), EngineError> {
    use std::os::unix::fs::PermissionsExt;

    let mode = fs::metadata(path)
        .map_err(|error| EngineError::Key(format!("{}: {error}", path.display())))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(EngineError::Key(format!(
        "{} can be read by others (mode {:03o}): run `chmod 600` on it, and change the secrets if somebody may have seen it",
        path.display(),
        mode & 0o777
    )))
}

#[cfg(not(unix))]
fn check_owner_only(_: &Path) -> Result<(), EngineError> {
    Ok(())
}

#[cfg(test)]
mod tests;
