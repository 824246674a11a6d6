//! Programs of toolchains: found, run, and named with what installs them where they are missing.

use std::{
    env,
    io::{self, Write as _},
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
        Err(missing(self.names[0], self.install))
    }
}

/// Runs a program of a toolchain in `dir`. Its errors go to stderr as it tells them; what else it says does only where it fails. `what` is what it was to
/// do.
pub(super) fn run(command: &mut Command, dir: &Path, what: &str) -> anyhow::Result<()> {
    let program = command.get_program().to_owned();
    let ran = command
        .current_dir(dir)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("can't run {}", program.display()))?;
    if !ran.status.success() {
        io::stderr().write_all(&ran.stdout)?;
        let name = Path::new(&program).file_name().unwrap_or(&program);
        bail!("{} could not {what} ({})", name.display(), ran.status);
    }
    Ok(())
}

/// What a program of a toolchain answers to a question, on one line; nothing where it can't be asked.
pub(super) fn ask(command: &mut Command) -> Option<String> {
    let ran = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    let answer = String::from_utf8(ran.ok()?.stdout).ok()?;
    Some(answer.trim().to_owned())
}

/// That something is missing, and the command that installs it.
pub(super) fn missing(what: &str, install: &str) -> anyhow::Error {
    anyhow::anyhow!("`{what}` is missing. Install it: {install}")
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
