//! `watchbox test`: the cases of this repository's artifacts, and what it says of those that do not hold.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use anyhow::Result;
use serde_json::{Value, json};
use watchbox_tests::{Home, LANGUAGES};

/// Runs `watchbox test ARGUMENTS` with a component that is built already.
fn play(home: &Home, folder: &Path, component: &str, more: &[&str]) -> Result<Output> {
    let component = home.artifact(component)?;
    Ok(Command::new(home.build().program("watchbox")?)
        .arg("test")
        .arg(folder)
        .args(["--component", &component])
        .args(more)
        .output()?)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_cases_of_every_artifact_hold() -> Result<()> {
    let home = Home::new()?;
    for folder in fs::read_dir(home.build().root().join("plugins"))? {
        let folder = folder?.path();
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let played = play(&home, &folder, &name, &[])?;
        assert!(played.status.success(), "{}", text(&played));
    }
    Ok(())
}

#[test]
fn the_same_artifact_passes_the_same_cases_in_every_language() -> Result<()> {
    let home = Home::new()?;
    for language in LANGUAGES {
        let sdk = home.build().root().join("plugin-sdk").join(language);
        let component = format!("powershell-encodedcommand-{language}");
        let played = play(
            &home,
            &sdk.join("examples/powershell-encodedcommand"),
            &component,
            &["--json"],
        )?;
        assert!(played.status.success(), "{}", text(&played));
        let told: Value = serde_json::from_slice(&played.stdout)?;
        assert!(told["turns"].as_u64() > Some(50), "{told}");
        assert_eq!(told["failed"], 0);
    }
    Ok(())
}

const CASE: &str = "\
# What the relay gives.
turns:
  - name: numbers
    events:
      - { ClientId: C.1, Number: 1 }
      - { ClientId: C.1, Number: 2 }
    # As they came.
    rows:
      - { Number: 1, Version: 1.0.0 }
      - { Number: 3, Version: 1.0.0 }
  - name: nothing
    events: []
";

#[test]
fn what_differs_is_told_and_can_be_written_down() -> Result<()> {
    let home = Home::new()?;
    fs::create_dir(home.path().join("cases"))?;
    let file = home.file("cases/numbers.yaml", CASE)?;
    let report = home.path().join("junit.xml").display().to_string();
    let played = play(&home, home.path(), "relay", &["--junit", &report])?;
    let told = text(&played);
    assert_eq!(played.status.code(), Some(1), "{told}");
    for wanted in [
        "numbers.yaml:3: numbers",
        "-     \"Number\": 3,",
        "+     \"Number\": 2,",
        "1 case, 2 turns: 1 not as wanted",
    ] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    let report = fs::read_to_string(report)?;
    assert!(
        report.contains("tests=\"2\"") && report.contains("failures=\"1\""),
        "{report}"
    );

    let updated = play(&home, home.path(), "relay", &["--update"])?;
    assert!(updated.status.success(), "{}", text(&updated));
    let wanted = CASE.replace(
        "{ Number: 3, Version: 1.0.0 }",
        "{ Number: 2, Version: \"1.0.0\" }",
    );
    let wanted = wanted.replace(
        "{ Number: 1, Version: 1.0.0 }",
        "{ Number: 1, Version: \"1.0.0\" }",
    );
    assert_eq!(fs::read_to_string(&file)?, wanted);
    let again = play(&home, home.path(), "relay", &["--json"])?;
    assert!(again.status.success(), "{}", text(&again));
    let again: Value = serde_json::from_slice(&again.stdout)?;
    assert_eq!(again["cases"][0]["turns"][0]["differences"], json!([]));
    Ok(())
}

#[test]
fn a_mistake_in_a_case_is_told_with_its_line() -> Result<()> {
    let home = Home::new()?;
    fs::create_dir(home.path().join("cases"))?;
    for (case, wanted) in [
        (
            "turns:\n  - name: x\n    row: []\n",
            "a.yaml:3: turns[0].row: no such field (did you mean `rows`?)",
        ),
        (
            "turns:\n  - name: x\n    tick: 1\n",
            "a.yaml:2\n  because Test.Relay has no schedule",
        ),
        (
            "turns:\n  - name: x\n    events: [ { Number: 1 } ]\n",
            "a.yaml:3: this is no event",
        ),
        ("parameters: { X: 1 }\nturns: []\n", "no such parameter"),
    ] {
        home.file("cases/a.yaml", case)?;
        let played = play(&home, home.path(), "relay", &[])?;
        let told = text(&played);
        assert_eq!(played.status.code(), Some(1), "{told}");
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    Ok(())
}
