//! A store that was damaged: refused with a word that helps, looked at by `watchbox doctor`, and recovered as far as it can be read.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use watchbox_tests::{Finished, Home, Server, eventually};

use crate::numbers::{LOG, RELAY, events, install_relay, numbers};

/// Events of the store that is damaged; in blocks of a thousand.
const EVENTS: u64 = 30_000;

/// A data folder with events and their rows, its server stopped in order, or killed.
fn stored(home: &Home, is_stopped: bool) -> Result<PathBuf> {
    let server = home.server()?;
    install_relay(home, &server)?;
    server.run_ok(&["client", "add", "C.1", "--label", "Slack"])?;
    for start in (0..EVENTS).step_by(1_000) {
        server
            .api()
            .accept_events(LOG, &events(start, start + 1_000))?;
    }
    eventually(std::time::Duration::from_secs(60), || {
        let rows = server.api().rows(RELAY)?.len() as u64;
        Ok(if rows == EVENTS {
            Ok(())
        } else {
            Err(format!("{rows} rows"))
        })
    })?;
    let data = server.data().to_owned();
    if is_stopped {
        server.stop()?;
    } else {
        server.kill()?;
    }
    Ok(data)
}

/// Runs the program by itself.
fn watchbox(home: &Home, arguments: &[&str]) -> Result<Finished> {
    let output = Command::new(home.build().program("watchbox")?)
        .args(arguments)
        .output()?;
    Ok(Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout)?,
        stderr: String::from_utf8(output.stderr)?,
    })
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("no UTF-8")
}

/// What the server says when it is to start over the folder: it must refuse.
fn refusal(home: &Home, data: &Path) -> Result<String> {
    let finished = watchbox(
        home,
        &["serve", "--listen", "127.0.0.1:0", "--data", text(data)?],
    )?;
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    Ok(finished.stderr)
}

/// What `watchbox doctor` finds bad.
fn bad(home: &Home, data: &Path) -> Result<Vec<String>> {
    let finished = watchbox(home, &["doctor", "--json", "--data", text(data)?])?;
    let findings: Vec<Value> = serde_json::from_str(&finished.stdout)
        .with_context(|| format!("no findings: {finished:#?}"))?;
    let bad: Vec<_> = findings
        .iter()
        .filter(|finding| finding["verdict"] == "bad")
        .map(|finding| finding["text"].to_string())
        .collect();
    assert_eq!(finished.code, Some(i32::from(!bad.is_empty())));
    Ok(bad)
}

/// The server over what `watchbox doctor --recover` made of the folder.
fn recovered(home: &Home, data: &Path) -> Result<Server> {
    let to = home.path().join("recovered");
    let finished = watchbox(
        home,
        &["doctor", "--data", text(data)?, "--recover", text(&to)?],
    )?;
    ensure!(finished.code == Some(0), "{finished:#?}");
    assert!(finished.stdout.contains(&format!("rows of events/{LOG}")));
    assert_eq!(bad(home, &to)?, [""; 0], "the new folder is well");
    Server::start(home.build(), &to)
}

/// A recovered server goes on where the damaged one was: what is kept has its rows once, and what comes gets its own.
fn goes_on(server: &Server) -> Result<Vec<u64>> {
    let api = server.api();
    let kept = numbers(&api.log(&format!("events/{LOG}"))?)?;
    let rows = api.live(&format!("rows/{RELAY}"), None)?;
    api.accept_events(LOG, &events(EVENTS, EVENTS + 10))?;
    rows.take_within(10, std::time::Duration::from_secs(60))?;
    eventually(std::time::Duration::from_secs(60), || {
        let table = api.get_json(&format!("/api/v1/table/{RELAY}"))?;
        Ok(if table["lag"] == 0 {
            Ok(())
        } else {
            Err(table.to_string())
        })
    })?;
    let rows = numbers(&api.rows(RELAY)?)?;
    assert!(
        rows.windows(2).all(|pair| pair[0] < pair[1]),
        "a row came twice"
    );
    let labels = &api.get_json("/api/v1/clients/C.1")?["labels"];
    assert_eq!(*labels, serde_json::json!(["Slack"]));
    Ok(kept)
}

#[test]
fn a_file_that_was_cut_short_is_refused_by_name_and_recovered() -> Result<()> {
    let home = Home::new()?;
    let data = stored(&home, true)?;
    assert_eq!(bad(&home, &data)?, [""; 0]);
    let file = data.join("watchbox.db");
    let length = fs::metadata(&file)?.len();
    fs::File::options()
        .write(true)
        .open(&file)?
        .set_len(length * 9 / 10)?;
    let refusal = refusal(&home, &data)?;
    for word in [text(&file)?, "cut short", "watchbox doctor"] {
        assert!(refusal.contains(word), "{refusal}");
    }
    assert!(!bad(&home, &data)?.is_empty());
    let kept = goes_on(&recovered(&home, &data)?)?;
    assert!(kept.len() as u64 > EVENTS / 2, "{} events", kept.len());
    Ok(())
}

#[test]
fn a_file_whose_beginning_is_garbage_is_refused_by_name_and_recovered() -> Result<()> {
    let home = Home::new()?;
    let data = stored(&home, true)?;
    let file = data.join("watchbox.db");
    let mut bytes = fs::read(&file)?;
    bytes[..100].fill(0x5a);
    fs::write(&file, bytes)?;
    let refusal = refusal(&home, &data)?;
    for word in [text(&file)?, "watchbox doctor"] {
        assert!(refusal.contains(word), "{refusal}");
    }
    let kept = goes_on(&recovered(&home, &data)?)?;
    assert_eq!(kept, (0..EVENTS).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn garbage_in_the_middle_costs_what_stood_there_and_is_told() -> Result<()> {
    let home = Home::new()?;
    let data = stored(&home, true)?;
    let file = data.join("watchbox.db");
    let mut bytes = fs::read(&file)?;
    let middle = bytes.len() / 2 / 8192 * 8192;
    bytes[middle..middle + 8 * 8192].fill(0xa5);
    fs::write(&file, bytes)?;
    let found = bad(&home, &data)?;
    assert!(!found.is_empty(), "the doctor sees nothing");
    let kept = goes_on(&recovered(&home, &data)?)?;
    assert!(kept.len() as u64 > EVENTS / 2, "{} events", kept.len());
    Ok(())
}

#[test]
fn a_write_ahead_log_without_its_beginning_is_refused_by_name() -> Result<()> {
    let home = Home::new()?;
    let data = stored(&home, false)?;
    let log = data.join("watchbox.db-wal");
    let mut bytes = fs::read(&log)?;
    bytes[..32].fill(0x5a);
    fs::write(&log, bytes)?;
    let refusal = refusal(&home, &data)?;
    for word in [text(&log)?, "watchbox doctor"] {
        assert!(refusal.contains(word), "{refusal}");
    }
    assert!(bad(&home, &data)?.iter().any(|text| text.contains("-wal")));
    Ok(())
}

#[test]
fn a_write_ahead_log_that_is_damaged_further_on_is_read_up_to_there_and_told_of() -> Result<()> {
    let home = Home::new()?;
    let data = stored(&home, false)?;
    let log = data.join("watchbox.db-wal");
    let mut bytes = fs::read(&log)?;
    // Its changes of pages, as far as they are of its present round: behind them there may be what an earlier one left.
    let frame = |number: usize| 32 + number * (24 + 8192);
    let of_this_round = |number: &usize| {
        let salt = frame(*number) + 8;
        bytes.get(salt..salt + 8) == Some(&bytes[16..24])
    };
    let changes = (0..).take_while(of_this_round).count();
    let middle = frame(changes / 2) + 24;
    bytes[middle..middle + 100].fill(0x5a);
    fs::write(&log, bytes)?;
    let finished = watchbox(&home, &["doctor", "--data", text(&data)?])?;
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(finished.stdout.contains("notice"), "{finished:#?}");
    // It looks like what a power cut leaves, so the server starts; it says what it saw.
    let server = home.server()?;
    let kept = numbers(&server.api().log(&format!("events/{LOG}"))?)?;
    assert_eq!(kept, (0..kept.len() as u64).collect::<Vec<_>>());
    assert!(server.log()?.contains("can't be read to its end"));
    Ok(())
}

#[test]
fn the_doctor_leaves_a_running_server_alone() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let finished = watchbox(&home, &["doctor", "--data", text(server.data())?])?;
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    assert!(finished.stderr.contains("another server"), "{finished:#?}");
    server.api().accept_events(LOG, &events(0, 1))?;
    Ok(())
}

#[test]
fn the_doctor_tells_what_others_could_read() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new()?;
    let server = home.server()?;
    let data = server.data().to_owned();
    server.stop()?;
    assert_eq!(bad(&home, &data)?, [""; 0]);
    let token = data.join("admin.token");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644))?;
    let found = bad(&home, &data)?;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains(text(&token)?), "{found:#?}");
    let missing = watchbox(&home, &["doctor", "--data", text(home.path())?])?;
    assert_eq!(missing.code, Some(1), "{missing:#?}");
    Ok(())
}
