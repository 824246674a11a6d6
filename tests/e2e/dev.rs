//! `watchbox dev`: source that is edited while the real server runs what was built of it.

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use watchbox_tests::{Home, Running};

/// Long enough for a build on a machine that is busy.
const SOON: Duration = Duration::from_secs(120);

const NAME: &str = "Server.Dev.Test";
const LOG: &str = "Windows.Events.ProcessCreation";

/// Puts `new` in the place of `old` in a file.
fn edit(file: &Path, old: &str, new: &str) -> Result<()> {
    let text = fs::read_to_string(file)?;
    ensure!(text.contains(old), "{} has no `{old}`", file.display());
    Ok(fs::write(file, text.replace(old, new))?)
}

#[test]
fn what_is_edited_runs_and_what_can_not_be_built_leaves_what_ran() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let dir = home.path().join("artifact");
    // In C, which is built in a second.
    let made = Command::new(home.build().program("watchbox")?)
        .args(["new", NAME, "--lang", "c", "--dir"])
        .arg(&dir)
        .output()?;
    ensure!(made.status.success(), "{made:?}");
    let source = dir.join("main.c");
    let send = |line: &str| {
        let event = json!({"ClientId": "C.1", "CommandLine": line}).to_string();
        server.api().accept_events(LOG, event.as_bytes())
    };

    let mut command = server.command();
    command.arg("dev").arg(&dir).args(["--param", "Longest=3"]);
    let mut dev = Running::start(&mut command)?;
    dev.line_with("runs: Server.Dev.Test 0.1.0", SOON)?;
    send("first")?;
    let row = dev.line_with("\"first\"", SOON)?;
    assert!(row.contains("\"Length\":5"), "{row}");

    edit(
        &source,
        "process.length = process.command_line.len;",
        "process.length = 2 * process.command_line.len;",
    )?;
    dev.line_with("runs: Server.Dev.Test 0.1.0", SOON)?;
    send("second")?;
    let row = dev.line_with("\"second\"", SOON)?;
    assert!(row.contains("\"Length\":12"), "{row}");

    edit(&source, "2 * process", "no_such_thing * process")?;
    dev.line_with("no_such_thing", SOON)?;
    dev.line_with("error: make could not make a module", SOON)?;
    send("third")?;
    let row = dev.line_with("\"third\"", SOON)?;
    assert!(
        row.contains("\"Length\":10"),
        "what ran before goes on: {row}"
    );

    // It logs what it is not yet known to want: a manifest that says so, and a message to follow.
    edit(
        &dir.join("artifact.yaml"),
        "capabilities: {}",
        "capabilities: { log: { reason: Says what it does. } }",
    )?;
    edit(
        &source,
        "no_such_thing * process.command_line.len;",
        "process.command_line.len;\n        wb_log(WB_WARN, \"%zu bytes\", process.command_line.len);",
    )?;
    dev.line_with("runs: Server.Dev.Test 0.1.0", SOON)?;
    send("fourth")?;
    dev.line_with("warn: 6 bytes", SOON)?;

    let ended = dev.interrupt()?;
    assert_eq!(ended.code(), Some(0));
    let status = server.api().get_json(&format!("/api/v1/table/{NAME}"))?;
    assert_eq!(
        status["grants"]["log"], true,
        "as its manifest declares: {status}"
    );
    assert_eq!(
        status["parameters"]["Longest"]
            .as_str()
            .context("Longest")?,
        "3"
    );
    Ok(())
}

#[test]
fn a_server_that_is_not_there_is_told_before_anything_is_built() -> Result<()> {
    let home = Home::new()?;
    let output = Command::new(home.build().program("watchbox")?)
        .args(["dev", "--server", "http://127.0.0.1:9"])
        .arg(home.path())
        .output()?;
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    Ok(())
}
