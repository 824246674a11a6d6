//! From event to row: `Server.Powershell.EncodedCommand`.

use std::{process::Command, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::Value;
use watchbox_tests::{
    Home, Server,
    sample::{self, Fleet},
};

const NAME: &str = "Server.Powershell.EncodedCommand";
const FOLDER: &str = "server-powershell-encodedcommand";
const SOON: Duration = Duration::from_secs(60);

fn install(home: &Home, server: &Server, more: &[&str]) -> Result<()> {
    let (component, grants) = (home.artifact(FOLDER)?, grants(home)?);
    let mut words = vec!["install", &component, "--grants", &grants];
    words.extend(more);
    server.run_ok(&words).map(drop)
}

fn grants(home: &Home) -> Result<String> {
    let path = home
        .build()
        .root()
        .join("plugins")
        .join(FOLDER)
        .join("grants.yaml");
    Ok(path.to_str().context("no UTF-8")?.to_owned())
}

fn scripts(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .filter_map(|row| row["Script"].as_str())
        .collect()
}

#[test]
fn each_encoded_command_becomes_a_row() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    install(&home, &server, &[])?;
    let rows = server.api().live(&format!("rows/{NAME}"), None)?;
    let (events, expected) = Fleet::new(3, 20).ndjson(5_000);
    for chunk in events
        .split_inclusive(|byte| *byte == b'\n')
        .collect::<Vec<_>>()
        .chunks(500)
    {
        server
            .api()
            .accept_events(sample::ARTIFACT, &chunk.concat())?;
    }
    rows.take_within(expected.len(), SOON)?;
    let rows = server.api().rows(NAME)?;
    assert_eq!(scripts(&rows), expected, "in the order of the events");
    for row in &rows {
        for column in [
            "_ts",
            "ClientId",
            "ParentInfo",
            "CommandLine",
            "Timestamp",
            "Script",
        ] {
            assert!(!row[column].is_null(), "no {column}: {row}");
        }
    }
    Ok(())
}

#[test]
fn events_from_before_are_taken_where_the_operator_says_so() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let (events, expected) = Fleet::new(4, 20).ndjson(1_000);
    server.api().accept_events(sample::ARTIFACT, &events)?;
    install(&home, &server, &["--from", "oldest"])?;
    let rows = server.api().live(&format!("rows/{NAME}"), None)?;
    let one_more = Fleet::new(4, 20).encoded("the last one");
    server
        .api()
        .accept_events(sample::ARTIFACT, one_more.json.as_bytes())?;
    // The tail begins somewhere in between; its end is the event that came last.
    while rows.next_within(SOON)?.row["Script"] != "the last one" {}
    let rows = server.api().rows(NAME)?;
    assert_eq!(
        scripts(&rows),
        [
            expected.iter().map(String::as_str).collect(),
            vec!["the last one"]
        ]
        .concat()
    );
    Ok(())
}

#[test]
fn a_file_gives_the_same_rows_without_a_server() -> Result<()> {
    let home = Home::new()?;
    let (events, expected) = Fleet::new(5, 20).ndjson(5_000);
    let file = home.file("events.ndjson", events)?;
    let output = Command::new(home.build().program("watchbox")?)
        .args([
            "run",
            &home.artifact(FOLDER)?,
            "--events",
            &file,
            "--grants",
            &grants(&home)?,
        ])
        .output()?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rows: Vec<Value> = String::from_utf8(output.stdout)?
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    assert_eq!(scripts(&rows), expected);
    assert!(
        String::from_utf8(output.stderr)?.contains("5,000"),
        "the summary counts the events"
    );
    Ok(())
}
