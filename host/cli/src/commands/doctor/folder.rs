//! The data folder itself: who can read what is in it, and how much room there is.

use std::path::Path;

use watchbox_store::Finding;

use crate::output::byte_size;

/// Room below which the server may soon refuse events: its write-ahead log alone may grow as large.
const LITTLE_ROOM: u64 = 256 << 20;

/// Files that nobody but their owner may read.
const PRIVATE: [&str; 5] = [
    "watchbox.db",
    "watchbox.db-wal",
    "secrets.key",
    "secrets.key.next",
    "admin.token",
];

/// Looks at the folder.
pub(super) fn examine(data: &Path) -> Vec<Finding> {
    let mut findings = permissions(data);
    for (name, without) in [
        (
            "secrets.key",
            "unless `secrets_key` in the settings names another file, secrets that were sealed with it must be given again",
        ),
        (
            "admin.token",
            "the server can't be administered with the first token, unless you keep it elsewhere",
        ),
    ] {
        if !data.join(name).exists() {
            findings.push(Finding::notice(
                "folder",
                format!("{name} is missing: {without}"),
            ));
        }
    }
    findings.extend(room(data));
    findings
}

#[cfg(unix)]
fn permissions(data: &Path) -> Vec<Finding> {
    use std::os::unix::fs::PermissionsExt;

    let mut findings = Vec::new();
    let private = PRIVATE.iter().map(|name| (data.join(name), 0o600));
    for (path, wanted) in [(data.to_owned(), 0o700)].into_iter().chain(private) {
        let Ok(metadata) = path.metadata() else {
            continue;
        };
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let text = format!(
                "{} can be read or changed by others (mode {mode:03o}): run `chmod {wanted:o}` on it",
                path.display()
            );
            findings.push(Finding::bad("permissions", text));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::good(
            "permissions",
            "the folder is its owner's alone",
        ));
    }
    findings
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> Vec<Finding> {
    Vec::new()
}

#[cfg(unix)]
fn room(data: &Path) -> Option<Finding> {
    let file_system = nix::sys::statvfs::statvfs(data).ok()?;
    #[allow(
        clippy::useless_conversion,
        reason = "the numbers have other widths on other systems"
    )]
    let free = u64::from(file_system.blocks_available())
        .saturating_mul(u64::from(file_system.fragment_size()));
    let text = format!("{} free", byte_size(free));
    Some(if free < LITTLE_ROOM {
        Finding::notice(
            "room",
            format!("{text}: the server will soon refuse events"),
        )
    } else {
        Finding::good("room", text)
    })
}

#[cfg(not(unix))]
fn room(_: &Path) -> Option<Finding> {
    None
}
