//! Signed artifacts, and servers that run no others: at every door, and at every start.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use watchbox_tests::{Home, Server, eventually};

use crate::numbers::{LOG, RELAY, events};

const SOON: Duration = Duration::from_secs(60);

/// A key that signs, and its public half.
struct Key {
    file: String,
    public: String,
}

fn watchbox(home: &Home, words: &[&str]) -> Result<Output> {
    Ok(Command::new(home.build().program("watchbox")?)
        .args(words)
        .output()?)
}

fn ok(output: &Output) -> Result<String> {
    ensure!(output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stdout.clone())?)
}

fn key(home: &Home, name: &str) -> Result<Key> {
    let file = home.path().join(name).display().to_string();
    let made = ok(&watchbox(
        home,
        &["keygen", "--out", &file, "--no-password", "--json"],
    )?)?;
    let made: Value = serde_json::from_str(&made)?;
    let public = made["public_key"].as_str().context("no key")?.to_owned();
    Ok(Key { file, public })
}

/// A copy of a component in the home, which its signature can lie beside.
fn copy(home: &Home, artifact: &str) -> Result<String> {
    home.file(
        &format!("{artifact}.wasm"),
        fs::read(home.artifact(artifact)?)?,
    )
}

fn sign(home: &Home, component: &str, key: &Key) -> Result<()> {
    ok(&watchbox(home, &["sign", component, "--key", &key.file])?).map(drop)
}

/// A server whose policy lets these keys sign `artifacts`.
fn trusting(home: &Home, keys: &[(&str, &Key)], artifacts: &str) -> Result<Server> {
    let keys: String = keys
        .iter()
        .map(|(name, key)| {
            format!(
                "  - {{ name: {name}, key: {}, artifacts: [\"{artifacts}\"] }}\n",
                key.public
            )
        })
        .collect();
    let settings = format!("trust:\n  keys:\n{keys}  unsigned: [ \"Test.Free\" ]\n");
    let config = home.file("settings.yaml", settings)?;
    Server::start_with(home.build(), &home.data(), &["--config", &config])
}

fn line(server: &Server, name: &str) -> Result<Value> {
    server.api().get_json(&format!("/api/v1/table/{name}"))
}

fn until(server: &Server, name: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    eventually(SOON, || {
        let answer = server.api().get(&format!("/api/v1/table/{name}"))?;
        let line: Value = serde_json::from_slice(&answer.body)?;
        Ok(if answer.status == 200 && holds(&line) {
            Ok(line)
        } else {
            Err(line.to_string())
        })
    })
}

#[test]
fn a_signature_is_made_and_verified_and_binds_what_it_signs() -> Result<()> {
    let home = Home::new()?;
    let (release, other) = (key(&home, "release.key")?, key(&home, "other.key")?);
    assert_eq!(
        fs::metadata(&release.file)?.permissions().mode() & 0o777,
        0o600
    );
    let again = watchbox(&home, &["keygen", "--out", &release.file, "--no-password"])?;
    assert!(!again.status.success(), "a key is not overwritten");
    let component = copy(&home, "relay")?;
    sign(&home, &component, &release)?;
    let verify = |public: &str| watchbox(&home, &["verify", &component, "--public-key", public]);
    let public_file = format!("{}.pub", release.file);
    for public in [&release.public, &public_file] {
        let said = ok(&verify(public)?)?;
        assert!(
            said.contains("Test.Relay 1.0.0 was signed by the key"),
            "{said}"
        );
    }
    assert_eq!(verify(&other.public)?.status.code(), Some(1));
    let inspected = ok(&watchbox(&home, &["inspect", &component])?)?;
    assert!(
        inspected.contains("for Test.Relay 1.0.0; not verified"),
        "{inspected}"
    );

    let mut changed = fs::read(&component)?;
    // In the custom section of the manifest: the component is still well formed.
    let mut windows = changed.windows(11);
    let at = windows.position(|some| some == b"description");
    let at = at.context("no manifest")?;
    changed[at + 13] ^= 0x20;
    fs::write(&component, changed)?;
    let refused = verify(&release.public)?;
    assert!(String::from_utf8(refused.stderr)?.contains("or was changed since"));

    // The signature of one artifact is none of another.
    let relay = home.path().join("relay.wasm.minisig");
    let changed = copy(&home, "relay-changed")?;
    fs::copy(&relay, format!("{changed}.minisig"))?;
    assert_eq!(
        watchbox(
            &home,
            &["verify", &changed, "--public-key", &release.public]
        )?
        .status
        .code(),
        Some(1)
    );
    Ok(())
}

#[test]
fn a_key_under_a_password_signs_with_it_alone() -> Result<()> {
    let home = Home::new()?;
    let file = home.path().join("locked.key").display().to_string();
    let password = format!("@{}", home.file("password", "correct horse\n")?);
    ok(&watchbox(
        &home,
        &["keygen", "--out", &file, "--password", &password],
    )?)?;
    let component = copy(&home, "relay")?;
    ok(&watchbox(
        &home,
        &["sign", &component, "--key", &file, "--password", &password],
    )?)?;
    let wrong = format!("@{}", home.file("wrong", "battery staple")?);
    for (words, code) in [
        (vec!["--password", wrong.as_str()], 1),
        (vec!["--no-password"], 2),
        (vec!["--password", "correct horse"], 2),
    ] {
        let refused = watchbox(
            &home,
            &[&["sign", &component, "--key", &file], &words[..]].concat(),
        )?;
        assert_eq!(refused.status.code(), Some(code), "{refused:?}");
        assert!(!String::from_utf8(refused.stderr)?.contains("correct horse"));
    }
    Ok(())
}

/// The tool `minisign` verifies what is signed here, and the other way round; passed over where it is not installed.
#[test]
fn minisign_and_watchbox_read_each_other() -> Result<()> {
    let minisign = |words: &[&str]| Command::new("minisign").args(words).output();
    if minisign(&["-v"]).is_err() {
        println!("minisign is not installed: passed over");
        return Ok(());
    }
    let home = Home::new()?;
    let component = copy(&home, "relay")?;
    let signature = format!("{component}.minisig");
    let ours = key(&home, "ours.key")?;
    sign(&home, &component, &ours)?;
    let said = ok(&minisign(&["-V", "-m", &component, "-P", &ours.public])?)?;
    assert!(said.contains("artifact:Test.Relay"), "{said}");
    let public_file = format!("{}.pub", ours.file);
    ok(&minisign(&["-V", "-m", &component, "-p", &public_file])?)?;

    let [secret, public] =
        ["theirs.key", "theirs.pub"].map(|name| home.path().join(name).display().to_string());
    ok(&minisign(&["-G", "-W", "-s", &secret, "-p", &public])?)?;
    fs::remove_file(&signature)?;
    ok(&minisign(&[
        "-S",
        "-s",
        &secret,
        "-m",
        &component,
        "-t",
        "artifact:Test.Relay version:1.0.0",
    ])?)?;
    ok(&watchbox(
        &home,
        &["verify", &component, "--public-key", &public],
    )?)?;
    // A key of theirs signs here, too.
    ok(&watchbox(&home, &["sign", &component, "--key", &secret])?)?;
    ok(&minisign(&["-V", "-m", &component, "-p", &public])?)?;
    ok(&watchbox(
        &home,
        &["verify", &component, "--public-key", &public],
    )?)?;
    Ok(())
}

#[test]
fn a_server_with_a_policy_runs_what_is_signed_and_nothing_else() -> Result<()> {
    let home = Home::new()?;
    let (release, other) = (key(&home, "release.key")?, key(&home, "other.key")?);
    let server = trusting(&home, &[("release", &release)], "Test.*")?;
    let log = server.log()?;
    assert!(
        log.contains("by the trust policy alone") && log.contains("`release`"),
        "{log}"
    );
    let first = copy(&home, "relay")?;
    let install = || server.run(&["install", &first]);
    for signer in [None, Some(&other)] {
        if let Some(signer) = signer {
            sign(&home, &first, signer)?;
        }
        let refused = install()?;
        assert_eq!(refused.code, Some(3), "{refused:?}");
        assert!(refused.stderr.contains("is not trusted"), "{refused:?}");
    }
    sign(&home, &first, &release)?;
    let installed = install()?;
    assert_eq!(installed.code, Some(0), "{installed:?}");
    let shown = server.run_ok(&["table", RELAY])?;
    assert!(shown.contains("by release, the key"), "{shown}");
    let origin = line(&server, RELAY)?["origin"].clone();
    assert_eq!(origin["trust"], "signed");
    let id = origin["key"].as_str().context("no key")?.to_owned();

    let second = copy(&home, "relay-changed")?;
    let refused = server.run(&["upgrade", RELAY, &second])?;
    assert!(
        refused.code == Some(3) && refused.stderr.contains("not signed"),
        "{refused:?}"
    );
    let refused = server.run(&["upgrade", RELAY, &second, "--shadow"])?;
    assert_eq!(refused.code, Some(3), "{refused:?}");
    // A signature that is another component's is not even kept.
    fs::copy(format!("{first}.minisig"), format!("{second}.minisig"))?;
    let refused = server.run(&["upgrade", RELAY, &second])?;
    assert_eq!(refused.code, Some(3), "{refused:?}");
    sign(&home, &second, &release)?;
    server.run_ok(&["upgrade", RELAY, &second])?;
    let versions = server.run_ok(&["versions", RELAY])?;
    assert_eq!(versions.matches(&id).count(), 2, "{versions}");
    server.run_ok(&["rollback", RELAY])?;

    let audit = server.run_ok(&["audit", "--capability", "admin", "--json"])?;
    let records: Vec<Value> = serde_json::from_str(&audit)?;
    let decisions = |wanted: &str| {
        let of_trust = records
            .iter()
            .filter(|record| record["operation"] == "trust");
        of_trust
            .filter(|record| record["decision"] == wanted)
            .count()
    };
    assert!(
        decisions("allowed") >= 3 && decisions("denied") >= 4,
        "{audit}"
    );
    assert!(
        records.iter().any(|record| record["operation"] == "sign"),
        "{audit}"
    );
    Ok(())
}

#[test]
fn what_is_no_longer_trusted_is_set_aside_at_the_start_and_the_others_run() -> Result<()> {
    let home = Home::new()?;
    let (old, new) = (key(&home, "old.key")?, key(&home, "new.key")?);
    let (relay, courier) = (copy(&home, "relay")?, copy(&home, "misbehaving")?);
    let server = trusting(&home, &[("old", &old), ("new", &new)], "*")?;
    sign(&home, &relay, &new)?;
    server.run_ok(&["install", &relay])?;
    sign(&home, &courier, &old)?;
    server.run_ok(&["install", &courier])?;
    drop(server);

    let server = trusting(&home, &[("new", &new)], "*")?;
    let aside = until(&server, "Test.Misbehaving", |line| {
        line["phase"] == "quarantined"
    })?;
    let reason = aside["quarantine"]["reason"]
        .as_str()
        .context("no reason")?;
    assert!(
        reason.contains("which the trust policy does not name"),
        "{reason}"
    );
    let rows = server.api().live(&format!("rows/{RELAY}"), None)?;
    server.api().accept_events(LOG, &events(0, 3))?;
    rows.take_within(3, SOON)?;
    let refused = server.run(&["enable", "Test.Misbehaving"])?;
    assert_eq!(refused.code, Some(3), "{refused:?}");

    // Signed by the new key as well, it goes on where it stopped.
    sign(&home, &courier, &new)?;
    server.run_ok(&["upgrade", "Test.Misbehaving", &courier])?;
    eventually(SOON, || {
        let rows = server.api().rows("Test.Misbehaving")?;
        Ok(if rows.len() == 3 {
            Ok(())
        } else {
            Err(format!("{rows:?}"))
        })
    })
}

#[test]
fn a_component_that_was_changed_in_the_database_is_not_started() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let log = server.log()?;
    assert!(log.contains("whoever made them, signed or not"), "{log}");
    server.run_ok(&["install", &home.artifact("relay")?])?;
    server.run_ok(&["install", &home.artifact("misbehaving")?])?;
    let digest = line(&server, RELAY)?["digest"]
        .as_str()
        .context("no digest")?
        .to_owned();
    server.stop()?;
    let evil = fs::read(home.artifact("relay-changed")?)?;
    let database = rusqlite::Connection::open(home.data().join("watchbox.db"))?;
    let changed = database.execute(
        "UPDATE components SET bytes = ?1 WHERE digest = ?2",
        rusqlite::params![evil, digest],
    )?;
    assert_eq!(changed, 1);
    drop(database);

    let server = home.server()?;
    let aside = until(&server, RELAY, |line| line["phase"] == "quarantined")?;
    let reason = aside["quarantine"]["reason"]
        .as_str()
        .context("no reason")?;
    assert!(
        reason.contains("somebody or something changed it"),
        "{reason}"
    );
    let rows = server.api().live("rows/Test.Misbehaving", None)?;
    server.api().accept_events(LOG, &events(0, 1))?;
    rows.next_within(SOON)?;
    assert_eq!(server.api().rows(RELAY)?, Vec::<Value>::new());
    Ok(())
}

/// Puts a file in place as a whole.
fn put(folder: &Path, name: &str, content: &[u8]) -> Result<()> {
    let draft = folder.join(format!("{name}.draft"));
    fs::write(&draft, content)?;
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o644))?;
    Ok(fs::rename(draft, folder.join(name))?)
}

#[test]
fn the_folder_hands_signatures_in_with_components() -> Result<()> {
    let home = Home::new()?;
    let release = key(&home, "release.key")?;
    let folder = home.path().join("artifacts");
    fs::create_dir(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    let settings = format!(
        "artifacts_folder: {}\ntrust: {{ keys: [ {{ name: release, key: {}, artifacts: [\"*\"] }} ] }}\n",
        folder.display(),
        release.public
    );
    let config = home.file("settings.yaml", settings)?;
    let server = Server::start_with(home.build(), &home.data(), &["--config", &config])?;
    let component = copy(&home, "relay")?;
    put(&folder, "Test.Relay.wasm", &fs::read(&component)?)?;
    eventually(SOON, || {
        let audit = server.run_ok(&["audit", "--capability", "admin", "--json"])?;
        Ok(if audit.contains("it is not signed") {
            Ok(())
        } else {
            Err(audit)
        })
    })?;
    sign(&home, &component, &release)?;
    put(
        &folder,
        "Test.Relay.wasm.minisig",
        &fs::read(format!("{component}.minisig"))?,
    )?;
    let line = until(&server, RELAY, |line| line["phase"] == "idle")?;
    assert_eq!(line["origin"]["signer"], "release", "{line}");
    Ok(())
}
