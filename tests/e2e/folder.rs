//! The watched folder: what is put there is installed and upgraded, and what is wrong there harms nobody.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::Value;
use watchbox_tests::{Api, Home, Server, eventually};

use crate::numbers::{LOG, RELAY, events, numbers};

const SOON: Duration = Duration::from_secs(60);

/// A server that watches the folder `artifacts` of `home`, and the folder.
fn watching(home: &Home) -> Result<(Server, PathBuf)> {
    let folder = home.path().join("artifacts");
    fs::create_dir_all(&folder)?;
    let text = folder.to_str().context("no UTF-8")?;
    let server = Server::start_with(home.build(), &home.data(), &["--artifacts-folder", text])?;
    Ok((server, folder))
}

/// Puts a file in place as a whole, as careful programs do.
fn put(folder: &Path, name: &str, content: &[u8]) -> Result<()> {
    let draft = folder.join(format!("{name}.draft"));
    fs::write(&draft, content)?;
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o644))?;
    Ok(fs::rename(draft, folder.join(name))?)
}

fn until(api: &Api, name: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    eventually(SOON, || {
        let answer = api.get(&format!("/api/v1/table/{name}"))?;
        let line: Value = serde_json::from_slice(&answer.body)?;
        Ok(if answer.status == 200 && holds(&line) {
            Ok(line)
        } else {
            Err(line.to_string())
        })
    })
}

/// The audit records of what the folder did, newest first.
fn acts(api: &Api) -> Result<Vec<Value>> {
    let page = api.get_json("/api/v1/audit?capability=admin&limit=1000")?;
    let items = page["items"].as_array().context("no list")?;
    let of_folder = items.iter().filter(|record| record["actor"] == "folder");
    Ok(of_folder.cloned().collect())
}

/// Waits until the folder was complained of with these words.
fn complained(api: &Api, words: &str) -> Result<()> {
    eventually(SOON, || {
        let acts = acts(api)?;
        let found = acts.iter().any(|act| {
            act["outcome"]
                .as_str()
                .is_some_and(|text| text.contains(words))
        });
        Ok(if found {
            Ok(())
        } else {
            Err(format!("{acts:#?}"))
        })
    })
}

#[test]
fn what_is_put_there_runs_and_what_replaces_it_takes_over() -> Result<()> {
    let home = Home::new()?;
    let (server, folder) = watching(&home)?;
    let api = server.api();
    let [first, second] = ["relay", "relay-changed"].map(|name| home.artifact(name));
    let (first, second) = (fs::read(first?)?, fs::read(second?)?);
    put(&folder, "Test.Relay.grants.yaml", b"log: true\n")?;
    put(&folder, "Test.Relay.wasm", &first)?;
    let line = until(api, RELAY, |line| line["phase"] == "idle")?;
    assert_eq!(line["grants"]["log"], true, "{line}");
    assert_eq!(line["changed_by"], "folder");
    let rows = api.live(&format!("rows/{RELAY}"), None)?;
    api.accept_events(LOG, &events(0, 5))?;
    rows.take_within(5, SOON)?;

    // Half of it is there for a while; then the rest comes.
    let mut slow = File::create(folder.join("Test.Relay.wasm"))?;
    slow.write_all(&second[..second.len() / 2])?;
    slow.sync_all()?;
    api.accept_events(LOG, &events(5, 10))?;
    let meanwhile = rows.take_within(5, SOON)?;
    assert!(meanwhile.iter().all(|row| row.row["Version"] == "1.0.0"));
    slow.write_all(&second[second.len() / 2..])?;
    drop(slow);
    until(api, RELAY, |line| line["version"] == "2.0.0")?;
    api.accept_events(LOG, &events(10, 15))?;
    let rows = rows.take_within(5, SOON)?;
    assert!(rows.iter().all(|row| row.row["Version"] == "2.0.0"));
    assert!(
        acts(api)?.iter().all(|act| act["outcome"] == "ok"),
        "half a file is no error: {:#?}",
        acts(api)?
    );

    // Somebody goes back; neither the file that is there nor its going away, nor a restart, changes that.
    server.run_ok(&["rollback", RELAY])?;
    fs::remove_file(folder.join("Test.Relay.wasm"))?;
    put(&folder, "Test.Relay.wasm", &second)?;
    drop(server);
    let (server, folder) = watching(&home)?;
    let api = server.api();
    put(&folder, "Test.Zero.wasm", b"nonsense")?;
    complained(api, "Test.Zero.wasm")?;
    assert_eq!(until(api, RELAY, |_| true)?["version"], "1.0.0");
    assert_eq!(numbers(&api.rows(RELAY)?)?, (0..15).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn what_is_there_at_the_start_is_taken_in() -> Result<()> {
    let home = Home::new()?;
    let folder = home.path().join("artifacts");
    fs::create_dir_all(&folder)?;
    put(
        &folder,
        "Some.Name.wasm",
        &fs::read(home.artifact("relay")?)?,
    )?;
    let (server, _) = watching(&home)?;
    let line = until(server.api(), "Some.Name", |line| line["phase"] == "idle")?;
    assert_eq!(line["artifact"], RELAY);
    Ok(())
}

#[test]
fn what_is_wrong_there_is_told_and_harms_nobody() -> Result<()> {
    let home = Home::new()?;
    let (server, folder) = watching(&home)?;
    let api = server.api();
    let relay = fs::read(home.artifact("relay")?)?;
    put(&folder, "Broken.One.wasm", b"\0asm\x01\0\0\0")?;
    put(&folder, "no name at all.wasm", &relay)?;
    put(&folder, "Bad.Grants.grants.yaml", b"htp: []\n")?;
    put(&folder, "Bad.Grants.wasm", &relay)?;
    put(
        &folder,
        "Test.Courier.wasm",
        &fs::read(home.artifact("courier")?)?,
    )?;
    put(&folder, "Test.Relay.wasm", &relay)?;
    until(api, RELAY, |line| line["phase"] == "idle")?;
    for words in [
        "Broken.One.wasm",
        "no name at all.wasm",
        "Bad.Grants.grants.yaml:1",
        "`hook`",
    ] {
        complained(api, words)?;
    }
    let table = api.get_json("/api/v1/table")?;
    assert_eq!(table["items"].as_array().context("no list")?.len(), 1);
    assert!(server.log()?.contains("Bad.Grants.grants.yaml:1"));
    let metrics = api.get("/metrics")?;
    assert!(metrics.text()?.contains("watchbox_folder_errors_total"));

    // Mended, it is taken in.
    put(&folder, "Bad.Grants.grants.yaml", b"http: []\n")?;
    until(api, "Bad.Grants", |line| line["phase"] == "idle")?;
    Ok(())
}

#[test]
fn a_folder_that_everybody_can_write_to_is_refused() -> Result<()> {
    let home = Home::new()?;
    let folder = home.path().join("artifacts");
    fs::create_dir_all(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
    let refused = watching(&home).err().context("it started")?.to_string();
    assert!(refused.contains("chmod go-w"), "{refused}");
    Ok(())
}
