//! Where `cargo xtask` keeps the toolchains of the languages.

use std::{env, ffi::OsString, fs, path::PathBuf};

use anyhow::{Context as _, Result};

/// The folder of this project in the user's cache: outside of the clone, so that what took long to get is kept.
pub fn cache() -> Result<PathBuf> {
    let folder = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(folder.join("watchbox"))
}

/// What `PATH` must be for these folders' programs, and then those of the toolchains that are installed, to be found before others.
pub fn path_with(folders: impl IntoIterator<Item = PathBuf>) -> Result<OsString> {
    let mut all: Vec<PathBuf> = folders.into_iter().collect();
    if let Ok(installed) = fs::read_dir(cache()?.join("toolchains")) {
        for toolchain in installed {
            let toolchain = toolchain?.path();
            if toolchain.join(".installed").exists() {
                all.extend([toolchain.join("bin"), toolchain.join("node_modules/.bin")]);
            }
        }
    }
    let path = env::var_os("PATH").unwrap_or_default();
    all.extend(env::split_paths(&path));
    Ok(env::join_paths(all)?)
}
