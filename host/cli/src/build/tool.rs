//! Programs of toolchains: found, run, and named with what installs them where they are missing.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

/// A program, and how one comes by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tool {
    /// Its names, the preferred one first.
    pub(super) names: &'static [&'static str],
    /// The command that installs it.
    pub(super) install: &'static str,
}

impl Tool {
    /// Where it is: in one of `folders`, else where `PATH` says.
    pub(super) fn find(&self, folders: &[PathBuf]) -> anyhow::Result<PathBuf> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = folders
            .iter()
            .cloned()
            .chain(env::split_paths(&path))
            .collect();
        for name in self.names {
            let candidates = folders.iter().map(|folder| folder.join(name));
            if let Some(found) = candidates.into_iter().find(|program| program.is_file()) {
                return Ok(found);
            }
        }
        bail!(
            "`{}` is missing. Install it: {}",
            self.names[0],
            self.install
        )
    }
}

/// Runs a program of a toolchain in `dir`; all it says goes to stderr. `what` is what it was to do.
pub(super) fn run(command: &mut Command, dir: &Path, what: &str) -> anyhow::Result<()> {
    let program = command.get_program().to_owned();
    let status = command
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
        .with_context(|| format!("can't run {}", program.display()))?;
    if !status.success() {
        let name = Path::new(&program).file_name().unwrap_or(&program);
        bail!("{} could not {what} ({status})", name.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_come_before_path_and_a_missing_tool_says_how_it_is_installed() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("sh");
        std::fs::write(&own, "").unwrap();
        let shell = Tool {
            names: &["no-such-shell", "sh"],
            install: "-",
        };
        assert_eq!(shell.find(&[folder.path().to_owned()]).unwrap(), own);
        assert_ne!(shell.find(&[]).unwrap(), own);
        let none = Tool {
            names: &["no-such-tool"],
            install: "pip install no-such-tool",
        };
        let error = none.find(&[]).unwrap_err().to_string();
        assert_eq!(
            error,
            "`no-such-tool` is missing. Install it: pip install no-such-tool"
        );
    }
}
