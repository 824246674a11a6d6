//! Versions of an installed artifact: gone back to, by hand and by the server itself; waiting for approval; set aside.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::Value;
use watchbox_tests::{Api, Home, Server, Sink, eventually};

use crate::numbers::{LOG, RELAY, events, install_relay, numbers};

const COURIER: &str = "Test.Courier";
const SOON: Duration = Duration::from_secs(60);

fn line(api: &Api, name: &str) -> Result<Value> {
    api.get_json(&format!("/api/v1/table/{name}"))
}

/// Waits until the installation `name` stands so.
fn until(api: &Api, name: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    eventually(SOON, || {
        let line = line(api, name)?;
        Ok(if holds(&line) {
            Ok(line)
        } else {
            Err(line.to_string())
        })
    })
}

/// How each version of `name` came, oldest first.
fn history(api: &Api, name: &str) -> Result<Vec<String>> {
    let versions = api.get_json(&format!("/api/v1/table/{name}/versions"))?;
    let mut lines: Vec<String> = versions["items"]
        .as_array()
        .context("no list")?
        .iter()
        .map(|version| {
            let text = |field: &str| version[field].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text("version"), text("how"), text("by"))
        })
        .collect();
    lines.reverse();
    Ok(lines)
}

/// Installs the courier, which may post to `sink`; tries are few, so that a test need not wait for many.
fn install_courier(home: &Home, server: &Server, sink: &Sink) -> Result<()> {
    let grants = format!(
        "http: [ {{ method: POST, url: \"{}\", secrets: [hook] }} ]\nclock: true\nlimits: {{ tries: 2 }}\n",
        sink.url()
    );
    let grants = home.file("grants.yaml", grants)?;
    let hook = home.file("hook", sink.url())?;
    server.run_ok(&[
        "install",
        &home.artifact("courier")?,
        "--grants",
        &grants,
        "--secret",
        &format!("hook=@{hook}"),
    ])?;
    Ok(())
}

#[test]
fn a_version_that_fails_at_first_hands_its_batch_back_and_no_message_is_sent_twice() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let api = server.api();
    let sink = Sink::start()?;
    install_courier(&home, &server, &sink)?;
    let rows = api.live(&format!("rows/{COURIER}"), None)?;
    api.accept_events(LOG, &events(0, 3))?;
    rows.take_within(3, SOON)?;

    server.run_ok(&["upgrade", COURIER, &home.artifact("courier-faulty")?])?;
    assert_eq!(line(api, COURIER)?["probation"], true);
    api.accept_events(LOG, &events(3, 8))?;
    let handed_back = rows.take_within(5, SOON)?;
    assert!(
        handed_back.iter().all(|row| row.row["Version"] == "1.0.0"),
        "{handed_back:#?}"
    );
    api.accept_events(LOG, &events(8, 10))?;
    rows.take_within(2, SOON)?;

    let mut told: BTreeMap<String, u32> = BTreeMap::new();
    for received in sink.received() {
        *told.entry(received.text.unwrap_or_default()).or_default() += 1;
    }
    let once: BTreeMap<String, u32> = (0..10).map(|n| (format!("number {n}"), 1)).collect();
    assert_eq!(told, once, "each is told of once");
    assert_eq!(numbers(&api.rows(COURIER)?)?, (0..10).collect::<Vec<_>>());
    assert_eq!(
        api.get_json("/api/v1/dead-letters")?["items"],
        serde_json::json!([])
    );
    assert_eq!(
        history(api, COURIER)?,
        [
            "1.0.0 install token:admin",
            "2.0.0 upgrade token:admin",
            "1.0.0 automatic-rollback watchbox"
        ]
    );
    let listed = server.run_ok(&["versions", COURIER])?;
    assert!(
        listed.contains("automatic-rollback to 1") && listed.contains("the artifact failed"),
        "{listed}"
    );
    let metrics = api.get("/metrics")?;
    assert!(
        metrics.text()?.contains("watchbox_rollbacks_total{"),
        "the metric"
    );
    Ok(())
}

#[test]
fn an_upgrade_changes_the_parameters_that_are_named_and_no_others() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let component = home.artifact("server-mail-alert")?;
    let given = ["--param", "Log=Test.Alerts", "--param", "To=a@example.org"];
    let installed = server.run(&[&["install", &component], &given[..]].concat())?;
    // This server has none.
    let warned = installed
        .stderr
        .contains("it sends mail, and no relay is set");
    assert!(installed.code == Some(0) && warned, "{installed:#?}");
    let name = "Server.Mail.Alert";
    let parameters = || Ok::<_, anyhow::Error>(line(server.api(), name)?["parameters"].clone());
    server.run_ok(&["upgrade", name, "--param", "To=b@example.org"])?;
    let kept = serde_json::json!({"Log": "Test.Alerts", "To": "b@example.org"});
    assert_eq!(parameters()?, kept);
    server.run_ok(&["upgrade", name, &component, "--param", "MaxMails=7"])?;
    let more = serde_json::json!({"Log": "Test.Alerts", "To": "b@example.org", "MaxMails": "7"});
    assert_eq!(parameters()?, more);
    server.run_ok(&["upgrade", name, "--default", "MaxMails"])?;
    assert_eq!(parameters()?, kept);
    let needed = server.run(&["upgrade", name, "--default", "Log"])?;
    assert!(
        needed.code != Some(0) && needed.stderr.contains("Log"),
        "{needed:#?}"
    );
    assert_eq!(parameters()?, kept, "it has no default");
    Ok(())
}

#[test]
fn every_earlier_version_is_one_command_away() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let api = server.api();
    install_relay(&home, &server)?;
    server.run_ok(&["upgrade", RELAY, &home.artifact("relay-changed")?])?;
    let version = |number: u64, wanted: &str| -> Result<()> {
        let rows = api.live(&format!("rows/{RELAY}"), None)?;
        api.accept_events(LOG, &events(number, number + 1))?;
        let row = rows.next_within(SOON)?.row;
        assert_eq!(row["Version"], wanted, "{row}");
        Ok(())
    };
    version(0, "2.0.0")?;
    let said = server.run_ok(&["rollback", RELAY])?;
    assert!(said.contains("back at Test.Relay 1.0.0"), "{said}");
    version(1, "1.0.0")?;
    // There is nothing before the first; what was given up is reached by its name only.
    let refused = server.run(&["rollback", RELAY])?;
    assert_eq!(refused.code, Some(3), "{refused:?}");
    server.run_ok(&["rollback", RELAY, "--to", "2.0.0"])?;
    version(2, "2.0.0")?;
    let digest = line(api, RELAY)?["previous"]
        .as_str()
        .context("no digest")?
        .to_owned();
    server.run_ok(&["rollback", RELAY, "--to", &digest[..12]])?;
    version(3, "1.0.0")?;

    let audit = server.run_ok(&["audit", "--artifact", RELAY])?;
    assert_eq!(audit.matches("rollback").count(), 3, "{audit}");
    drop(server);
    let server = home.server()?;
    assert_eq!(history(server.api(), RELAY)?.len(), 5);
    assert_eq!(
        numbers(&server.api().rows(RELAY)?)?,
        (0..4).collect::<Vec<_>>()
    );
    Ok(())
}

#[test]
fn a_version_that_wants_more_waits_for_approval_over_a_restart() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let sink = Sink::start()?;
    install_courier(&home, &server, &sink)?;
    let narrower = format!(
        "http: [ {{ method: POST, url: \"{}\", secrets: [hook] }} ]\n",
        sink.url()
    );
    let narrower = home.file("narrower.yaml", narrower)?;
    server.run_ok(&["upgrade", COURIER, "--grants", &narrower])?;
    let said = server.run_ok(&["upgrade", COURIER, &home.artifact("courier-faulty")?])?;
    assert!(said.contains("watchbox approve"), "{said}");
    drop(server);

    let server = home.server()?;
    let api = server.api();
    let line = until(api, COURIER, |line| line["version"] == "1.0.0")?;
    assert_eq!(line["pending"]["version"], "2.0.0", "{line}");
    assert_eq!(line["pending"]["wants"][0]["capability"], "clock", "{line}");
    assert!(server.run_ok(&["table"])?.contains("pending approval"));
    let rows = api.live(&format!("rows/{COURIER}"), None)?;
    api.accept_events(LOG, &events(0, 1))?;
    assert_eq!(rows.next_within(SOON)?.row["Version"], "1.0.0");

    server.run_ok(&["reject", COURIER])?;
    assert_eq!(server.run(&["approve", COURIER])?.code, Some(3));
    server.run_ok(&["upgrade", COURIER, &home.artifact("courier-faulty")?])?;
    let said = server.run_ok(&["approve", COURIER])?;
    assert!(said.contains("now Test.Courier 2.0.0"), "{said}");
    let approved = until(api, COURIER, |line| line["version"] == "2.0.0")?;
    assert_eq!(approved["pending"], Value::Null);
    assert_eq!(
        history(api, COURIER)?.last().map(String::as_str),
        Some("2.0.0 approval token:admin")
    );
    let audit = server.run_ok(&["audit", "--artifact", COURIER])?;
    for act in ["ask", "reject", "approve"] {
        assert!(audit.contains(act), "{act}: {audit}");
    }
    Ok(())
}

#[test]
fn what_keeps_failing_is_set_aside_and_disturbs_nobody() -> Result<()> {
    const NAME: &str = "Test.Misbehaving";
    let home = Home::new()?;
    let server = home.server()?;
    install_relay(&home, &server)?;
    let grants = home.file("grants.yaml", "limits: { tries: 1 }\n")?;
    server.run_ok(&[
        "install",
        &home.artifact("misbehaving")?,
        "--grants",
        &grants,
    ])?;
    let poison: String = (0..30)
        .map(|number| {
            format!("{{\"ClientId\":\"C.1\",\"Number\":{number},\"Act\":\"act:trap\"}}\n")
        })
        .collect();
    let neighbour = server.api().live(&format!("rows/{RELAY}"), None)?;
    server.api().accept_events(LOG, poison.as_bytes())?;
    neighbour.take_within(30, SOON)?;
    let aside = until(server.api(), NAME, |line| line["phase"] == "quarantined")?;
    assert!(
        aside["quarantine"]["reason"]
            .as_str()
            .context("no reason")?
            .contains("in a row"),
        "{aside}"
    );
    let letters = server.api().get_json("/api/v1/dead-letters")?;
    assert_eq!(letters["items"].as_array().context("no list")?.len(), 10);
    assert!(server.run_ok(&["table"])?.contains("quarantined"));
    drop(server);

    let server = home.server()?;
    let api = server.api();
    until(api, NAME, |line| line["phase"] == "quarantined")?;
    let metrics = api.get("/metrics")?;
    let metrics = metrics.text()?;
    assert!(
        metrics.contains(&format!(
            "watchbox_quarantined{{installation=\"{NAME}\"}} 1"
        )) && metrics.contains(&format!(
            "watchbox_quarantined{{installation=\"{RELAY}\"}} 0"
        )),
        "{metrics}"
    );
    let neighbour = api.live(&format!("rows/{RELAY}"), None)?;
    api.accept_events(LOG, &events(30, 40))?;
    neighbour.take_within(10, SOON)?;

    // Switched on, it goes on where it stopped: twenty of the poison are left, and it is set aside again.
    server.run_ok(&["enable", NAME])?;
    eventually(SOON, || {
        let letters = api.get_json("/api/v1/dead-letters")?;
        let count = letters["items"].as_array().map_or(0, Vec::len);
        Ok(if count == 20 {
            Ok(())
        } else {
            Err(format!("{count} of 20 dead letters"))
        })
    })?;
    until(api, NAME, |line| line["phase"] == "quarantined")?;
    server.run_ok(&["remove", NAME])?;
    Ok(())
}
