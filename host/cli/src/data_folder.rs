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

/// How many components' code is kept between runs without a server: each build has one of its own, of up to some thirty mebibytes.
const KEPT: usize = 16;

/// Where compiled code is kept between runs without a server, the newest of it; none where that can't be.
pub fn compiled() -> Option<PathBuf> {
    let folder = of_user("XDG_CACHE_HOME", ".cache")?.join("compiled");
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    // Whoever can write there can have anything run.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).ok()?;
    forget_old(&folder, KEPT);
    Some(folder)
}

/// Lets go of all compiled code in `folder` but the newest. What can't be removed stays; a run that has it open is not disturbed.
fn forget_old(folder: &Path, kept: usize) {
    let Ok(files) = fs::read_dir(folder) else {
        return;
    };
    let code = files.flatten().filter_map(|file| {
        let is_code = file.path().extension().is_some_and(|kind| kind == "cwasm");
        let written = file.metadata().ok()?.modified().ok()?;
        is_code.then(|| (written, file.path()))
    });
    let mut code: Vec<_> = code.collect();
    code.sort_by_key(|(written, _)| std::cmp::Reverse(*written));
    for (_, file) in code.iter().skip(kept) {
        for file in [file, &file.with_extension("crc32")] {
            drop(fs::remove_file(file));
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_code_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "a.cwasm", "a.crc32", "b.cwasm", "b.crc32", "c.cwasm", "note.txt",
        ];
        for (age, name) in names.iter().enumerate() {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            let written =
                std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(age as u64);
            file.set_modified(written).unwrap();
        }
        forget_old(folder.path(), 2);
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["b.crc32", "b.cwasm", "c.cwasm", "note.txt"]);
    }
}
