//! A changed artifact, loaded while events come in.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use watchbox_tests::{Api, Home, eventually};

use crate::numbers::{LOG, RELAY, events, install_relay, numbers};

/// Sends numbered events at a steady rate, ten a request, until told to stop; gives how many were accepted.
fn send(api: &Api, per_second: u32, stop: &AtomicBool) -> Result<u64> {
    let (began, mut sent) = (Instant::now(), 0);
    while !stop.load(Ordering::Relaxed) {
        let due = (began.elapsed().as_secs_f64() * f64::from(per_second)) as u64;
        if due < sent + 10 {
            thread::park_timeout(Duration::from_millis(2));
            continue;
        }
        sent += api.accept_events(LOG, &events(sent, sent + 10))?;
    }
    Ok(sent)
}

#[test]
fn an_upgrade_under_load_loses_and_doubles_nothing() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    install_relay(&home, &server)?;
    let versions = [home.artifact("relay-changed")?, home.artifact("relay")?];
    let api = server.api();
    let stop = AtomicBool::new(false);
    let sent = thread::scope(|scope| {
        let sender = scope.spawn(|| send(api, 1_000, &stop));
        let upgraded = (|| -> Result<()> {
            for (nth, version) in versions.iter().cycle().take(6).enumerate() {
                // Each version has rows to show before the next one comes.
                let seen = api.live(&format!("rows/{RELAY}"), None)?;
                seen.take_within(200, Duration::from_secs(30))
                    .with_context(|| format!("before upgrade {nth}"))?;
                server.run_ok(&["upgrade", RELAY, version])?;
            }
            Ok(())
        })();
        stop.store(true, Ordering::Relaxed);
        let sent = sender.join().ok().context("the sender panicked")?;
        upgraded.and(sent)
    })?;

    let rows = eventually(Duration::from_secs(60), || {
        let rows = api.rows(RELAY)?;
        Ok(if rows.len() as u64 >= sent {
            Ok(rows)
        } else {
            Err(format!("{} of {sent} rows", rows.len()))
        })
    })?;
    assert_eq!(
        numbers(&rows)?,
        (0..sent).collect::<Vec<_>>(),
        "each event gives one row, exactly"
    );
    let versions: BTreeSet<_> = rows
        .iter()
        .filter_map(|row| row["Version"].as_str())
        .collect();
    assert_eq!(versions, BTreeSet::from(["1.0.0", "2.0.0"]));
    let status = api.get_json(&format!("/api/v1/table/{RELAY}"))?;
    assert_eq!(
        status["version"], "1.0.0",
        "the last upgrade went back: {status}"
    );
    Ok(())
}

#[test]
fn an_upgrade_keeps_its_place_while_the_artifact_is_off() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    install_relay(&home, &server)?;
    server.run_ok(&["disable", RELAY])?;
    server.api().accept_events(LOG, &events(0, 50))?;
    server.run_ok(&["upgrade", RELAY, &home.artifact("relay-changed")?])?;
    let rows = server.api().live(&format!("rows/{RELAY}"), None)?;
    server.run_ok(&["enable", RELAY])?;
    let rows = rows.take_within(50, Duration::from_secs(30))?;
    assert!(rows.iter().all(|row| row.row["Version"] == "2.0.0"));
    let rows: Vec<_> = rows.into_iter().map(|row| row.row).collect();
    assert_eq!(numbers(&rows)?, (0..50).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn what_is_no_upgrade_changes_nothing() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    install_relay(&home, &server)?;
    let before = server.api().get_json(&format!("/api/v1/table/{RELAY}"))?["digest"].clone();
    let no_component = home.file("broken.wasm", b"\0asm\x01\0\0\0")?;
    let other = home.artifact("misbehaving")?;
    // The one is seen to be wrong here, the other by the server.
    for (wrong, code) in [(no_component, 1), (other, 3)] {
        let finished = server.run(&["upgrade", RELAY, &wrong])?;
        assert_eq!(finished.code, Some(code), "{finished:#?}");
        assert!(!finished.stderr.is_empty());
    }
    assert_eq!(
        server.api().get_json(&format!("/api/v1/table/{RELAY}"))?["digest"],
        before
    );
    let rows = server.api().live(&format!("rows/{RELAY}"), None)?;
    server.api().accept_events(LOG, &events(0, 1))?;
    rows.next_within(Duration::from_secs(30))?;
    Ok(())
}
