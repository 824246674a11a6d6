//! When a file that changed may be looked at: once its writer has closed it or put it in place, or has been silent for a while where
//! the system tells of neither.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::time::Instant;

use super::files::name_of;

/// After a file was closed or put in place: others of the same name may follow at once.
const WHOLE: Duration = Duration::from_millis(100);
/// After a file was last written to.
const TOUCHED: Duration = Duration::from_secs(5);

/// Files that changed and were not looked at yet.
#[derive(Debug, Default)]
pub(super) struct Settling(BTreeMap<String, Change>);

#[derive(Debug)]
struct Change {
    due: Instant,
    is_whole: bool,
}

impl Settling {
    /// The file was closed by its writer, or put in place, or taken away.
    pub(super) fn whole(&mut self, file: &str, now: Instant) {
        self.changed(file, now + WHOLE, true);
    }

    /// Something was written to the file, and its writer may not be done.
    pub(super) fn touched(&mut self, file: &str, now: Instant) {
        self.changed(file, now + TOUCHED, false);
    }

    fn changed(&mut self, file: &str, due: Instant, is_whole: bool) {
        // What goes by another name is nobody's: a file under a passing name, say, that is to be put in place.
        if name_of(file).is_some() {
            self.0.insert(file.to_owned(), Change { due, is_whole });
        }
    }

    /// When something is to be looked at next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.by_name().into_values().min()
    }

    /// The names whose files have all settled by `now`, each with whether their writers are known to be done.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<(String, bool)> {
        let due: BTreeSet<String> = self
            .by_name()
            .into_iter()
            .filter(|(_, due)| *due <= now)
            .map(|(name, _)| name.to_owned())
            .collect();
        let mut taken: BTreeMap<String, bool> = BTreeMap::new();
        self.0.retain(|file, change| {
            let Some(name) = name_of(file).filter(|name| due.contains(*name)) else {
                return true;
            };
            *taken.entry(name.to_owned()).or_insert(true) &= change.is_whole;
            false
        });
        taken.into_iter().collect()
    }

    /// When the files of each name will all have settled.
    fn by_name(&self) -> BTreeMap<&str, Instant> {
        let mut names: BTreeMap<&str, Instant> = BTreeMap::new();
        for (file, change) in &self.0 {
            if let Some(name) = name_of(file) {
                let due = names.entry(name).or_insert(change.due);
                *due = (*due).max(change.due);
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_due_once_it_was_closed() {
        let mut settling = Settling::default();
        let now = Instant::now();
        settling.touched("Server.X.wasm", now);
        assert_eq!(settling.take_due(now + WHOLE), []);
        settling.whole("Server.X.wasm", now);
        assert_eq!(settling.next(), Some(now + WHOLE));
        assert_eq!(
            settling.take_due(now + WHOLE),
            [("Server.X".to_owned(), true)]
        );
        assert_eq!(settling.next(), None);
    }

    #[test]
    fn all_files_of_a_name_are_waited_for() {
        let mut settling = Settling::default();
        let now = Instant::now();
        settling.whole("Server.X.wasm", now);
        settling.touched("Server.X.grants.yaml", now);
        settling.whole("Server.Y.parameters.yaml", now);
        assert_eq!(
            settling.take_due(now + WHOLE),
            [("Server.Y".to_owned(), true)]
        );
        assert_eq!(settling.next(), Some(now + TOUCHED));
        assert_eq!(
            settling.take_due(now + TOUCHED),
            [("Server.X".to_owned(), false)]
        );
    }

    #[test]
    fn other_files_are_passed_over() {
        let mut settling = Settling::default();
        for file in ["Server.X.wasm.part", ".wasm", "README.md", "grants.yaml"] {
            settling.whole(file, Instant::now());
        }
        assert_eq!(settling.next(), None);
    }
}
