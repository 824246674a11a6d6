//! A new version beside the old one.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use watchbox_tests::{Home, Reply, Server, Sink, eventually};

use crate::numbers::{LOG, RELAY, events, install_relay};

const SOON: Duration = Duration::from_secs(60);

/// Waits until the shadow's report says so.
fn report(server: &Server, name: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    eventually(SOON, || {
        let text = server.run_ok(&["shadow", "report", name, "--json"])?;
        let report: Value = serde_json::from_str(&text)?;
        Ok(if holds(&report) {
            Ok(report)
        } else {
            Err(report.to_string())
        })
    })
}

#[test]
fn a_shadow_is_compared_promoted_and_leaves_the_rows_alone() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    install_relay(&home, &server)?;
    let changed = home.artifact("relay-changed")?;
    let live = server.api().live(&format!("rows/{RELAY}"), None)?;
    server.api().accept_events(LOG, &events(0, 10))?;
    live.take_within(10, SOON)?;

    let started = server.run_ok(&["upgrade", RELAY, &changed, "--shadow"])?;
    assert!(started.contains("has a shadow: 2.0.0"), "{started}");
    let table = server.run_ok(&["table"])?;
    assert!(table.contains("1.0.0 (shadow 2.0.0)"), "{table}");
    server.api().accept_events(LOG, &events(10, 30))?;
    let rows = live.take_within(20, SOON)?;
    assert!(rows.iter().all(|row| row.row["Version"] == "1.0.0"));

    let report = report(&server, RELAY, |report| {
        report["only_shadow"]["rows"] == 20 && report["only_live"]["rows"] == 20
    })?;
    assert_eq!(
        (&report["same"], &report["failures"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(report["only_shadow"]["examples"][0]["Version"], "2.0.0");
    let text = server.run_ok(&["shadow", "report", RELAY])?;
    assert!(text.contains("Only shadow (+)  20"), "{text}");

    let promoted = server.run_ok(&["shadow", "promote", RELAY])?;
    assert!(promoted.contains("is now Test.Relay 2.0.0"), "{promoted}");
    server.api().accept_events(LOG, &events(30, 40))?;
    let rows = live.take_within(10, SOON)?;
    assert!(rows.iter().all(|row| row.row["Version"] == "2.0.0"));
    assert_eq!(server.api().rows(RELAY)?.len(), 40);
    let gone = server.run(&["shadow", "report", RELAY])?;
    assert_eq!(gone.code, Some(3), "{gone:#?}");
    Ok(())
}

#[test]
fn a_shadow_sends_nothing_and_ends_with_the_server() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let sink = Sink::start()?;
    let url = sink.url();
    let (site, _) = url.split_once("/services/").context("the webhook's path")?;
    let name = "Server.Slack.ClientsOnline";
    let folder = home
        .build()
        .root()
        .join("plugins/server-slack-clientsonline");
    let grants = fs::read_to_string(folder.join("grants.yaml"))?;
    let grants = home.file(
        "grants.yaml",
        grants.replace("https://hooks.slack.com", site),
    )?;
    let secret = format!("token_url=@{}", home.file("url", &url)?);
    let component = home.artifact("server-slack-clientsonline-every-1s")?;
    server.run_ok(&[
        "install", &component, "--grants", &grants, "--secret", &secret,
    ])?;
    server.run_ok(&["upgrade", name, &component, "--shadow"])?;

    // The webhook is busy at first, so that the label is there for as long as the shadow needs to see it.
    sink.answer_next([Reply::TooMany(2)]);
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
    let report = report(&server, name, |report| report["same"] == 1)?;
    assert_eq!(report["calls"], 1, "{report}");
    assert_eq!(
        report["targets"][0]["target"],
        format!("POST secret(token_url) -> {site}")
    );
    assert_eq!(sink.received().len(), 2, "the installation's two tries");
    assert_eq!(sink.accepted().len(), 1);

    assert_eq!(server.stop()?.code(), Some(0));
    let server = home.server()?;
    let gone = server.run(&["shadow", "report", name])?;
    assert_eq!(gone.code, Some(3), "{gone:#?}");
    assert!(
        gone.stderr.contains("a restart of the server ends it"),
        "{gone:#?}"
    );
    Ok(())
}
