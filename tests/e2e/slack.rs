//! From clock to webhook: `Server.Slack.ClientsOnline`, on Slack's good days and bad ones.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use watchbox_tests::{Api, Home, Reply, Server, Sink, eventually, slack};

use crate::numbers;

const NAME: &str = slack::NAME;
/// The client artifact under whose name the clients report.
const LOG: &str = "Generic.Client.Info";
const SOON: Duration = Duration::from_secs(60);

/// A server with the artifact installed, looking every second.
struct Slack {
    home: Home,
    server: Server,
    sink: Sink,
}

impl Slack {
    fn start() -> Result<Self> {
        let home = Home::new()?;
        let server = home.server()?;
        let sink = Sink::start()?;
        let slack = Self { home, server, sink };
        slack.install()?;
        Ok(slack)
    }

    fn install(&self) -> Result<()> {
        let component = self.home.artifact(slack::HURRIED)?;
        slack::install(&self.home, &self.server, &self.sink, &component, "")
    }

    fn api(&self) -> &Api {
        self.server.api()
    }

    /// Registers a client with the label, and has it report.
    fn online(&self, id: &str, hostname: &str) -> Result<()> {
        self.server.run_ok(&[
            "client",
            "add",
            id,
            "--hostname",
            hostname,
            "--label",
            "Slack",
        ])?;
        self.report(id)
    }

    fn report(&self, id: &str) -> Result<()> {
        self.api()
            .accept_events(LOG, format!("{{\"ClientId\":\"{id}\"}}").as_bytes())
            .map(drop)
    }

    fn labels(&self, id: &str) -> Result<Value> {
        Ok(self.api().get_json(&format!("/api/v1/clients/{id}"))?["labels"].clone())
    }

    fn turns(&self) -> Result<u64> {
        self.api().get_json(&format!("/api/v1/table/{NAME}"))?["turns"]
            .as_u64()
            .context("no count of turns")
    }

    /// Waits until `count` more turns are committed.
    fn more_turns(&self, count: u64) -> Result<()> {
        let enough = self.turns()? + count;
        eventually(SOON, || {
            Ok(if self.turns()? >= enough {
                Ok(())
            } else {
                Err("more turns are due".to_owned())
            })
        })
    }

    fn wait_for_messages(&self, count: usize) -> Result<Vec<String>> {
        let accepted = |messages: &[watchbox_tests::Received]| {
            messages.iter().filter(|message| message.accepted()).count()
        };
        self.sink
            .wait(SOON, |messages| accepted(messages) >= count)?;
        Ok(self.sink.accepted())
    }
}

#[test]
fn each_labelled_client_online_is_told_of_once() -> Result<()> {
    let slack = Slack::start()?;
    slack.server.run_ok(&[
        "client",
        "add",
        "C.offline",
        "--hostname",
        "OFF",
        "--label",
        "Slack",
    ])?;
    slack.report("C.unlabelled")?;
    slack.online("C.one", "WS-<1>&co")?;
    slack.online("C.two", "WS2")?;
    let mut told = slack.wait_for_messages(2)?;
    told.sort();
    assert!(
        told[0].starts_with("Client WS-&lt;1&gt;&amp;co (C.one) has appeared online "),
        "{told:?}"
    );
    assert!(told[0].ends_with(" seconds ago"), "{told:?}");
    assert!(told[1].contains("(C.two)"), "{told:?}");
    slack.more_turns(2)?;
    assert_eq!(slack.sink.received().len(), 2, "nobody is told of twice");
    assert_eq!(slack.labels("C.one")?, serde_json::json!([]));
    assert_eq!(slack.labels("C.offline")?, serde_json::json!(["Slack"]));

    let rows = slack.api().rows(NAME)?;
    assert_eq!(rows.len(), 2);
    for row in rows {
        for column in ["client_id", "Hostname", "LastSeen", "Response", "Content"] {
            assert!(!row[column].is_null(), "no {column}: {row}");
        }
    }

    // Labelled again, told of again.
    slack.server.run_ok(&["label", "add", "C.one", "Slack"])?;
    slack.wait_for_messages(3)?;
    Ok(())
}

#[test]
fn too_many_is_waited_out() -> Result<()> {
    let slack = Slack::start()?;
    slack.sink.answer_next([Reply::TooMany(2)]);
    slack.online("C.one", "WS1")?;
    slack.wait_for_messages(1)?;
    slack.more_turns(2)?;
    let received = slack.sink.received();
    assert_eq!(received.len(), 2, "{received:#?}");
    let waited = received[1].at - received[0].at;
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
    assert_eq!(slack.labels("C.one")?, serde_json::json!([]));
    Ok(())
}

#[test]
fn an_alert_that_slack_could_not_take_is_kept_until_it_can() -> Result<()> {
    for bad_day in [Reply::Fail, Reply::Drop] {
        let slack = Slack::start()?;
        slack.sink.answer(bad_day);
        slack.online("C.one", "WS1")?;
        slack
            .sink
            .wait(SOON, |messages| messages.len() >= 2)
            .with_context(|| format!("{bad_day:?}"))?;
        assert_eq!(
            slack.labels("C.one")?,
            serde_json::json!(["Slack"]),
            "{bad_day:?}"
        );
        slack.sink.answer(Reply::Accept);
        slack.wait_for_messages(1)?;
        slack.more_turns(2)?;
        assert_eq!(slack.sink.accepted().len(), 1, "{bad_day:?}");
        assert_eq!(slack.labels("C.one")?, serde_json::json!([]), "{bad_day:?}");
    }
    Ok(())
}

#[test]
fn a_revoked_webhook_is_told_of_and_not_hammered() -> Result<()> {
    let slack = Slack::start()?;
    slack.sink.answer(Reply::NoService);
    slack.online("C.one", "WS1")?;
    let row = eventually(SOON, || {
        let rows = slack.api().rows(NAME)?;
        Ok(rows
            .into_iter()
            .next()
            .ok_or_else(|| "a row that tells of it".to_owned()))
    })?;
    assert!(row.to_string().contains("no_service"), "{row}");
    assert_eq!(
        slack.labels("C.one")?,
        serde_json::json!(["Slack"]),
        "the alert is not lost"
    );
    slack.more_turns(3)?;
    assert_eq!(slack.sink.received().len(), 1, "no further request is made");
    Ok(())
}

#[test]
fn a_webhook_that_hangs_holds_up_nobody_else() -> Result<()> {
    let slack = Slack::start()?;
    numbers::install_relay(&slack.home, &slack.server)?;
    slack.sink.answer(Reply::Hang);
    slack.online("C.one", "WS1")?;
    slack.sink.wait(SOON, |messages| !messages.is_empty())?;
    let rows = slack
        .api()
        .live(&format!("rows/{}", numbers::RELAY), None)?;
    slack
        .api()
        .accept_events(numbers::LOG, &numbers::events(0, 100))?;
    rows.take_within(100, Duration::from_secs(20))?;
    assert_eq!(slack.labels("C.one")?, serde_json::json!(["Slack"]));
    Ok(())
}

#[test]
fn a_crash_after_the_alert_does_not_double_it() -> Result<()> {
    let slack = Slack::start()?;
    // The second message is refused, so the turn in which the first was delivered stays open.
    slack.sink.answer_next([Reply::Accept]);
    slack.sink.answer(Reply::TooMany(1));
    slack.server.run_ok(&["disable", NAME])?;
    slack.online("C.one", "WS1")?;
    slack.online("C.two", "WS2")?;
    slack.server.run_ok(&["enable", NAME])?;
    slack.sink.wait(SOON, |messages| {
        messages
            .iter()
            .any(|message| message.reply == Reply::TooMany(1))
    })?;
    let Slack { home, server, sink } = slack;
    server.kill()?;
    sink.answer(Reply::Accept);
    let slack = Slack {
        server: home.server()?,
        home,
        sink,
    };
    let told = slack.wait_for_messages(2)?;
    slack.more_turns(2)?;
    assert_eq!(slack.sink.accepted(), told, "each client is told of once");
    for id in ["C.one", "C.two"] {
        assert_eq!(
            told.iter().filter(|text| text.contains(id)).count(),
            1,
            "{told:?}"
        );
        assert_eq!(slack.labels(id)?, serde_json::json!([]));
    }
    Ok(())
}

#[test]
fn without_its_grants_nothing_is_sent_and_the_audit_trail_says_so() -> Result<()> {
    let slack = Slack::start()?;
    let narrow = slack.home.file(
        "narrow.yaml",
        "clients: [ \"label:Slack\" ]\nclock: true\nlog: true\nstate: true\n",
    )?;
    slack
        .server
        .run_ok(&["upgrade", NAME, "--grants", &narrow])?;
    slack.online("C.one", "WS1")?;
    let denied = eventually(SOON, || {
        let trail = slack.api().get_json(&format!(
            "/api/v1/audit?artifact={NAME}&capability=http&decision=denied"
        ))?;
        let first = trail["items"]
            .as_array()
            .and_then(|items| items.first().cloned());
        Ok(first.ok_or_else(|| "a denial in the trail".to_owned()))
    })?;
    assert_eq!(denied["operation"], "send");
    assert!(!denied["reason"].as_str().context("no reason")?.is_empty());
    assert!(slack.sink.received().is_empty());
    Ok(())
}
