//! Killed at any moment, the server comes back with nothing lost and nothing twice.

use std::{thread, time::Duration};

use anyhow::{Context as _, Result};
use watchbox_tests::{Api, Home, eventually};

use crate::numbers::{LOG, RELAY, events, install_relay, numbers};

/// Sends numbered events from `from` on until the server is gone. Gives how far it got: all below the first number were accepted, those
/// up to the second may or may not have been.
fn send_until_killed(api: &Api, from: u64) -> (u64, u64) {
    let (mut accepted, step) = (from, 25);
    while api
        .accept_events(LOG, &events(accepted, accepted + step))
        .is_ok()
    {
        accepted += step;
    }
    (accepted, accepted + step)
}

#[test]
fn what_was_accepted_is_there_after_a_kill_and_each_row_once() -> Result<()> {
    let home = Home::new()?;
    let mut server = home.server()?;
    install_relay(&home, &server)?;
    let (mut next, mut unsure) = (0, Vec::new());
    for round in 0..4 {
        let rows = server.api().live(&format!("rows/{RELAY}"), None)?;
        let api = server.api().clone();
        let sender = thread::spawn(move || send_until_killed(&api, next));
        rows.take_within(500, Duration::from_secs(60))
            .with_context(|| format!("round {round}"))?;
        server.kill()?;
        let (accepted, tried) = sender.join().ok().context("the sender panicked")?;
        unsure.extend(accepted..tried);
        next = tried;
        server = home.server()?;
    }
    let accepted: Vec<_> = (0..next)
        .filter(|number| !unsure.contains(number))
        .collect();
    let stored = numbers(&server.api().log(&format!("events/{LOG}"))?)?;
    assert!(
        accepted
            .iter()
            .all(|number| stored.binary_search(number).is_ok()),
        "an accepted event is gone"
    );

    let rows = eventually(Duration::from_secs(60), || {
        let rows = numbers(&server.api().rows(RELAY)?)?;
        Ok(if rows.len() >= stored.len() {
            Ok(rows)
        } else {
            Err(format!("{} of {} rows", rows.len(), stored.len()))
        })
    })?;
    assert_eq!(
        rows, stored,
        "each event that is kept gives one row, exactly"
    );
    Ok(())
}

#[test]
fn what_an_operator_did_survives_a_kill() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    install_relay(&home, &server)?;
    server.run_ok(&[
        "client",
        "add",
        "C.9",
        "--hostname",
        "WS9",
        "--label",
        "Slack",
    ])?;
    server.run_ok(&["disable", RELAY])?;
    server.kill()?;
    let server = home.server()?;
    let client = server.api().get_json("/api/v1/clients/C.9")?;
    assert_eq!(client["labels"], serde_json::json!(["Slack"]));
    assert_eq!(
        server.api().get_json(&format!("/api/v1/table/{RELAY}"))?["phase"],
        "disabled"
    );
    Ok(())
}
