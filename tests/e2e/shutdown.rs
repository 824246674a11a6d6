//! Asked to stop, the server finishes what it has begun.

use std::time::Duration;

use anyhow::{Context as _, Result};
use watchbox_tests::Home;

use crate::numbers::{LOG, RELAY, events, install_relay, numbers};

#[test]
fn a_stop_ends_live_streams_and_loses_nothing() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    install_relay(&home, &server)?;
    let tail = server.api().live(&format!("rows/{RELAY}"), None)?;
    for start in (0..10_000).step_by(1_000) {
        server
            .api()
            .accept_events(LOG, &events(start, start + 1_000))?;
    }
    let status = server.stop()?;
    assert!(status.success(), "{status}");
    // The stream was ended, not left hanging: this loop comes to its end.
    let before = tail.count();

    let server = home.server()?;
    let after = server.api().live(
        &format!("rows/{RELAY}"),
        before.checked_sub(1).map(|last| last as u64),
    )?;
    after.take_within(10_000 - before, Duration::from_secs(60))?;
    assert_eq!(
        numbers(&server.api().rows(RELAY)?)?,
        (0..10_000).collect::<Vec<_>>()
    );
    Ok(())
}

#[test]
fn one_data_folder_has_one_server() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let output = std::process::Command::new(home.build().program("watchbox")?)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(server.data())
        .output()?;
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr)?;
    assert!(
        error.contains(server.data().to_str().context("no UTF-8")?),
        "{error}"
    );
    server.api().accept_events(LOG, &events(0, 1))?;
    Ok(())
}
