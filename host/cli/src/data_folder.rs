//! Where things are kept on this machine when nobody says where.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// The server's data folder: `WATCHBOX_DATA`, else `watchbox` in the user's data folder.
pub fn default() -> anyhow::Result<PathBuf> {
    if let Some(folder) = env::var_os("WATCHBOX_DATA").filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    of_user("XDG_DATA_HOME", ".local/share")
        .context("there is no default data folder, since HOME is not set: give one with --data or WATCHBOX_DATA")
}

/// The file of the first token in the data folder `folder`.
pub fn admin_token(folder: &Path) -> PathBuf {
    folder.join("admin.token")
}

/// Where compiled code is kept between runs without a server; none where that can't be.
pub fn compiled() -> Option<PathBuf> {
    let folder = of_user("XDG_CACHE_HOME", ".cache")?.join("compiled");
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    // Whoever can write there can have anything run.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).ok()?;
    Some(folder)
}

/// `watchbox` in the folder that `variable` names, else in `fallback` of the user's home.
fn of_user(variable: &str, fallback: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute())
    };
    absolute(variable)
        .or_else(|| absolute("HOME").map(|home| home.join(fallback)))
        .map(|folder| folder.join("watchbox"))
}
