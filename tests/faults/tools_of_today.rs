//! What was seen to fail in the tools of today, and must not here. docs/reliability.md says which test is about which failure; those that no
//! other test is about are here.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use watchbox_tests::{Api, Home, Reply, Server, Sink, eventually, slack};

use crate::numbers::{LOG, RELAY, events, install_relay, numbers};

const SOON: Duration = Duration::from_secs(60);

/// A server with the Slack artifact, which looks every second, and a webhook.
fn with_slack() -> Result<(Home, Server, Sink)> {
    let (home, sink) = (Home::new()?, Sink::start()?);
    let server = home.server()?;
    let component = home.artifact(slack::HURRIED)?;
    slack::install(&home, &server, &sink, &component, "")?;
    Ok((home, server, sink))
}

/// Registers labelled clients and has them report.
fn online(server: &Server, clients: &[&str]) -> Result<()> {
    for id in clients {
        server.run_ok(&["client", "add", id, "--label", "Slack"])?;
        let event = format!("{{\"ClientId\":\"{id}\"}}");
        server
            .api()
            .accept_events("Generic.Client.Info", event.as_bytes())?;
    }
    Ok(())
}

/// How many clients still have the label.
fn labelled(api: &Api) -> Result<usize> {
    let clients = api.get_json("/api/v1/clients?search=label:Slack")?;
    Ok(clients["items"].as_array().context("no list")?.len())
}

fn turns(api: &Api, name: &str) -> Result<u64> {
    let table = api.get_json(&format!("/api/v1/table/{name}"))?;
    table["turns"].as_u64().context("no count of turns")
}

fn more_turns(api: &Api, name: &str, count: u64) -> Result<()> {
    let enough = turns(api, name)? + count;
    eventually(SOON, || {
        let turns = turns(api, name)?;
        Ok(if turns >= enough {
            Ok(())
        } else {
            Err(format!("{turns} of {enough} turns"))
        })
    })
}

fn times_told(sink: &Sink, client: &str) -> usize {
    let told = sink.accepted();
    let name = format!("({client})");
    told.iter().filter(|text| text.contains(&name)).count()
}

const FIVE: [&str; 5] = ["C.1", "C.2", "C.3", "C.4", "C.5"];

/// There: 5 of 5 alerts lost, the labels gone, no retry, no line that says so.
#[test]
fn alerts_that_the_webhook_fails_or_refuses_are_told_of_and_sent_later() -> Result<()> {
    let (_home, server, sink) = with_slack()?;
    let api = server.api();
    sink.answer(Reply::Fail);
    online(&server, &FIVE)?;
    sink.wait(SOON, |messages| messages.len() >= 2)?;
    assert_eq!(labelled(api)?, 5, "no label goes without its message");
    let said = eventually(SOON, || {
        let said = api.log(&format!("messages/{}", slack::NAME))?;
        Ok(if said.is_empty() {
            Err("a line that says so".to_owned())
        } else {
            Ok(said)
        })
    })?;
    assert!(said[0].to_string().contains("500"), "{:?}", said[0]);
    sink.answer(Reply::Accept);
    eventually(SOON, || {
        Ok(match labelled(api)? {
            0 => Ok(()),
            left => Err(format!("{left} to be told of")),
        })
    })?;
    for client in FIVE {
        assert_eq!(times_told(&sink, client), 1, "{client}");
    }
    Ok(())
}

/// The same with a port that nobody listens on.
#[test]
fn alerts_are_kept_while_nobody_listens() -> Result<()> {
    let (_home, server, sink) = with_slack()?;
    let api = server.api();
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    // As where the webhook's machine is down: its address is granted, and nothing answers.
    let grants = format!(
        "clients: [ \"label:Slack\" ]\nlabels: {{ add: [], remove: [ Slack ] }}\nstate: true\nlog: true\nclock: true\n\
         http: [ {{ method: POST, url: \"http://{closed}/*\", secrets: [ token_url ] }} ]\n"
    );
    let home = Home::new()?;
    let grants = home.file("closed.yaml", grants)?;
    let url = home.file("closed-url", format!("http://{closed}/services/x"))?;
    let secret = format!("token_url=@{url}");
    server.run_ok(&[
        "upgrade",
        slack::NAME,
        "--grants",
        &grants,
        "--secret",
        &secret,
    ])?;
    online(&server, &FIVE)?;
    more_turns(api, slack::NAME, 3)?;
    assert_eq!(labelled(api)?, 5);
    let said = api.log(&format!("messages/{}", slack::NAME))?;
    assert!(!said.is_empty(), "a line says so");
    assert!(sink.received().is_empty());
    Ok(())
}

/// There: one request without an answer, and the artifact did nothing more.
#[test]
fn a_webhook_that_hangs_holds_up_its_own_artifact_for_a_while_only() -> Result<()> {
    let (_home, server, sink) = with_slack()?;
    sink.answer_next([Reply::Hang]);
    online(&server, &FIVE)?;
    eventually(SOON, || {
        Ok(match labelled(server.api())? {
            0 => Ok(()),
            left => Err(format!("{left} to be told of")),
        })
    })?;
    for client in FIVE {
        assert_eq!(times_told(&sink, client), 1, "{client}");
    }
    Ok(())
}

/// There: the labels were back and five messages came again; the clients were gone.
#[test]
fn a_kill_after_the_alerts_brings_no_label_back_and_takes_no_client() -> Result<()> {
    let (home, server, sink) = with_slack()?;
    online(&server, &FIVE)?;
    eventually(SOON, || {
        Ok(match labelled(server.api())? {
            0 => Ok(()),
            left => Err(format!("{left} to be told of")),
        })
    })?;
    server.kill()?;
    let server = home.server()?;
    more_turns(server.api(), slack::NAME, 3)?;
    assert_eq!(labelled(server.api())?, 0);
    for client in FIVE {
        assert_eq!(times_told(&sink, client), 1, "{client}");
        let path = format!("/api/v1/clients/{client}");
        assert_eq!(server.api().get_json(&path)?["id"], client);
    }
    assert_eq!(server.api().rows(slack::NAME)?.len(), 5, "a row each");
    Ok(())
}

/// Sends numbered events, 2,000 a second, until told to stop; gives how many.
fn send(api: &Api, stop: &AtomicBool) -> Result<u64> {
    let (began, mut sent) = (Instant::now(), 0);
    while !stop.load(Ordering::Relaxed) {
        let due = (began.elapsed().as_secs_f64() * 2_000.0) as u64;
        if due < sent + 20 {
            thread::park_timeout(Duration::from_millis(2));
            continue;
        }
        sent += api.accept_events(LOG, &events(sent, sent + 20))?;
    }
    Ok(sent)
}

/// Waits for the rows of events up to `end`; there must be one each.
fn one_row_each(api: &Api, name: &str, end: u64) -> Result<()> {
    let rows = eventually(SOON, || {
        let rows = api.rows(name)?;
        Ok(if rows.len() as u64 >= end {
            Ok(rows)
        } else {
            Err(format!("{} of {end} rows", rows.len()))
        })
    })?;
    assert_eq!(numbers(&rows)?, (0..end).collect::<Vec<_>>(), "{name}");
    Ok(())
}

/// There: 376 of 20,000 events went, without a word.
#[test]
fn upgrading_one_artifact_costs_another_no_event() -> Result<()> {
    let (home, server, _sink) = with_slack()?;
    install_relay(&home, &server)?;
    let api = server.api();
    let versions = [
        home.artifact(&format!("{}-next", slack::HURRIED))?,
        home.artifact(slack::HURRIED)?,
    ];
    let stop = AtomicBool::new(false);
    let sent = thread::scope(|scope| {
        let sender = scope.spawn(|| send(api, &stop));
        let upgraded = (|| -> Result<()> {
            for version in versions.iter().cycle().take(8) {
                let seen = api.live(&format!("rows/{RELAY}"), None)?;
                seen.take_within(100, SOON)?;
                server.run_ok(&["upgrade", slack::NAME, version])?;
            }
            Ok(())
        })();
        stop.store(true, Ordering::Relaxed);
        let sent = sender.join().ok().context("the sender panicked")?;
        upgraded.and(sent)
    })?;
    one_row_each(api, RELAY, sent)
}

const SLOW: &str = "Test.Misbehaving";

/// Events that the guest takes its time over.
fn slow(from: u64, to: u64) -> Vec<u8> {
    let line = |number| {
        format!("{{\"ClientId\":\"C.1\",\"Number\":{number},\"Act\":\"act:slow\"}}\n").into_bytes()
    };
    (from..to).flat_map(line).collect()
}

fn lag(server: &Server) -> Result<u64> {
    let table = server.api().get_json(&format!("/api/v1/table/{SLOW}"))?;
    table["lag"].as_u64().context("no lag")
}

/// There: 1,737 of 2,000 events that a slow artifact had not come to were dropped when it was updated, and 1,787 when the server was stopped.
#[test]
fn what_a_slow_artifact_has_not_come_to_outlives_an_upgrade_and_a_stop() -> Result<()> {
    const EVENTS: u64 = 2_000;
    let home = Home::new()?;
    let server = home.server()?;
    server.run_ok(&["install", &home.artifact("misbehaving")?])?;
    for start in (0..EVENTS).step_by(100) {
        server.api().accept_events(LOG, &slow(start, start + 100))?;
    }
    assert!(lag(&server)? > 0, "it keeps up: it is not slow enough");
    let grants = home.file("grants.yaml", "log: true\n")?;
    server.run_ok(&["upgrade", SLOW, "--grants", &grants])?;
    assert!(lag(&server)? > 0, "it keeps up: it is not slow enough");
    server.stop()?;
    let server = home.server()?;
    one_row_each(server.api(), SLOW, EVENTS)
}

/// There: the server was killed for its memory, or ended by a panic, and again after each restart.
#[test]
fn what_a_guest_does_to_itself_is_over_after_a_restart() -> Result<()> {
    for act in ["eat", "trap"] {
        let home = Home::new()?;
        let server = home.server()?;
        install_relay(&home, &server)?;
        server.run_ok(&["install", &home.artifact("misbehaving")?])?;
        let poison = format!("{{\"ClientId\":\"C.1\",\"Number\":0,\"Act\":\"act:{act}\"}}\n");
        server.api().accept_events(LOG, poison.as_bytes())?;
        eventually(SOON, || {
            let table = server.api().get_json(&format!("/api/v1/table/{SLOW}"))?;
            Ok(if table["failures"] == 0 {
                Err("it has not failed yet".to_owned())
            } else {
                Ok(())
            })
        })?;
        server.kill()?;
        let server = home.server()?;
        let rows = server.api().live(&format!("rows/{RELAY}"), None)?;
        server.api().accept_events(LOG, &events(1, 100))?;
        rows.take_within(99, SOON)
            .with_context(|| format!("the neighbour of {act}"))?;
        assert_eq!(server.api().get("/health")?.status, 200, "{act}");
    }
    Ok(())
}

/// There: it was accepted, and yielded nothing.
#[test]
fn an_artifact_that_watches_what_nobody_sends_is_installed_with_a_warning() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let finished = server.run(&["install", &home.artifact("relay")?])?;
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(finished.stderr.contains(LOG), "{finished:#?}");
    server.api().accept_events(LOG, &events(0, 1))?;
    let finished = server.run(&["install", &home.artifact("relay")?, "--as", "Again"])?;
    assert!(!finished.stderr.contains("no client"), "{finished:#?}");
    Ok(())
}
