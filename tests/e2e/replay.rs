//! Stored events, run again; and what an artifact needs, found out by running it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use watchbox_tests::{Home, Sink};

use crate::numbers::{self, LOG, RELAY, events, install_relay};

const SOON: Duration = Duration::from_secs(60);

fn lines(text: &str) -> Result<Vec<Value>> {
    text.lines()
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect()
}

#[test]
fn a_version_is_replayed_compared_and_leaves_no_trace() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    install_relay(&home, &server)?;
    let live = server.api().live(&format!("rows/{RELAY}"), None)?;
    server.api().accept_events(LOG, &events(0, 100))?;
    live.take_within(100, SOON)?;

    let replayed = server.run(&["replay", RELAY, "--since", "1h", "--json"])?;
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
    let rows = lines(&replayed.stdout)?;
    assert_eq!(numbers::numbers(&rows)?, (0..100).collect::<Vec<_>>());
    let summary: Value = serde_json::from_str(&replayed.stderr)?;
    assert_eq!(summary["end"], "done", "{summary}");
    assert_eq!(summary["events"], 100, "{summary}");

    let same = server.run(&["replay", RELAY, "--since", "1h", "--diff"])?;
    assert_eq!(same.stdout, "", "{same:#?}");
    assert!(same.stderr.contains("0 rows only replayed"), "{same:#?}");

    // Another version is uploaded, not installed, and named by the beginning of its digest.
    let changed = std::fs::read(home.artifact("relay-changed")?)?;
    let uploaded = server.api().send(
        "POST",
        "/api/v1/artifacts",
        &[("Content-Type", "application/wasm")],
        &changed,
    )?;
    let digest = uploaded.json()?["digest"]
        .as_str()
        .context("a digest")?
        .to_owned();
    let diff = server.run_ok(&[
        "replay",
        RELAY,
        "--since",
        "1h",
        "--version",
        &digest[..12],
        "--diff",
        "--json",
    ])?;
    let diff = lines(&diff)?;
    let only = |side: &str| diff.iter().filter(|line| line["only"] == side).count();
    assert_eq!((only("replayed"), only("stored")), (100, 100));
    let replayed = diff.iter().find(|line| line["only"] == "replayed");
    assert_eq!(replayed.context("a row")?["row"]["Version"], "2.0.0");

    assert_eq!(server.api().rows(RELAY)?.len(), 100);
    let table = server.api().get_json(&format!("/api/v1/table/{RELAY}"))?;
    assert_eq!(table["version"], "1.0.0");

    let wrong = server.run(&["replay", RELAY, "--since", "1h", "--version", "123456"])?;
    assert_eq!(wrong.code, Some(2), "{wrong:#?}");
    Ok(())
}

#[test]
fn a_replay_sends_nothing_and_says_what_it_would_have_sent() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let sink = Sink::start()?;
    let url = sink.url();
    let (site, path) = url.split_once("/services/").context("the webhook's path")?;
    let grants = home.file(
        "grants.yaml",
        format!("{{ clients: [ 'label:Slack' ], labels: {{ remove: [ Slack ] }}, clock: true, state: true, log: true, http: [ {{ method: POST, url: '{site}/*', secrets: [ token_url ] }} ] }}"),
    )?;
    let secret = format!("token_url=@{}", home.file("url", &url)?);
    let name = "Server.Slack.ClientsOnline";
    server.run_ok(&[
        "install",
        &home.artifact("server-slack-clientsonline")?,
        "--grants",
        &grants,
        "--secret",
        &secret,
        "--disabled",
    ])?;
    for id in ["C.one", "C.two"] {
        server.run_ok(&["client", "add", id, "--hostname", id, "--label", "Slack"])?;
        let event = format!("{{\"ClientId\":\"{id}\"}}");
        server
            .api()
            .accept_events("Generic.Client.Info", event.as_bytes())?;
    }
    let replayed = server.run(&["replay", name, "--since", "10m", "--json"])?;
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
    // Each client once: the label that the replay took off is off for the rest of it.
    let rows = lines(&replayed.stdout)?;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(rows[0]["Content"], "ok");
    let summary: Value = serde_json::from_str(&replayed.stderr)?;
    assert_eq!(summary["calls"], 2, "{summary}");
    assert_eq!(summary["labels"], 2, "{summary}");
    let target = format!("POST secret(token_url) -> {site}");
    assert_eq!(summary["targets"][0]["target"], target, "{summary}");
    assert!(!replayed.stderr.contains(path), "the URL is a secret");

    let refused = server.run(&[
        "replay",
        name,
        "--since",
        "10m",
        "--json",
        "--answer",
        "404",
        "--answer-body",
        "no_service",
    ])?;
    assert_eq!(lines(&refused.stdout)?[0]["Content"], "no_service");

    assert!(sink.received().is_empty());
    for id in ["C.one", "C.two"] {
        let client = server.api().get_json(&format!("/api/v1/clients/{id}"))?;
        assert_eq!(client["labels"], json!(["Slack"]));
    }
    Ok(())
}

#[test]
fn the_grants_that_are_proposed_are_enough_and_no_more() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let sink = Sink::start()?;
    let url = sink.url();
    let (site, path) = url.split_once("/services/").context("the webhook's path")?;
    let clients = home.file(
        "clients.ndjson",
        format!(
            "{{\"id\":\"C.one\",\"hostname\":\"WS1\",\"labels\":[\"Slack\"],\"last_seen\":{}}}\n",
            std::time::UNIX_EPOCH.elapsed()?.as_secs()
        ),
    )?;
    let component = home.artifact("server-slack-clientsonline-every-1s")?;
    let secret = format!("token_url=@{}", home.file("url", &url)?);
    let proposed = server.run_ok(&[
        "grants",
        "propose",
        &component,
        "--tick",
        "2",
        "--clients",
        &clients,
        "--secret",
        &secret,
    ])?;
    assert!(sink.received().is_empty());
    assert!(!proposed.contains(path), "{proposed}");
    for wanted in [
        "clients: [\"label:Slack\"]",
        "\"remove\":[\"Slack\"]",
        "clock: true",
        &format!("\"method\":\"POST\",\"secrets\":[\"token_url\"],\"url\":\"{site}/*\""),
    ] {
        assert!(proposed.contains(wanted), "no {wanted} in {proposed}");
    }

    let grants = home.file("proposed.yaml", &proposed)?;
    server.run_ok(&[
        "install", &component, "--grants", &grants, "--secret", &secret,
    ])?;
    server.run_ok(&[
        "client",
        "add",
        "C.one",
        "--hostname",
        "WS1",
        "--label",
        "Slack",
    ])?;
    server
        .api()
        .accept_events("Generic.Client.Info", b"{\"ClientId\":\"C.one\"}")?;
    sink.wait(SOON, |messages| !messages.is_empty())?;
    let denied = server
        .api()
        .get_json("/api/v1/audit?decision=denied&artifact=Server.Slack.ClientsOnline")?;
    assert_eq!(denied["items"], json!([]));
    Ok(())
}
