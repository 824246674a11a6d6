//! `Server.Teams.Alert`: from a client's event to a Teams channel, on its good days and bad ones.

use std::{fs, sync::Mutex, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use watchbox_tests::{Api, Asked, Home, Server, Service, Told, eventually};

const NAME: &str = "Server.Teams.Alert";
const FOLDER: &str = "server-teams-alert";
/// What the folder's grants say of where the webhook is.
const PLACE: &str = "https://*.environment.api.powerplatform.com";
const PATH: &str = "/powerautomate/automations/direct/workflows/made-up/triggers/manual/paths/invoke?sig=made-up-too";
const LOG: &str = "Test.Alerts";
const SOON: Duration = Duration::from_secs(90);
/// The largest message that Teams takes.
const LARGEST: usize = 28 * 1024;

/// What a connector answers when it is asked too often.
const BUSY: &str = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=0,server=x.";

/// The text of a card, a line each, in a message that Teams would take; what is wrong with it otherwise.
fn card(asked: &Asked) -> Result<Vec<String>> {
    ensure!(asked.method == "POST" && asked.path == PATH, "another URL");
    ensure!(
        asked.header("content-type") == "application/json",
        "no JSON"
    );
    ensure!(asked.body.len() <= LARGEST, "too large");
    let message = asked.json()?;
    let attachment = &message["attachments"][0];
    ensure!(
        message["type"] == "message"
            && attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
            && attachment["content"]["type"] == "AdaptiveCard",
        "no card"
    );
    let blocks = attachment["content"]["body"].as_array();
    blocks
        .context("no body")?
        .iter()
        .map(|block| {
            ensure!(block["type"] == "RichTextBlock", "what may render Markdown");
            let runs = block["inlines"].as_array().context("no text")?;
            let texts = runs.iter().filter_map(|run| run["text"].as_str());
            Ok(texts.collect())
        })
        .collect()
}

/// A server that tells a channel.
struct Teams {
    home: Home,
    server: Server,
    webhook: Service,
}

impl Teams {
    /// The webhook gives `answers`, one after the other, and then accepts. It never accepts what Teams would not take.
    fn start(answers: impl IntoIterator<Item = Told>, parameters: &[&str]) -> Result<Self> {
        let answers = Mutex::new(answers.into_iter().collect::<Vec<_>>().into_iter());
        let webhook = Service::start(move |asked| {
            if let Err(wrong) = card(asked) {
                return Ok(Told::answer(400, wrong.to_string()));
            }
            let next = answers.lock().ok().and_then(|mut answers| answers.next());
            Ok(next.unwrap_or_else(|| Told::answer(202, "")))
        })?;
        let home = Home::new()?;
        let teams = Self {
            server: home.server()?,
            home,
            webhook,
        };
        let url = teams.webhook.url();
        let folder = teams.home.build().root().join("plugins").join(FOLDER);
        let grants = fs::read_to_string(folder.join("grants.yaml"))?.replace(PLACE, &url);
        let grants = teams.home.file("teams-grants.yaml", grants)?;
        let secret = teams.home.file("webhook-url", format!("{url}{PATH}"))?;
        let secret = format!("webhook_url=@{secret}");
        let component = teams.home.artifact(FOLDER)?;
        let log = format!("Log={LOG}");
        let mut arguments = vec![
            "install", &component, "--grants", &grants, "--secret", &secret, "--param", &log,
        ];
        for parameter in parameters {
            arguments.extend(["--param", parameter]);
        }
        teams.server.run_ok(&arguments)?;
        Ok(teams)
    }

    fn api(&self) -> &Api {
        self.server.api()
    }

    /// Has a client report one event for each rule.
    fn report(&self, rules: &[&str]) -> Result<()> {
        let event = |rule: &&str| format!("{}\n", json!({ "ClientId": "C.1", "Rule": rule }));
        let lines: String = rules.iter().map(event).collect();
        self.api().accept_events(LOG, lines.as_bytes()).map(drop)
    }

    /// Waits until the artifact has emitted so many rows.
    fn rows(&self, count: usize) -> Result<Vec<Value>> {
        eventually(SOON, || {
            let rows = self.api().rows(NAME)?;
            Ok(if rows.len() >= count {
                Ok(rows)
            } else {
                Err(format!("{} of {count} rows", rows.len()))
            })
        })
    }

    /// The titles of all cards that came, accepted or not.
    fn titles(&self) -> Result<Vec<String>> {
        let asked = self.webhook.asked();
        asked
            .iter()
            .map(|asked| Ok(card(asked)?.swap_remove(0)))
            .collect()
    }
}

/// What became of each message, and the status that it was answered with.
fn outcomes(rows: &[Value]) -> Vec<String> {
    let outcome = |row: &Value| format!("{} {}", row["Outcome"], row["Status"]).replace('"', "");
    rows.iter().map(outcome).collect()
}

#[test]
fn what_is_alike_is_told_once_and_then_how_many_more() -> Result<()> {
    let teams = Teams::start([], &["Window=2", "Key={Rule}", "Title={Rule}"])?;
    teams
        .server
        .run_ok(&["client", "add", "C.1", "--hostname", "WS-1"])?;
    let hostile = "[Sign in](https://evil.example/) <at>all</at>\u{202e}";
    teams.report(&["a", hostile, "a", "a"])?;
    let rows = teams.rows(3)?;
    assert_eq!(outcomes(&rows), ["sent 202"; 3]);
    assert_eq!(
        (&rows[2]["Kind"], &rows[2]["More"], &rows[2]["Hostname"]),
        (&json!("summary"), &json!(2), &json!("WS-1"))
    );
    let shown = hostile.replace('\u{202e}', "<U+202E>");
    assert_eq!(
        teams.titles()?,
        ["a".to_owned(), shown.clone(), "2 more: a".to_owned()]
    );
    let card = card(&teams.webhook.asked()[1])?;
    for line in ["Client: C.1", "Host: WS-1", "Log: Test.Alerts"] {
        assert!(card.iter().any(|shown| shown == line), "{card:#?}");
    }
    assert!(card.contains(&format!("Rule: {shown}")), "{card:#?}");
    Ok(())
}

#[test]
fn on_a_bad_day_everything_is_told_once() -> Result<()> {
    let answers = [
        Told::answer(202, ""),
        Told::answer(429, "slow down").with("Retry-After", "2"),
        Told::Nothing,
        Told::answer(503, ""),
        Told::answer(202, ""),
        Told::answer(404, "no such workflow"),
    ];
    let teams = Teams::start(answers, &["Window=0", "Title={Rule}"])?;
    teams.report(&["a", "b", "c", "d"])?;
    let rows = teams.rows(4)?;
    assert_eq!(
        outcomes(&rows),
        ["sent 202", "sent 202", "refused 404", "sent 202"]
    );
    assert_eq!(teams.titles()?, ["a", "b", "b", "b", "b", "c", "d"]);
    let asked = teams.webhook.asked();
    let waited = asked[2].at - asked[1].at;
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
    Ok(())
}

#[test]
fn a_crash_amid_a_turn_tells_nothing_twice() -> Result<()> {
    let busy = || Told::answer(429, "").with("Retry-After", "1");
    let answers = std::iter::once(Told::answer(202, "")).chain((0..3).map(|_| busy()));
    let teams = Teams::start(answers, &["Title={Rule}", "Key={Rule}"])?;
    teams.report(&["a", "b"])?;
    teams.webhook.wait(SOON, |asked| asked.len() >= 2)?;
    let Teams {
        home,
        server,
        webhook,
    } = teams;
    server.kill()?;
    let teams = Teams {
        server: home.server()?,
        home,
        webhook,
    };
    assert_eq!(outcomes(&teams.rows(2)?), ["sent 202"; 2]);
    let titles = teams.titles()?;
    assert_eq!(titles.iter().filter(|title| *title == "a").count(), 1);
    assert_eq!(titles.last().map(String::as_str), Some("b"));
    Ok(())
}

#[test]
fn a_connector_that_accepts_and_means_429_gets_it_later() -> Result<()> {
    let answers = [
        Told::answer(200, "1"),
        Told::answer(200, BUSY),
        Told::answer(200, "1"),
        Told::answer(200, "1"),
    ];
    let teams = Teams::start(answers, &["Title={Rule}", "Key={Rule}"])?;
    teams.report(&["a", "b", "c"])?;
    let rows = teams.rows(5)?;
    assert_eq!(
        outcomes(&rows),
        [
            "sent 200",
            "put off 429",
            "put off null",
            "sent 200",
            "sent 200"
        ]
    );
    assert_eq!(teams.titles()?, ["a", "b", "b", "c"]);
    let asked = teams.webhook.asked();
    let waited = asked[2].at - asked[1].at;
    // The turn's time is when it began.
    assert!(waited >= Duration::from_secs(8), "{waited:?}");
    Ok(())
}

#[test]
fn a_large_row_is_cut_to_what_teams_takes() -> Result<()> {
    let teams = Teams::start([], &["Title=large"])?;
    let columns = (0..60).map(|nth| (format!("Column{nth}"), json!("\u{1f600}".repeat(3_000))));
    let mut event: serde_json::Map<String, Value> = columns.collect();
    event.insert("ClientId".to_owned(), json!("C.1"));
    let event = Value::Object(event).to_string();
    teams.api().accept_events(LOG, event.as_bytes())?;
    assert_eq!(outcomes(&teams.rows(1)?), ["sent 202"]);
    let card = card(&teams.webhook.asked()[0])?;
    assert!(card[4].contains("more characters)"), "{}", card[4]);
    assert!(
        card.last()
            .is_some_and(|last| last.contains("more columns")),
        "{card:#?}"
    );
    Ok(())
}
