//! The first token: an admin's, made when the server starts with an empty store.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use watchbox_model::{AuditRecord, Time, audit::Decision};
use watchbox_store::{Store, StoreError, Token};

use super::{
    Access,
    token::{self, NoRandomness, TokenText},
};
use crate::api::types::Role;

/// The file in the data folder that holds the admin token.
pub const FILE: &str = "admin.token";

/// Why there is no admin token.
#[derive(Debug, thiserror::Error)]
pub enum AdminTokenError {
    /// The file can't be written or read.
    #[error("the admin token's file {path}: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is there and holds something else.
    #[error("{0} holds no token: remove it, and a new one is made at the next start")]
    Malformed(PathBuf),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no chance to be had.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// Makes the admin token where the store has no token at all, and writes it to its file, for its owner only.
///
/// The file comes first: a start that dies between the two finds it at the next one and takes it as it is. It is never overwritten.
pub async fn ensure(store: &dyn Store, data: &Path) -> Result<(), AdminTokenError> {
    if !store.tokens().await?.is_empty() {
        return Ok(());
    }
    let path = data.join(FILE);
    let failed = |error| AdminTokenError::File {
        path: path.clone(),
        error,
    };
    let made = TokenText::generate()?;
    let hash = match create(&path, made.reveal()) {
        Ok(()) => token::hash(made.reveal()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            token::hash(fs::read_to_string(&path).map_err(failed)?.trim())
        }
        Err(error) => return Err(failed(error)),
    };
    let record = Token {
        name: "admin".to_owned(),
        role: Access::of(Role::Admin).to_string(),
        hash: hash.ok_or_else(|| AdminTokenError::Malformed(path.clone()))?,
        former: None,
        created: Time::now(),
        expires: None,
        last_used: None,
    };
    store.put_token(record, first_start()).await?;
    tracing::info!(file = %path.display(), "the admin token was made");
    Ok(())
}

/// Writes the file and its folder's entry through to the disk.
fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    path.parent()
        .map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

fn first_start() -> AuditRecord {
    AuditRecord {
        at: Time::now(),
        actor: "server".to_owned(),
        artifact: None,
        digest: None,
        turn: None,
        capability: "admin".to_owned(),
        operation: "create-token".to_owned(),
        target: "admin".to_owned(),
        decision: Decision::Allowed,
        reason: "the store had no token".to_owned(),
        outcome: "ok".to_owned(),
        bytes: 0,
        ms: 0.0,
    }
}
