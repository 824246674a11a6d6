//! The toolchains of the languages that artifacts are written in, and what tests run beside the server, installed into the cache folder, outside of the clone.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use watchbox_tests::{Build, mailpit, opensearch, toolchains::cache};

use crate::cargo::run;

/// What builds Python.
const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";

/// What builds JavaScript.
const NPM: [&str; 2] = ["componentize-qjs@0.4.5", "esbuild@0.28.2"];

/// The other engine for JavaScript, and what it needs and does not ask for. Only the benchmark uses it: it is 400 MB.
const SPIDERMONKEY: [&str; 2] = [
    "@bytecodealliance/componentize-js@0.23.0",
    "@bytecodealliance/preview2-shim@0.17.2",
];

/// What looks at dependencies.
const DENY: &str = "cargo-deny@0.20.2";

/// Installs what is missing of them, and puts them on this process's `PATH`, for what it starts.
pub(crate) fn install() -> Result<Toolchains> {
    let folder = cache()?.join("toolchains");
    let python = once(&folder, &["python", COMPONENTIZE_PY], |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let pip = folder.join("bin/pip");
        run(Command::new(pip).args(["install", "--quiet", COMPONENTIZE_PY]))
    })?;
    let javascript = npm(&folder, &NPM)?;
    Ok(Toolchains(vec![
        python.join("bin"),
        javascript.join("node_modules/.bin"),
    ]))
}

/// The same, and the engine that only the benchmark needs.
pub(crate) fn install_all() -> Result<Toolchains> {
    let Toolchains(mut folders) = install()?;
    let spidermonkey = npm(&cache()?.join("toolchains"), &SPIDERMONKEY)?;
    folders.push(spidermonkey.join("node_modules/.bin"));
    Ok(Toolchains(folders))
}

/// Installs what looks at dependencies, where it is missing; gives the folder that its `bin` is in. It is compiled, which takes some minutes.
pub(crate) fn deny() -> Result<PathBuf> {
    once(&cache()?.join("toolchains"), &[DENY], |folder| {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        // Outside of the workspace's build folder, and gone with it: nothing of it is needed again.
        let build = tempfile::tempdir()?;
        run(Command::new(cargo)
            .args([
                "install",
                "--quiet",
                "--locked",
                "--no-default-features",
                DENY,
                "--root",
            ])
            .arg(folder)
            .env("CARGO_TARGET_DIR", build.path()))
    })
}

/// Installs the search engine that rows are uploaded to in a test, where it is missing.
pub(crate) fn opensearch(build: &Build) -> Result<()> {
    let what = opensearch::installed_as();
    once(&cache()?.join("toolchains"), &[&what], |folder| {
        let mut jars = std::ffi::OsString::from("-DoutputDirectory=");
        jars.push(folder.join(opensearch::JARS));
        run(Command::new("mvn")
            .args(["--batch-mode", "--quiet", "--file"])
            .arg(build.root().join(opensearch::FOLDER).join("pom.xml"))
            .arg(format!("-Dopensearch.version={}", opensearch::VERSION))
            .arg("dependency:copy-dependencies")
            .arg(jars))
    })?;
    Ok(())
}

/// Installs the mail server that a test sends to, where it is missing. It is compiled, which takes some minutes.
pub(crate) fn mailpit() -> Result<()> {
    once(&cache()?.join("toolchains"), &[mailpit::MODULE], |folder| {
        run(Command::new("go")
            .args(["install", mailpit::MODULE])
            .env("GOBIN", folder.join("bin"))
            .env("CGO_ENABLED", "0"))
    })?;
    Ok(())
}

/// Folders with programs.
#[derive(Debug)]
pub(crate) struct Toolchains(Vec<PathBuf>);

impl Toolchains {
    /// What `PATH` must be for their programs to be found before others.
    pub(crate) fn path(&self) -> Result<std::ffi::OsString> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = self.0.iter().cloned().chain(env::split_paths(&path));
        Ok(env::join_paths(folders)?)
    }
}

fn npm(folder: &Path, packages: &[&str]) -> Result<PathBuf> {
    let names: Vec<&str> = std::iter::once("javascript")
        .chain(packages.iter().copied())
        .collect();
    once(folder, &names, |folder| {
        run(Command::new("npm")
            .args([
                "install",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
                "--prefix",
            ])
            .arg(folder)
            .args(packages))
    })
}

/// A folder under `folder`, named after what is in it, that `make` fills where it is not there yet: whole or not at all.
fn once(folder: &Path, what: &[&str], make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let name = what.join("+").replace('/', "-");
    let whole = folder.join(&name);
    let done = whole.join(".installed");
    if !done.exists() {
        eprintln!("installing {}", what.join(", "));
        // A folder of programs can't be moved, since some of them know where they are.
        let _ = fs::remove_dir_all(&whole);
        fs::create_dir_all(&whole)?;
        make(&whole)?;
        fs::write(done, "")?;
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_is_installed_once_and_a_half_one_again() {
        let home = tempfile::tempdir().unwrap();
        let fill = |folder: &Path| Ok(fs::write(folder.join("tool"), "")?);
        let failed = once(home.path(), &["a", "@b/c@1"], |folder| {
            fs::write(folder.join("half"), "")?;
            anyhow::bail!("no network")
        });
        assert!(failed.is_err());
        let folder = once(home.path(), &["a", "@b/c@1"], fill).unwrap();
        assert!(folder.ends_with("a+@b-c@1") && folder.join("tool").exists());
        assert!(!folder.join("half").exists(), "what was left is gone");
        once(home.path(), &["a", "@b/c@1"], |_| anyhow::bail!("again")).unwrap();
    }
}
