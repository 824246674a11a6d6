//! A disk that is full, or can't be written to.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use watchbox_tests::{Api, Build, Home, Server, eventually};

use crate::numbers::{LOG, events, numbers};

/// A small file system of its own; unmounted when dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// Mounts one, or says why that can't be done here.
    fn mount(path: &'a Path, options: &str) -> Result<Self> {
        fs::create_dir_all(path)?;
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "watchbox-test"])
            .arg(path)
            .output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(Self(path))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // What is left mounted is seen by the next test run's owner; there is no other way to tell.
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

/// Files that nobody can write to, not even through a descriptor that is open; writable again when dropped.
struct Frozen(Vec<PathBuf>);

impl Frozen {
    /// Freezes every file of `folder`, or says why that can't be done here.
    fn freeze(folder: &Path) -> Result<Self> {
        let files = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?;
        let files = files.into_iter().filter(|path| path.is_file()).collect();
        let frozen = Self(files);
        frozen.change("+i")?;
        Ok(frozen)
    }

    fn change(&self, attribute: &str) -> Result<()> {
        let output = Command::new("chattr")
            .arg(attribute)
            .args(&self.0)
            .output()?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(())
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        // Where it could not be set, it can't be taken away.
        let _ = self.change("-i");
    }
}

/// Waits until `/ready` says `status`: it looks once a second.
fn readiness(api: &Api, status: u16) -> Result<()> {
    eventually(Duration::from_secs(60), || {
        let answer = api.get("/ready")?;
        Ok(if answer.status == status {
            Ok(())
        } else {
            Err(answer.text()?.to_owned())
        })
    })
}

#[test]
fn a_full_disk_refuses_events_loses_none_and_recovers_by_itself() -> Result<()> {
    let home = Home::new()?;
    let mount = home.path().join("disk");
    let _disk = match SmallDisk::mount(&mount, "size=16m") {
        Ok(disk) => disk,
        Err(error) => {
            eprintln!("skipped: only root can mount a small disk ({error:#})");
            return Ok(());
        }
    };
    let server = Server::start(home.build(), &mount.join("data"))?;
    let api = server.api();
    api.accept_events(LOG, &events(0, 100))?;

    // Leaves no byte free.
    let ballast = mount.join("ballast");
    let filled = Command::new("dd")
        .args(["if=/dev/zero", "bs=4k"])
        .arg(format!("of={}", ballast.display()))
        .output()?;
    assert!(!filled.status.success(), "the disk is full");

    let mut accepted = 100;
    let refused = eventually(Duration::from_secs(60), || {
        let answer = api.post_events(LOG, &events(accepted, accepted + 100))?;
        if answer.status == 503 {
            return Ok(Ok(answer));
        }
        // What was set aside before the disk was full may take a few more.
        answer.json()?;
        accepted += 100;
        Ok(Err(format!(
            "{accepted} events were accepted on a full disk"
        )))
    })?;
    assert!(refused.headers.contains_key("Retry-After"), "{refused:?}");
    refused.problem()?;
    readiness(api, 503)?;
    assert_eq!(api.get("/health")?.status, 200);

    fs::remove_file(&ballast)?;
    eventually(Duration::from_secs(60), || {
        let answer = api.post_events(LOG, &events(accepted, accepted + 100))?;
        Ok(if answer.status == 200 {
            Ok(())
        } else {
            Err(format!("still refused: {}", answer.text()?))
        })
    })?;
    readiness(api, 200)?;
    let kept = numbers(&api.log(&format!("events/{LOG}"))?)?;
    assert_eq!(
        kept,
        (0..accepted + 100).collect::<Vec<_>>(),
        "what was accepted, once, and nothing that was refused"
    );
    Ok(())
}

#[test]
fn a_folder_that_turns_read_only_refuses_events_loses_none_and_recovers_by_itself() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let api = server.api();
    api.accept_events(LOG, &events(0, 100))?;
    let frozen = match Frozen::freeze(server.data()) {
        Ok(frozen) => frozen,
        Err(error) => {
            eprintln!("skipped: files can't be made immutable here ({error:#})");
            return Ok(());
        }
    };
    let refused = api.post_events(LOG, &events(100, 200))?;
    assert_eq!(refused.status, 503, "{}", refused.text()?);
    assert!(refused.headers.contains_key("Retry-After"), "{refused:?}");
    readiness(api, 503)?;
    drop(frozen);
    readiness(api, 200)?;
    api.accept_events(LOG, &events(200, 300))?;
    let kept = numbers(&api.log(&format!("events/{LOG}"))?)?;
    assert_eq!(kept, (0..100).chain(200..300).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn a_folder_that_can_not_be_written_to_is_told_by_name() -> Result<()> {
    let home = Home::new()?;
    let mount = home.path().join("disk");
    let _disk = match SmallDisk::mount(&mount, "size=1m,ro") {
        Ok(disk) => disk,
        Err(error) => {
            eprintln!("skipped: only root can mount a read-only disk ({error:#})");
            return Ok(());
        }
    };
    let output = Command::new(Build::current()?.program("watchbox")?)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(mount.join("data"))
        .output()?;
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr)?;
    assert!(
        error.contains(mount.to_str().context("no UTF-8")?),
        "{error}"
    );
    Ok(())
}
