//! Where cargo puts what the tests run.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// The workspace's folders, as of the program that asks.
#[derive(Clone, Debug)]
pub struct Build {
    root: PathBuf,
    target: PathBuf,
    profile: String,
}

impl Build {
    /// The build that the running program belongs to: a test, or xtask.
    pub fn current() -> Result<Self> {
        let program = std::env::current_exe().context("the running program's path")?;
        let mut folder = program.parent().context("the running program's folder")?;
        if folder.ends_with("deps") {
            folder = folder.parent().context("the profile's folder")?;
        }
        let profile = folder.file_name().context("the profile's folder")?;
        Ok(Self {
            root: Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("..")
                .canonicalize()?,
            target: folder.parent().context("the target folder")?.to_owned(),
            profile: profile.to_string_lossy().into_owned(),
        })
    }

    /// The same folders, with the optimised programs.
    pub fn release(&self) -> Self {
        Self {
            profile: "release".to_owned(),
            ..self.clone()
        }
    }

    /// The workspace's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The target folder.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// A program of the workspace, built already.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        let path = self.target.join(&self.profile).join(name);
        ensure!(
            path.exists(),
            "{} is missing: `cargo xtask test` builds it first",
            path.display()
        );
        Ok(path)
    }

    /// Where the component of the artifact in the folder `name` of `plugins/` or `tests/guests/` is put.
    pub fn artifact_path(&self, name: &str) -> PathBuf {
        self.target.join("artifacts").join(format!("{name}.wasm"))
    }

    /// The component of the artifact in the folder `name`, built already.
    pub fn artifact(&self, name: &str) -> Result<PathBuf> {
        let path = self.artifact_path(name);
        ensure!(
            path.exists(),
            "{} is missing: `cargo xtask build-plugins` builds it",
            path.display()
        );
        Ok(path)
    }
}
