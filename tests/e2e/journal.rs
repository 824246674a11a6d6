//! What was told once is not told again: not by the halves of a batch that failed, not by a dead letter that is redriven, not by the tick
//! after one that was set aside.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use watchbox_tests::{Home, Reply, Server, Sink, eventually};

const NAME: &str = "Test.Teller";
const LOG: &str = "Test.Texts";
const SOON: Duration = Duration::from_secs(60);

/// A server with the teller installed.
struct Teller {
    home: Home,
    server: Server,
    sink: Sink,
    hook: String,
}

impl Teller {
    /// One that fails after it has told of what `fails` says.
    fn start(fails: &str) -> Result<Self> {
        let home = Home::new()?;
        let (server, sink) = (home.server()?, Sink::start()?);
        let hook = format!("hook=@{}", home.file("url", sink.url())?);
        let url = sink.url();
        let (site, _) = url.split_once("/services/").context("the webhook's path")?;
        let grants = format!(
            "http: [ {{ method: POST, url: \"{site}/*\", secrets: [hook] }} ]\nlimits: {{ tries: 1 }}\n"
        );
        let grants = home.file("grants.yaml", grants)?;
        let component = home.artifact("teller")?;
        let fails = format!("fails={fails}");
        server.run_ok(&[
            "install", &component, "--grants", &grants, "--secret", &hook, "--param", &fails,
        ])?;
        Ok(Self {
            home,
            server,
            sink,
            hook,
        })
    }

    /// Kills the server and starts it again.
    fn kill(self) -> Result<Self> {
        self.server.kill()?;
        let server = self.home.server()?;
        Ok(Self { server, ..self })
    }

    /// From now on it fails after it has told of what `fails` says.
    fn fails(&self, fails: &str) -> Result<()> {
        let fails = format!("fails={fails}");
        let change = ["upgrade", NAME, "--param", &fails, "--secret", &self.hook];
        self.server.run_ok(&change).map(drop)
    }

    /// Sends events with these texts, each with a name for its message or without, as one batch.
    fn send(&self, events: &[(&str, Option<&str>)]) -> Result<()> {
        let mut lines = String::new();
        for (text, once) in events {
            let event = serde_json::json!({"ClientId": "C.1", "Text": text, "Once": once});
            lines += &format!("{event}\n");
        }
        self.server.api().accept_events(LOG, lines.as_bytes())?;
        Ok(())
    }

    /// Waits until there are `count` dead letters; gives their numbers.
    fn letters(&self, count: usize) -> Result<Vec<String>> {
        eventually(SOON, || {
            let listed = self.server.api().get_json("/api/v1/dead-letters")?;
            let items = listed["items"].as_array().context("no list")?;
            let numbers: Vec<_> = items.iter().map(|item| item["id"].to_string()).collect();
            Ok(if numbers.len() >= count {
                Ok(numbers)
            } else {
                Err(format!("{} dead letters", numbers.len()))
            })
        })
    }

    /// Waits until there are `count` rows; gives their texts.
    fn rows(&self, count: usize) -> Result<Vec<String>> {
        eventually(SOON, || {
            let rows = self.server.api().rows(NAME)?;
            let texts: Vec<_> = rows.iter().map(|row| text(&row["Text"])).collect();
            Ok(if texts.len() >= count {
                Ok(texts)
            } else {
                Err(format!("{} rows", texts.len()))
            })
        })
    }

    /// What was told, sorted.
    fn told(&self) -> Vec<String> {
        let mut told = self.sink.accepted();
        told.sort();
        told
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_halves_of_a_batch_and_its_dead_letter_tell_nobody_again() -> Result<()> {
    let teller = Teller::start("poison")?;
    teller.server.run_ok(&["disable", NAME])?;
    let same = ("the same", None);
    // Without names, the messages of these are told apart by their number alone.
    let batch = [
        same,
        ("named", Some("one")),
        same,
        ("poison", None),
        same,
        ("named", Some("two")),
        same,
    ];
    teller.send(&batch)?;
    teller.server.run_ok(&["enable", NAME])?;
    let letter = teller.letters(1)?.remove(0);
    let rest = [
        "the same", "named", "the same", "the same", "named", "the same",
    ];
    assert_eq!(teller.rows(6)?, rest);
    let told = [
        "named", "named", "poison", "the same", "the same", "the same", "the same",
    ];
    assert_eq!(teller.told(), told);

    let listed = teller
        .server
        .run_ok(&["dead-letters", "list", "--artifact", NAME])?;
    assert!(listed.contains("trapped"), "{listed}");
    let shown = teller.server.run_ok(&["dead-letters", "show", &letter])?;
    assert!(
        shown.contains("#0") && shown.contains("became a dead letter"),
        "{shown}"
    );
    let redrive = ["dead-letters", "redrive", &letter];
    assert_ne!(teller.server.run(&redrive)?.code, Some(0));
    let teller = teller.kill()?;
    teller.fails("never")?;
    teller.server.run_ok(&redrive)?;
    assert_eq!(teller.rows(7)?[6], "poison");
    assert_eq!(teller.told(), told);
    Ok(())
}

#[test]
fn a_half_done_redrive_is_gone_on_with_after_a_crash() -> Result<()> {
    let teller = Teller::start("a")?;
    teller.sink.answer_next([Reply::Fail]);
    teller.send(&[("a", None)])?;
    let letter = teller.letters(1)?.remove(0);
    // The message goes through this time, but the turn does not.
    let redrive = ["dead-letters", "redrive", &letter];
    assert_ne!(teller.server.run(&redrive)?.code, Some(0));
    assert_eq!(teller.told(), ["a"]);
    let teller = teller.kill()?;
    teller.fails("never")?;
    teller.server.run_ok(&redrive)?;
    assert_eq!(teller.rows(1)?, ["a"]);
    assert_eq!(teller.told(), ["a"]);
    Ok(())
}

#[test]
fn a_tick_after_one_that_was_set_aside_tells_nobody_again() -> Result<()> {
    let teller = Teller::start("ticks")?;
    teller.letters(2)?;
    let teller = teller.kill()?;
    let before = teller.letters(0)?.len();
    teller.letters(before + 2)?;
    assert_eq!(teller.told(), ["a tick"]);
    // The first that goes well has that message for its own; those after it have theirs, which are told before their rows are kept.
    teller.fails("ticks no more")?;
    let rows = teller.rows(2)?.len();
    let told = teller.told().len();
    assert!(told >= rows, "{told} messages for {rows} rows");
    let rows = teller.rows(told - 1)?.len();
    assert!(rows + 1 >= told, "{told} messages for {rows} rows");
    Ok(())
}
