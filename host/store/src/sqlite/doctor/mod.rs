//! The doctor: looks at a store that no server has open, and saves what can be read of one that is damaged.
//!
//! It never writes to what it looks at. [`checks`] says what it finds; [`recover`] writes a new store.

mod checks;
mod recover;
mod source;
mod walk;

use std::path::{Path, PathBuf};

use super::{lock::StoreLock, readers::blocking};
use crate::StoreError;

pub use recover::Saved;

/// A store that no server has open, while it is looked at.
#[derive(Debug)]
pub struct Doctor {
    path: PathBuf,
    _lock: StoreLock,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in a word or two.
    pub subject: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub text: String,
}

/// How what was looked at is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it must be.
    Good,
    /// Something to know of.
    Notice,
    /// Damaged.
    Bad,
}

impl Finding {
    /// All is well with `subject`.
    pub fn good(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Good, text)
    }

    /// Something of `subject` is worth a look.
    pub fn notice(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Notice, text)
    }

    /// Something of `subject` is damaged.
    pub fn bad(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Bad, text)
    }

    fn new(subject: &'static str, verdict: Verdict, text: impl Into<String>) -> Self {
        Self {
            subject,
            verdict,
            text: text.into(),
        }
    }
}

impl Doctor {
    /// Takes the lock of the store at `path`; one that a server has open is [`StoreError::Conflict`], and none at all
    /// [`StoreError::Missing`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(format!("store at {}", path.display())));
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: StoreLock::take(path).await?,
        })
    }

    /// Looks at everything.
    pub async fn examine(&self) -> Result<Vec<Finding>, StoreError> {
        let path = self.path.clone();
        blocking(move || Ok(checks::examine(&path))).await
    }

    /// Writes what can be read into the new store at `to`, in a folder that is there; says what that is, and what is lost.
    pub async fn recover(&self, to: &Path) -> Result<Vec<Saved>, StoreError> {
        let (from, to) = (self.path.clone(), to.to_owned());
        blocking(move || recover::recover(&from, &to)).await
    }
}

#[cfg(test)]
mod tests;
