//! Artifacts in Python: componentize-py runs the module `app` once and takes a snapshot of the interpreter.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use serde::Deserialize;

use super::{
    contract::{Contract, WORLD},
    tool::{self, Tool},
};

const COMPONENTIZE: Tool = Tool {
    names: &["componentize-py"],
    install: "pip install componentize-py==0.25.1",
};

/// The module that holds the artifact.
const APP: &str = "app";

/// What is read of `pyproject.toml`.
#[derive(Default, Deserialize)]
struct Project {
    #[serde(default)]
    tool: Tools,
}

#[derive(Default, Deserialize)]
struct Tools {
    #[serde(default)]
    watchbox: Settings,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Folders that modules are taken from, relative to the artifact's.
    #[serde(default)]
    path: Vec<PathBuf>,
}

/// Builds the artifact in `dir`. WASI is stubbed, so that the component imports the contract and nothing else.
pub(super) fn build(dir: &Path, contract: &Contract) -> anyhow::Result<Vec<u8>> {
    let environment = env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let environments = [Some(dir.join(".venv")), environment];
    let programs: Vec<PathBuf> = environments
        .into_iter()
        .flatten()
        .map(|folder| folder.join("bin"))
        .collect();
    let out = contract.work().join("component.wasm");
    let mut command = Command::new(COMPONENTIZE.find(&programs)?);
    command
        .arg("--quiet")
        .arg("--wit-path")
        .arg(contract.wit())
        .args(["--world", WORLD, "componentize", "--stub-wasi"])
        .arg("--python-path")
        .arg(dir);
    for folder in settings(dir)?.path {
        command.arg("--python-path").arg(dir.join(folder));
    }
    command
        .arg("--output")
        .arg(&out)
        .arg(APP)
        // A traceback of the author's module is wanted, not one of the tool.
        .env("RUST_BACKTRACE", "0");
    tool::run(&mut command, dir, "make a component of app.py")?;
    fs::read(&out).with_context(|| format!("can't read {}", out.display()))
}

fn settings(dir: &Path) -> anyhow::Result<Settings> {
    let file = dir.join("pyproject.toml");
    if !file.exists() {
        return Ok(Settings::default());
    }
    let text =
        fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
    let project: Project =
        toml::from_str(&text).with_context(|| format!("{} is not as wanted", file.display()))?;
    Ok(project.tool.watchbox)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_modules_are_read_from_pyproject() {
        let dir = tempfile::tempdir().unwrap();
        assert!(settings(dir.path()).unwrap().path.is_empty());
        let file = dir.path().join("pyproject.toml");
        fs::write(
            &file,
            "[project]\nname = \"x\"\n[tool.watchbox]\npath = [\"..\", \"lib\"]\n",
        )
        .unwrap();
        assert_eq!(
            settings(dir.path()).unwrap().path,
            [Path::new(".."), Path::new("lib")]
        );
        fs::write(&file, "[tool.watchbox]\npaths = []\n").unwrap();
        let error = format!("{:#}", settings(dir.path()).err().unwrap());
        assert!(error.contains("unknown field `paths`"), "{error}");
    }
}
