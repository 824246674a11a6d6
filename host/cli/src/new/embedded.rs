//! What the build put into the program: files of `plugin-sdk/` and `wit/`.

use std::path::Path;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The files in a folder of the repository and below it, by their names in that folder.
pub(super) fn under(folder: &str) -> impl Iterator<Item = (&'static Path, &'static str)> {
    let below = move |(name, text): &(&'static str, &'static str)| {
        let name = Path::new(*name).strip_prefix(folder).ok()?;
        Some((name, *text))
    };
    FILES.iter().filter_map(below)
}

/// A file of the repository.
pub(super) fn file(name: &str) -> Option<&'static str> {
    let found = FILES.iter().find(|(file, _)| *file == name)?;
    Some(found.1)
}
