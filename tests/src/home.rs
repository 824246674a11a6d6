//! A folder of a test's own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::{Build, Server};

/// A fresh folder for one test: its server's data, and the files that it hands over. Gone when dropped.
#[derive(Debug)]
pub struct Home {
    build: Build,
    folder: TempDir,
}

impl Home {
    /// Makes one.
    pub fn new() -> Result<Self> {
        Ok(Self {
            build: Build::current()?,
            folder: tempfile::Builder::new()
                .prefix("watchbox-test-")
                .tempdir()?,
        })
    }

    /// What is built.
    pub fn build(&self) -> &Build {
        &self.build
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps the folder, to be looked into; gives its path.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    /// The server's data folder; there once a server has run.
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Starts a server over this home's data, fresh or left by the one before.
    pub fn server(&self) -> Result<Server> {
        Server::start(&self.build, &self.data())
    }

    /// Writes a file to hand over; gives its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Result<String> {
        let path = self.path().join(name);
        fs::write(&path, content)?;
        text(&path)
    }

    /// The component of the artifact in the folder `name` of `plugins/` or `tests/guests/`.
    pub fn artifact(&self, name: &str) -> Result<String> {
        text(&self.build.artifact(name)?)
    }
}

fn text(path: &Path) -> Result<String> {
    let text = path
        .to_str()
        .with_context(|| format!("{} is no UTF-8", path.display()))?;
    Ok(text.to_owned())
}
