//! An artifact's source, watched: what an author writes counts, what tools leave there does not.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _, event::ModifyKind,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How long nothing must change before what was changed is looked at: an editor writes more than one file, or one more than once.
const SETTLE: Duration = Duration::from_millis(150);

/// Folders of tools, and of what does not go into the component.
const FOLDERS: [&str; 5] = ["target", "node_modules", "__pycache__", "dist", "cases"];

/// Files that tools write.
const FILES: [&str; 3] = ["Cargo.lock", "package-lock.json", "go.sum"];

/// The endings of files that nobody writes by hand, or not yet whole.
const ENDINGS: [&str; 5] = [".wasm", ".partial", ".pyc", "~", ".tmp"];

/// A folder that is watched.
#[derive(Debug)]
pub struct Watch {
    dir: PathBuf,
    watcher: RecommendedWatcher,
    /// The folders that are watched one by one, so that those of tools, which may be thousands, are not.
    watched: HashSet<PathBuf>,
    events: UnboundedReceiver<notify::Result<Event>>,
}

impl Watch {
    /// Begins to watch `dir`: what changes from now on is told.
    pub fn start(dir: &Path) -> anyhow::Result<Self> {
        let dir = dir
            .canonicalize()
            .with_context(|| format!("no folder at {}", dir.display()))?;
        let (sender, events) = unbounded_channel();
        let watcher = notify::recommended_watcher(move |event| {
            // Whoever listened has gone; so will the watcher.
            let _ = sender.send(event);
        });
        let mut watch = Self {
            watcher: watcher.with_context(|| unwatchable(&dir))?,
            dir,
            watched: HashSet::new(),
            events,
        };
        watch.cover()?;
        Ok(watch)
    }

    /// Waits until the source has changed, and what changes with it has too.
    pub async fn changed(&mut self) -> anyhow::Result<()> {
        while !self.next().await? {}
        while let Ok(next) = tokio::time::timeout(SETTLE, self.next()).await {
            next?;
        }
        self.cover()
    }

    /// Waits for something to happen; says whether that is a change of the source.
    async fn next(&mut self) -> anyhow::Result<bool> {
        let event = self
            .events
            .recv()
            .await
            .with_context(|| unwatchable(&self.dir))?;
        let event = event.with_context(|| unwatchable(&self.dir))?;
        Ok(event.need_rescan() || (is_change(event.kind) && self.is_of_source(&event.paths)))
    }

    fn is_of_source(&self, paths: &[PathBuf]) -> bool {
        let own = |path: &PathBuf| match path.strip_prefix(&self.dir) {
            Ok(path) => is_source(path),
            Err(_) => false,
        };
        paths.iter().any(own)
    }

    /// Watches the folders that are not yet.
    fn cover(&mut self) -> anyhow::Result<()> {
        let mut waiting = vec![self.dir.clone()];
        let mut there = HashSet::new();
        while let Some(folder) = waiting.pop() {
            // One that is gone by now has nothing to watch.
            let Ok(entries) = folder.read_dir() else {
                continue;
            };
            if !self.watched.contains(&folder) {
                self.watcher
                    .watch(&folder, RecursiveMode::NonRecursive)
                    .with_context(|| unwatchable(&folder))?;
            }
            there.insert(folder);
            for entry in entries.flatten() {
                let path = entry.path();
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let own = path.strip_prefix(&self.dir).is_ok_and(is_source);
                if is_folder && own {
                    waiting.push(path);
                }
            }
        }
        self.watched = there;
        Ok(())
    }
}

fn unwatchable(dir: &Path) -> String {
    format!("{} can't be watched", dir.display())
}

/// Whether something was written, and not only looked at.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(ModifyKind::Metadata(_)) | EventKind::Access(_) => false,
        EventKind::Modify(_) | EventKind::Any | EventKind::Other => true,
    }
}

/// Whether a path, relative to the artifact's folder, is the author's.
fn is_source(path: &Path) -> bool {
    let names: Vec<String> = path
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    let passing = |name: &String| name.starts_with('.') || FOLDERS.contains(&name.as_str());
    let Some(file) = names.last() else {
        return false;
    };
    !names.iter().any(passing)
        && !FILES.contains(&file.as_str())
        && !ENDINGS.iter().any(|ending| file.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_authors_files_count_and_those_of_tools_do_not() {
        for own in [
            "app.py",
            "src/lib.rs",
            "artifact.yaml",
            "grants.yaml",
            "deep/er/x.go",
            "sdk/watchbox/http.py",
        ] {
            assert!(is_source(Path::new(own)), "{own}");
        }
        for other in [
            "",
            "target/debug/x",
            "node_modules/a/b.js",
            ".git/index",
            ".app.py.swp",
            "app.py~",
            "Server.X.wasm",
            "Cargo.lock",
            "cases/a.yaml",
            "__pycache__/app.pyc",
        ] {
            assert!(!is_source(Path::new(other)), "{other}");
        }
    }

    #[tokio::test]
    async fn a_change_is_told_and_so_is_one_in_a_folder_that_came_later() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("target")).unwrap();
        let mut watch = Watch::start(home.path()).unwrap();
        // Not the source's: had it counted, it would be told below, before `app.py` is.
        fs::write(home.path().join("target/x"), "1").unwrap();
        fs::write(home.path().join("app.py"), "1").unwrap();
        watch.changed().await.unwrap();
        fs::create_dir(home.path().join("deep")).unwrap();
        watch.changed().await.unwrap();
        fs::write(home.path().join("deep/x.py"), "1").unwrap();
        watch.changed().await.unwrap();
        assert!(watch.watched.iter().any(|folder| folder.ends_with("deep")));
        assert!(
            !watch
                .watched
                .iter()
                .any(|folder| folder.ends_with("target"))
        );
    }
}
