//! The watched folder: a component put there is installed, another in its place is an upgrade. It is one more door to the same engine.
//!
//! `NAME.wasm` is what runs as NAME, `NAME.wasm.minisig` its signature; `NAME.grants.yaml` and `NAME.parameters.yaml` beside it are its settings. What was taken in is remembered with the
//! installation, by the digest of its files, so that neither a restart nor a rollback makes the folder put the same files in again. A file
//! that goes away changes nothing: a folder that is not mounted must not switch the watch over a fleet off.

mod files;
mod guard;
mod settle;
mod take;

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use notify::{
    Event, EventKind, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, ModifyKind},
};
use tokio::{
    sync::mpsc::unbounded_channel,
    time::{Instant, sleep, sleep_until},
};

use crate::App;
use settle::Settling;

pub use guard::FolderError;
pub(crate) use guard::check;

/// The pause before a folder that could not be watched is tried again.
const PAUSE: Duration = Duration::from_secs(10);

/// Watches `folder` until the server stops. What is there when it begins is taken in first.
pub(crate) async fn watch(app: App, folder: PathBuf) {
    loop {
        let lost = tokio::select! {
            () = app.stopping.cancelled() => return,
            lost = watch_once(&app, &folder) => lost,
        };
        take::tell(&app, &folder.display().to_string(), &lost.to_string()).await;
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = sleep(PAUSE) => {}
        }
    }
}

/// Watches `folder` until that can't be done any more, and says why.
async fn watch_once(app: &App, folder: &Path) -> FolderError {
    if let Err(error) = check(folder) {
        return error;
    }
    let (sender, mut events) = unbounded_channel();
    let tell = move |event| {
        // Whoever listened has gone; so will the watcher.
        let _ = sender.send(event);
    };
    // Before what is there is read, so that nothing falls between.
    let watcher = notify::recommended_watcher(tell).and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    let _watcher = match watcher {
        Ok(watcher) => watcher,
        Err(error) => return FolderError::unwatchable(folder, &error),
    };
    let mut settling = Settling::default();
    if let Err(error) = all(folder, &mut settling) {
        return FolderError::unreadable(folder, &error);
    }
    loop {
        let next = settling.next();
        tokio::select! {
            event = events.recv() => {
                let Some(first) = event else {
                    return FolderError::unwatchable(folder, &notify::Error::generic("the watch ended"));
                };
                let come = std::iter::once(first).chain(std::iter::from_fn(|| events.try_recv().ok()));
                for event in come.collect::<Vec<_>>() {
                    if let Err(lost) = look_at(event, folder, &mut settling) {
                        return lost;
                    }
                }
            }
            () = at(next) => {
                for (name, is_whole) in settling.take_due(Instant::now()) {
                    take::take_in(app, folder, &name, is_whole).await;
                }
            }
        }
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Has everything in the folder looked at.
fn all(folder: &Path, settling: &mut Settling) -> io::Result<()> {
    let now = Instant::now();
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        if let Ok(name) = entry?.file_name().into_string() {
            names.insert(name);
        }
    }
    for name in names {
        settling.whole(&name, now);
    }
    Ok(())
}

/// Takes what the system tells. The error is why the folder can't be watched on.
fn look_at(
    event: notify::Result<Event>,
    folder: &Path,
    settling: &mut Settling,
) -> Result<(), FolderError> {
    let event = event.map_err(|error| FolderError::unwatchable(folder, &error))?;
    if event.need_rescan() {
        return all(folder, settling).map_err(|error| FolderError::unreadable(folder, &error));
    }
    if is_gone(&event, folder) {
        return Err(FolderError::unreadable(
            folder,
            &io::ErrorKind::NotFound.into(),
        ));
    }
    note(&event, settling);
    Ok(())
}

/// Notes what `event` says of files.
fn note(event: &Event, settling: &mut Settling) {
    let now = Instant::now();
    for path in &event.paths {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(_) | ModifyKind::Metadata(_)) => {
                settling.whole(name, now);
            }
            EventKind::Create(_) | EventKind::Modify(_) | EventKind::Any => {
                settling.touched(name, now);
            }
            EventKind::Remove(_) => settling.whole(name, now),
            _ => {}
        }
    }
}

/// Whether the folder itself went away; one that stands in its place now is another, which is not watched.
fn is_gone(event: &Event, folder: &Path) -> bool {
    let is_removal = matches!(
        event.kind,
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
    );
    is_removal && event.paths.iter().any(|path| path == folder)
}
