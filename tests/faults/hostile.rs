//! Guests that misbehave: contained, told of by name, and nobody else notices.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use watchbox_tests::{Home, Server, eventually};

use crate::numbers::{LOG, RELAY, events, install_relay, numbers};

const NAME: &str = "Test.Misbehaving";
const SOON: Duration = Duration::from_secs(60);

/// Short, so that a test need not wait for the defaults.
const GRANTS: &str =
    "log: true\nlabels: { add: [ '*' ] }\nlimits: { memory: 16MiB, compute: 300ms, tries: 2 }\n";

/// A server with the relay and the misbehaving guest on one log.
fn start() -> Result<(Home, Server)> {
    let home = Home::new()?;
    let server = home.server()?;
    install_relay(&home, &server)?;
    let grants = home.file("grants.yaml", GRANTS)?;
    server.run_ok(&[
        "install",
        &home.artifact("misbehaving")?,
        "--grants",
        &grants,
    ])?;
    Ok((home, server))
}

/// Numbered events, the one in the middle of which tells the guest to `act`.
fn with_poison(act: &str) -> Vec<u8> {
    let poison = format!("{{\"ClientId\":\"C.1\",\"Number\":10,\"Act\":\"act:{act}\"}}\n");
    [events(0, 10), poison.into_bytes(), events(11, 20)].concat()
}

/// The dead letters of the misbehaving guest, once there is one.
fn dead_letter(server: &Server) -> Result<Value> {
    eventually(SOON, || {
        let letters = server.api().get_json("/api/v1/dead-letters")?;
        let first = letters["items"]
            .as_array()
            .and_then(|items| items.first().cloned());
        Ok(first.ok_or_else(|| "a dead letter".to_owned()))
    })
}

/// Whether `act` is contained: the relay gets every event, the guest's own other events are handled, the poison alone is set aside with an error that says `says`.
fn contained(act: &str, says: &str) -> Result<()> {
    let (_home, server) = start()?;
    let neighbour = server.api().live(&format!("rows/{RELAY}"), None)?;
    server.api().accept_events(LOG, &with_poison(act))?;
    neighbour
        .take_within(20, SOON)
        .with_context(|| format!("the neighbour of {act}"))?;

    let letter = dead_letter(&server)?;
    assert_eq!(letter["installation"], NAME);
    let error = letter["error"].as_str().context("no error")?;
    assert!(error.contains(says), "{act}: {error}");
    let rows = eventually(SOON, || {
        let rows = numbers(&server.api().rows(NAME)?)?;
        Ok(if rows.len() >= 19 {
            Ok(rows)
        } else {
            Err(format!("{} of 19 rows", rows.len()))
        })
    })?;
    assert_eq!(
        rows,
        (0..20).filter(|number| *number != 10).collect::<Vec<_>>(),
        "{act}: all but the poison"
    );
    let letters = server.api().get_json("/api/v1/dead-letters")?;
    assert_eq!(
        letters["items"].as_array().context("no list")?.len(),
        1,
        "{letters}"
    );

    // It goes on with what comes after.
    let rows = server.api().live(&format!("rows/{NAME}"), None)?;
    server.api().accept_events(LOG, &events(20, 30))?;
    rows.take_within(10, SOON)?;
    Ok(())
}

#[test]
fn an_endless_loop() -> Result<()> {
    contained("loop", "compute")
}

#[test]
fn a_memory_eater() -> Result<()> {
    contained("eat", "memory")
}

#[test]
fn a_bottomless_recursion() -> Result<()> {
    // Rust keeps what it has the address of in memory, and runs out of that stack first.
    contained("recurse", "trapped")
}

#[test]
fn a_trap() -> Result<()> {
    contained("trap", "trapped")
}

#[test]
fn rows_that_are_none() -> Result<()> {
    contained("garbage", "no rows")
}

#[test]
fn a_row_deeper_than_any() -> Result<()> {
    contained("deep", "no rows")
}

#[test]
fn a_row_that_lies_about_its_length() -> Result<()> {
    contained("lie", "no rows")
}

#[test]
fn a_row_larger_than_a_row_may_be() -> Result<()> {
    contained("huge", "no rows")
}

#[test]
fn more_labels_than_calls() -> Result<()> {
    contained("label", "calls")
}

#[test]
fn a_fault_of_its_own() -> Result<()> {
    contained("fault", "said to be at fault")
}

#[test]
fn a_flood_of_log_lines_is_cut_and_counted() -> Result<()> {
    let (_home, server) = start()?;
    let rows = server.api().live(&format!("rows/{NAME}"), None)?;
    server.api().accept_events(LOG, &with_poison("flood"))?;
    rows.take_within(20, SOON)?;
    let messages = server.api().log(&format!("messages/{NAME}"))?;
    assert!(
        (200..300).contains(&messages.len()),
        "{} lines kept",
        messages.len()
    );
    assert!(
        messages
            .iter()
            .any(|line| line.to_string().contains("dropped")),
        "{:?}",
        messages.last()
    );
    Ok(())
}

/// What does something to a terminal, or is there and can't be seen.
fn upsets(text: &str) -> Option<char> {
    text.chars()
        .find(|c| c.is_control() && *c != '\n' || matches!(c, '\u{200b}' | '\u{202e}'))
}

#[test]
fn a_forged_line_is_shown_as_what_it_is() -> Result<()> {
    let (_home, server) = start()?;
    let rows = server.api().live(&format!("rows/{NAME}"), None)?;
    server.api().accept_events(LOG, &with_poison("forge"))?;
    rows.take_within(20, SOON)?;
    let audit = ["audit", "--artifact", NAME, "--decision", "denied"];
    for arguments in [
        &["messages", NAME][..],
        &["--json", "messages", NAME],
        &audit,
    ] {
        let shown = server.run_ok(arguments)?;
        assert_eq!(upsets(&shown), None, "{arguments:?}: {shown:?}");
        // It stands within a line that says whose it is, and begins none.
        assert!(shown.contains("all is lost"), "{arguments:?}: {shown}");
        let forges = |line: &str| line.starts_with("2026-11-27T00:00:00Z");
        assert!(!shown.lines().any(forges), "{arguments:?}: {shown}");
    }
    assert_eq!(upsets(&server.log()?), None);
    Ok(())
}

#[test]
fn what_it_reaches_for_is_refused_and_told() -> Result<()> {
    let (_home, server) = start()?;
    let rows = server.api().live(&format!("rows/{NAME}"), None)?;
    server.api().accept_events(LOG, &with_poison("reach"))?;
    // It takes each refusal for an answer, and goes on.
    rows.take_within(20, SOON)?;
    let path = format!("/api/v1/audit?artifact={NAME}&decision=denied");
    let records = server.api().get_json(&path)?;
    let mut tried: Vec<String> = records["items"]
        .as_array()
        .context("no records")?
        .iter()
        .map(|record| {
            let field = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
            format!(
                "{} {} {}",
                field("capability"),
                field("operation"),
                field("target")
            )
        })
        .collect();
    tried.sort();
    assert_eq!(
        tried,
        [
            "clients get C.1",
            "clients search all",
            "http send GET http://127.0.0.1:8421/api/v1/tokens",
            "http send GET http://169.254.169.254/latest/meta-data/",
            "http send an invalid request",
            "labels remove Slack of C.1",
            "state set key",
        ]
    );
    Ok(())
}

#[test]
fn a_refused_batch_is_set_aside_and_can_be_given_again() -> Result<()> {
    let (_home, server) = start()?;
    server.api().accept_events(LOG, &with_poison("reject"))?;
    let letter = dead_letter(&server)?;
    assert!(
        letter["error"]
            .as_str()
            .context("no error")?
            .contains("said to refuse"),
        "{letter}"
    );
    let number = letter["id"].to_string();
    assert!(server.run_ok(&["dead-letters", "list"])?.contains(NAME));
    server.run_ok(&["dead-letters", "show", &number])?;
    server.run_ok(&["dead-letters", "drop", &number])?;
    assert_eq!(
        server.api().get_json("/api/v1/dead-letters")?["items"],
        serde_json::json!([])
    );
    Ok(())
}

#[test]
fn what_is_no_artifact_is_not_installed() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let relay = std::fs::read(home.artifact("relay")?)?;
    for (case, bytes) in [
        ("nothing", Vec::new()),
        ("text", b"this is no component".to_vec()),
        ("a core module", b"\0asm\x01\0\0\0".to_vec()),
        ("a component cut short", relay[..relay.len() / 2].to_vec()),
        ("a component of nothing", b"\0asm\x0d\0\x01\0".to_vec()),
    ] {
        let file = home.file("wrong.wasm", &bytes)?;
        let finished = server.run(&["install", &file])?;
        assert_ne!(finished.code, Some(0), "{case}");
        assert!(!finished.stderr.is_empty(), "{case}");
    }
    assert_eq!(
        server.api().get_json("/api/v1/table")?["items"],
        serde_json::json!([])
    );
    Ok(())
}
