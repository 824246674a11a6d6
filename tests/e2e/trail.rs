//! The audit trail: that it can be checked, followed and taken away, and that no forgery of it goes unseen.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Stdio,
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use watchbox_tests::{Home, Server};

use crate::numbers::{LOG, RELAY, events, install_relay};

/// A server that has done something, stopped again.
fn lived(home: &Home) -> Result<()> {
    let server = home.server()?;
    install_relay(home, &server)?;
    let mut rows = server.api().live(&format!("rows/{RELAY}"), None)?;
    server.api().accept_events(LOG, &events(0, 3))?;
    rows.by_ref().take(3).for_each(drop);
    for client in ["C.1", "C.2", "C.3"] {
        server.run_ok(&["client", "add", client, "--label", "Slack"])?;
    }
    server.stop()?;
    Ok(())
}

fn change(home: &Home, sql: &str) -> Result<()> {
    let raw = rusqlite::Connection::open(home.data().join("watchbox.db"))?;
    raw.execute_batch(sql)?;
    Ok(())
}

fn verify(server: &Server, arguments: &[&str]) -> Result<(Option<i32>, String)> {
    let finished = server.run(&[&["audit", "verify"], arguments].concat())?;
    Ok((finished.code, finished.stdout + &finished.stderr))
}

#[test]
fn what_the_server_did_can_be_verified_here_and_elsewhere() -> Result<()> {
    let home = Home::new()?;
    lived(&home)?;
    let server = home.server()?;
    let (code, told) = verify(&server, &[])?;
    ensure!(
        code == Some(0) && told.contains("the trail is whole"),
        "{told}"
    );
    let key = told
        .split("--public-key ")
        .nth(1)
        .context("the key")?
        .trim();
    let (code, told) = verify(&server, &["--public-key", key])?;
    ensure!(code == Some(0), "{told}");

    let file = home.path().join("trail.ndjson");
    let file = file.to_str().context("UTF-8")?;
    server.run_ok(&["audit", "export", file])?;
    let again = server.run(&["audit", "export", file])?;
    ensure!(again.code == Some(1), "it writes over nothing: {again:?}");
    let kept = server.run_ok(&["audit", "checkpoints", "--json"])?;
    let kept = home.file("kept", kept)?;
    let logged = server.log()?;
    ensure!(logged.contains("the audit trail was signed"), "{logged}");
    server.stop()?;

    // The file needs no server.
    let server = home.server()?;
    let file_alone = &[file, "--public-key", key, "--checkpoints", &kept];
    let (code, told) = verify(&server, file_alone)?;
    ensure!(code == Some(0), "{told}");
    let text = fs::read_to_string(file)?;
    fs::write(file, text.replacen("\"C.2", "\"C.9", 1))?;
    let (code, told) = verify(&server, &[file])?;
    ensure!(code == Some(1) && told.contains("was changed"), "{told}");
    Ok(())
}

#[test]
fn each_kind_of_forgery_is_named_with_its_place() -> Result<()> {
    for (sql, told) in [
        (
            "UPDATE audit SET actor = 'token:nobody' WHERE id = 3",
            "record 3 was changed",
        ),
        (
            "DELETE FROM audit WHERE id = 3",
            "records 3 to 3 were removed",
        ),
        (
            "DELETE FROM audit WHERE id < 3",
            "records 1 to 2 were removed",
        ),
        (
            "UPDATE audit SET id = 1000 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 4; UPDATE audit SET id = 4 WHERE id = 1000;",
            "record 3 was changed",
        ),
        (
            "DELETE FROM audit WHERE id > 3; UPDATE sqlite_sequence SET seq = 3 WHERE name = 'audit'",
            "were removed from its end",
        ),
        (
            "DELETE FROM checkpoints; DELETE FROM audit; UPDATE sqlite_sequence SET seq = 0 WHERE name = 'audit'",
            "were removed from its end",
        ),
        (
            "UPDATE checkpoints SET hash = zeroblob(32)",
            "was not signed with this key",
        ),
    ] {
        let home = Home::new()?;
        lived(&home)?;
        change(&home, sql)?;
        let server = home.server()?;
        let (code, found) = verify(&server, &[])?;
        ensure!(code == Some(1) && found.contains(told), "{sql}: {found}");
    }
    Ok(())
}

/// Somebody who has the whole data folder, and so the server's own key and what stands beside it, can begin anew: what was kept elsewhere tells.
#[test]
fn what_was_kept_elsewhere_tells_on_whoever_has_the_key() -> Result<()> {
    let home = Home::new()?;
    lived(&home)?;
    let server = home.server()?;
    let kept = home.file("kept", server.run_ok(&["audit", "checkpoints", "--json"])?)?;
    server.stop()?;
    // A trail begun anew.
    fs::remove_file(home.data().join("audit.key.checkpoint"))?;
    change(
        &home,
        "DELETE FROM audit; DELETE FROM checkpoints; UPDATE sqlite_sequence SET seq = 0 WHERE name = 'audit'",
    )?;
    let server = home.server()?;
    let (code, told) = verify(&server, &[])?;
    ensure!(
        code == Some(1) && told.contains("nothing of the trail is signed"),
        "{told}"
    );
    server.run_ok(&["client", "add", "C.9"])?;
    server.stop()?;
    let server = home.server()?;
    let (code, told) = verify(&server, &[])?;
    ensure!(code == Some(0), "by itself it is whole: {told}");
    let (code, told) = verify(&server, &["--checkpoints", &kept])?;
    ensure!(
        code == Some(1) && told.contains("a checkpoint was signed over others"),
        "{told}"
    );

    // And the server's log kept what it had signed.
    let log = server.log()?;
    let logged = log
        .lines()
        .filter(|line| line.contains("the audit trail was signed"))
        .filter_map(|line| {
            let json = line.split_once("signed=")?.1;
            let text: String = serde_json::from_str(json.trim()).ok()?;
            Some(text + "\n")
        })
        .collect::<String>();
    ensure!(!logged.is_empty(), "{log}");
    let logged = home.file("logged", logged)?;
    let (code, told) = verify(&server, &["--checkpoints", &logged])?;
    ensure!(code == Some(1), "{told}");
    Ok(())
}

#[test]
fn the_trail_can_be_followed() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let mut tail = server
        .command()
        .args(["audit", "tail", "--json", "--capability", "admin"])
        .stdout(Stdio::piped())
        .spawn()?;
    let output = tail.stdout.take().context("its output")?;
    let (sender, lines) = channel();
    thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        lines.for_each(|line| _ = sender.send(line));
    });
    // It is there once something comes of what is done; a client is put again and again until then.
    let mut tries = 0..100;
    let first = loop {
        tries.next().context("nothing comes of it")?;
        server.run_ok(&["client", "add", "C.1", "--hostname", "WS1"])?;
        if let Ok(line) = lines.recv_timeout(Duration::from_millis(200)) {
            break line;
        }
    };
    let record: Value = serde_json::from_str(&first)?;
    ensure!(
        record["capability"] == "admin" && record["actor"] == "token:admin",
        "{record}"
    );
    tail.kill()?;
    tail.wait()?;
    Ok(())
}
