//! Secrets of the real server: set while it runs, listed by name, their key changed, lost and put elsewhere.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::channel,
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use watchbox_tests::{Home, Server, Sink, eventually};

use crate::numbers::{LOG, events};

const COURIER: &str = "Test.Courier";
const SOON: Duration = Duration::from_secs(60);

/// Installs the courier, which posts to its secret webhook. It may post to any path of the sink.
fn install(home: &Home, server: &Server, sink: &Sink) -> Result<()> {
    let url = sink.url();
    let (site, _) = url.split_once("/services/").context("no path")?;
    let grants = format!(
        "http: [ {{ method: POST, url: \"{site}/*\", secrets: [hook] }} ]\nlimits: {{ tries: 2 }}\n"
    );
    let grants = home.file("grants.yaml", grants)?;
    let secret = format!("hook=@{}", home.file("hook", &url)?);
    let component = home.artifact("courier")?;
    server
        .run_ok(&[
            "install", &component, "--grants", &grants, "--secret", &secret,
        ])
        .map(drop)
}

/// Waits until `count` messages were accepted.
fn accepted(sink: &Sink, count: usize) -> Result<()> {
    sink.wait(SOON, |received| {
        received.iter().filter(|message| message.accepted()).count() >= count
    })
    .map(drop)
}

fn line(server: &Server) -> Result<Value> {
    server.api().get_json(&format!("/api/v1/table/{COURIER}"))
}

#[test]
fn a_secret_is_set_without_a_restart_and_listed_by_its_name() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let (first, second) = (Sink::start()?, Sink::start()?);
    install(&home, &server, &first)?;
    server.api().accept_events(LOG, &events(0, 2))?;
    accepted(&first, 2)?;

    let url = second.url();
    let (site, _) = url.split_once("/services/").context("no path")?;
    let grants = home.file(
        "grants.yaml",
        format!("http: [ {{ method: POST, url: \"{site}/*\", secrets: [hook] }} ]\n"),
    )?;
    server.run_ok(&["upgrade", COURIER, "--grants", &grants])?;
    let file = home.file("hook", format!("{url}\n"))?;
    let said = server.run_ok(&["secrets", "set", COURIER, "hook", "--file", &file])?;
    assert!(said.contains("from its next turn on"), "{said}");
    server.api().accept_events(LOG, &events(2, 4))?;
    accepted(&second, 2)?;
    assert_eq!(first.received().len(), 2, "nothing more goes there");

    let listed = server.run_ok(&["secrets", "list"])?;
    assert!(
        listed.contains("token:admin") && listed.contains(&format!("POST {site}/*")),
        "{listed}"
    );
    assert!(!listed.contains("/services/"), "{listed}");
    let one: Value =
        serde_json::from_str(&server.run_ok(&["secrets", "list", COURIER, "--json"])?)?;
    assert_eq!(one[0]["parameter"], "hook");
    assert_eq!(one[0]["set"], true);
    let audit = server.run_ok(&["audit", "--artifact", COURIER])?;
    assert!(
        audit.contains("set-secret") && !audit.contains("/services/"),
        "{audit}"
    );

    let unknown = server.run(&["secrets", "set", COURIER, "hok", "--file", &file])?;
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
    assert!(unknown.stderr.contains("its secrets: hook"), "{unknown:?}");
    let reader = server.api().send_json(
        "POST",
        "/api/v1/tokens",
        &json!({"name": "eyes", "role": "analyst"}),
    )?;
    let reader = server.api().with_token(reader["token"].as_str());
    assert_eq!(reader.get("/api/v1/secrets")?.status, 200);
    for (method, path) in [
        ("POST", "/api/v1/secrets/rotate"),
        ("PUT", "/api/v1/table/Test.Courier/secrets/hook"),
    ] {
        let answer = reader.send(
            method,
            path,
            &[("Content-Type", "application/json")],
            b"{\"value\":\"x\"}",
        )?;
        assert_eq!(answer.status, 403, "{path}");
    }
    Ok(())
}

#[test]
fn a_key_is_changed_while_the_server_runs_and_the_old_one_is_gone() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let sink = Sink::start()?;
    install(&home, &server, &sink)?;
    let key = home.data().join("secrets.key");
    let old = fs::read(&key)?;
    let rotated: Value = serde_json::from_str(&server.run_ok(&["secrets", "rotate", "--json"])?)?;
    assert_eq!(
        rotated["sealed"], 2,
        "what runs, and its line in the history"
    );
    assert_ne!(fs::read(&key)?, old);
    server.api().accept_events(LOG, &events(0, 1))?;
    accepted(&sink, 1)?;
    drop(server);
    let server = home.server()?;
    server.api().accept_events(LOG, &events(1, 2))?;
    accepted(&sink, 2)?;

    // The old key, put back by mistake, is told from the new one.
    drop(server);
    let new = fs::read(&key)?;
    fs::write(&key, &old)?;
    let server = home.server()?;
    let aside = eventually(SOON, || {
        let line = line(&server)?;
        Ok(if line["phase"] == "quarantined" {
            Ok(line)
        } else {
            Err(line.to_string())
        })
    })?;
    let reason = aside["quarantine"]["reason"]
        .as_str()
        .context("no reason")?;
    let [was, is] =
        ["previous", "key"].map(|which| rotated[which].as_str().unwrap_or_default().to_owned());
    assert!(reason.contains(&was) && reason.contains(&is), "{reason}");
    drop(server);
    fs::write(&key, &new)?;
    let server = home.server()?;
    server.api().accept_events(LOG, &events(2, 3))?;
    accepted(&sink, 3)
}

/// The server is killed at random moments while keys are changed again and again: each start after it opens every secret.
#[test]
fn killed_while_keys_are_changed_it_starts_with_every_secret() -> Result<()> {
    const ROUNDS: u64 = 8;
    let home = Home::new()?;
    let sink = Sink::start()?;
    let server = home.server()?;
    install(&home, &server, &sink)?;
    drop(server);
    for round in 0..ROUNDS {
        let server = home.server()?;
        server.api().accept_events(LOG, &events(round, round + 1))?;
        accepted(&sink, usize::try_from(round)? + 1)?;
        let api = server.api().clone();
        let (told, changed) = channel();
        // Changes keys until the server is gone.
        let rotations = std::thread::spawn(move || {
            let rotate = || api.send_json("POST", "/api/v1/secrets/rotate", &json!({}));
            while rotate().is_ok() && told.send(()).is_ok() {}
        });
        // Some are done, and then it is killed in the midst of the next.
        for _ in 0..=round % 3 {
            changed.recv_timeout(SOON).context("keys are changed")?;
        }
        server.kill_now()?;
        rotations.join().map_err(|_| anyhow::anyhow!("a panic"))?;
        drop(server);
        let left = fs::read_dir(home.data())?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with("secrets.key"))
            .collect::<Vec<_>>();
        println!("round {round}: {left:?}");
    }
    let server = home.server()?;
    let listed: Value = serde_json::from_str(&server.run_ok(&["secrets", "list", "--json"])?)?;
    assert_eq!(listed[0]["set"], true, "{listed}");
    server
        .api()
        .accept_events(LOG, &events(ROUNDS, ROUNDS + 1))?;
    accepted(&sink, usize::try_from(ROUNDS)? + 1)?;
    assert!(!home.data().join("secrets.key.next").exists());
    Ok(())
}

#[test]
fn the_key_can_lie_outside_of_the_data_folder() -> Result<()> {
    let home = Home::new()?;
    let sink = Sink::start()?;
    let keys = home.path().join("keys");
    fs::create_dir(&keys)?;
    let key = keys.join("watchbox.key");
    let config = home.file("settings.yaml", format!("secrets_key: {}\n", key.display()))?;
    let start = || Server::start_with(home.build(), &home.data(), &["--config", &config]);
    let server = start()?;
    install(&home, &server, &sink)?;
    assert!(!home.data().join("secrets.key").exists());
    assert_eq!(fs::metadata(&key)?.permissions().mode() & 0o777, 0o600);
    server.run_ok(&["secrets", "rotate"])?;
    drop(server);
    let server = start()?;
    server.api().accept_events(LOG, &events(0, 1))?;
    accepted(&sink, 1)?;
    drop(server);

    for mode in [0o640, 0o604] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode))?;
        let refused = start().err().context("it started")?;
        let said = format!("{refused:#}");
        assert!(
            said.contains("chmod 600") && said.contains("watchbox.key"),
            "{said}"
        );
        fs::remove_file(log_of(&home))?;
    }
    Ok(())
}

/// Runs the server where core dumps are allowed, and has it crash.
fn crash(home: &Home, folder: &Path, settings: &str) -> Result<(String, bool)> {
    let config = home.file("settings.yaml", settings)?;
    let watchbox = home.build().program("watchbox")?;
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -c unlimited; exec \"$0\" serve --listen 127.0.0.1:0 --data \"$1\" --config \"$2\""])
        .arg(watchbox)
        .arg(folder.join("data"))
        .arg(config)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let stdout = child.stdout.take().context("stdout")?;
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line)?;
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id()))?;
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core = core.context("no limit of core files")?.to_owned();
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(child.id().try_into()?),
        nix::sys::signal::Signal::SIGABRT,
    )?;
    let status = child.wait()?;
    Ok((core, status.core_dumped()))
}

#[test]
fn a_crash_writes_no_memory_to_a_file() -> Result<()> {
    let home = Home::new()?;
    let folder = home.path().join("prevented");
    fs::create_dir(&folder)?;
    let (limit, dumped) = crash(&home, &folder, "core_dumps: false\n")?;
    assert!(!dumped);
    let words: Vec<&str> = limit.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{limit}");
    let left: Vec<_> = fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<Result<_>>()?;
    assert_eq!(left, ["data"], "no core file");

    let folder = home.path().join("allowed");
    fs::create_dir(&folder)?;
    let (limit, _) = crash(&home, &folder, "core_dumps: true\n")?;
    assert!(limit.contains("unlimited"), "{limit}");
    Ok(())
}

fn log_of(home: &Home) -> std::path::PathBuf {
    home.path().join("data.log")
}
