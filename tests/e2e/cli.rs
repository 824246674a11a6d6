//! The command line: what it prints, and with which exit code it ends.

use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;
use watchbox_tests::Home;

use crate::numbers::{LOG, RELAY, events, install_relay};

#[test]
fn tables_are_for_people_and_json_for_scripts() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    install_relay(&home, &server)?;
    let table = server.run_ok(&["table"])?;
    assert!(table.contains(RELAY) && table.contains("1.0.0"), "{table}");
    assert!(
        !table.contains('\u{1b}'),
        "no colours where there is no terminal: {table}"
    );
    let json: Value = serde_json::from_str(&server.run_ok(&["table", "--json"])?)?;
    assert!(json.to_string().contains(RELAY), "{json}");

    server.run_ok(&[
        "client",
        "add",
        "C.1",
        "--hostname",
        "WS1",
        "--label",
        "Slack",
    ])?;
    assert!(server.run_ok(&["clients", "label:Slack"])?.contains("WS1"));
    assert!(!server.run_ok(&["clients", "label:Other"])?.contains("WS1"));
    server.run_ok(&["label", "remove", "C.1", "Slack"])?;
    assert!(!server.run_ok(&["clients", "label:Slack"])?.contains("WS1"));
    Ok(())
}

#[test]
fn events_come_as_lines_of_json() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    server.api().accept_events(LOG, &events(0, 3))?;
    let lines = server.run_ok(&["events", LOG])?;
    let rows: Vec<Value> = lines
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    assert_eq!(
        rows.iter()
            .map(|row| row["Number"].as_u64())
            .collect::<Vec<_>>(),
        [Some(0), Some(1), Some(2)]
    );
    let last = server.run_ok(&["events", LOG, "--last", "1"])?;
    assert!(
        last.contains("\"Number\":2") && last.lines().count() == 1,
        "{last}"
    );
    Ok(())
}

#[test]
fn an_exit_code_says_what_kind_of_wrong_it_was() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let nowhere = "http://127.0.0.1:9";
    let no_file = home.path().join("none.wasm").display().to_string();
    let cases: [(&[&str], i32); 5] = [
        (&["inspect", &no_file], 1),
        (&["table", "--no-such-option"], 2),
        (&["remove", "Test.NotThere"], 3),
        (&["table", "--server", nowhere], 5),
        (&["table"], 0),
    ];
    for (words, code) in cases {
        let finished = server.run(words)?;
        assert_eq!(finished.code, Some(code), "{words:?}: {finished:#?}");
        // Also that there is nothing to show is told there.
        assert!(!finished.stderr.is_empty(), "{words:?}: {finished:#?}");
    }
    let wrong_token = home.file("wrong.token", "guessed")?;
    assert_eq!(
        server.run(&["table", "--token-file", &wrong_token])?.code,
        Some(4)
    );
    Ok(())
}

#[test]
fn inspection_lists_what_an_artifact_could_do() -> Result<()> {
    let home = Home::new()?;
    let watchbox = home.build().program("watchbox")?;
    for (folder, capabilities) in [
        ("server-powershell-encodedcommand", &[][..]),
        (
            "server-slack-clientsonline",
            &["clients", "labels", "http"][..],
        ),
    ] {
        let output = Command::new(&watchbox)
            .args(["inspect", "--json", &home.artifact(folder)?])
            .output()?;
        let inspection: Value = serde_json::from_slice(&output.stdout)?;
        let imports = inspection["imports"].as_array().context("no imports")?;
        assert!(
            imports.iter().all(|import| import["kind"] == "gated"),
            "no WASI: {imports:?}"
        );
        for capability in capabilities {
            assert!(imports.iter().any(|import| import["name"] == format!("watchbox:artifact/{capability}@0.1.0")), "{imports:?}");
        }
        if capabilities.is_empty() {
            assert!(
                imports
                    .iter()
                    .all(|import| import["name"] == "watchbox:artifact/log@0.1.0"),
                "{imports:?}"
            );
        }
    }
    Ok(())
}
