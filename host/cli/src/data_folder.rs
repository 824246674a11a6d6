//! Where things are kept on this machine when nobody says where.

use std::{
    env,
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

/// Where `watchbox run` keeps compiled code.
pub fn cache() -> Option<PathBuf> {
    of_user("XDG_CACHE_HOME", ".cache").map(|folder| folder.join("compiled"))
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
