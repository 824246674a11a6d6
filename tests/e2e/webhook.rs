//! `Server.Alerts.Webhook`: from a client's event to a webhook that has good days and bad ones.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use watchbox_tests::{Api, Home, Server, Service, Told, eventually};

const NAME: &str = "Server.Alerts.Webhook";
const FOLDER: &str = "server-alerts-webhook";
const LOG: &str = "Test.Alerts";
const SOON: Duration = Duration::from_secs(60);

/// A server that tells a webhook.
struct Alerts {
    home: Home,
    server: Server,
    webhook: Service,
}

impl Alerts {
    /// `answers` says how the webhook answers a message, by how many came before it.
    fn start(
        answers: impl Fn(usize) -> Told + Send + Sync + 'static,
        parameters: &[&str],
    ) -> Result<Self> {
        let count = AtomicUsize::new(0);
        let home = Home::new()?;
        let alerts = Self {
            server: home.server()?,
            home,
            webhook: Service::start(move |_| Ok(answers(count.fetch_add(1, Ordering::Relaxed))))?,
        };
        alerts.install(parameters)?;
        Ok(alerts)
    }

    fn install(&self, parameters: &[&str]) -> Result<()> {
        let folder = self.home.build().root().join("plugins").join(FOLDER);
        let grants = fs::read_to_string(folder.join("grants.yaml"))?;
        let grants = grants.replace("https://hooks.example.org", &self.webhook.url());
        let grants = self.home.file("webhook-grants.yaml", grants)?;
        let url = format!("{}/in?key=made-up", self.webhook.url());
        let url = format!("url=@{}", self.home.file("webhook-url", url)?);
        let token = format!(
            "token=@{}",
            self.home.file("webhook-token", "also-made-up")?
        );
        let component = self.home.artifact(FOLDER)?;
        let log = format!("Log={LOG}");
        let mut arguments = vec![
            "install", &component, "--grants", &grants, "--secret", &url, "--secret", &token,
            "--param", &log,
        ];
        for parameter in parameters {
            arguments.extend(["--param", parameter]);
        }
        self.server.run_ok(&arguments).map(drop)
    }

    fn api(&self) -> &Api {
        self.server.api()
    }

    fn report(&self, events: &[Value]) -> Result<()> {
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        self.api().accept_events(LOG, lines.as_bytes()).map(drop)
    }

    /// Waits until the artifact has told of so many messages, and gives its rows.
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
}

fn accept(_: usize) -> Told {
    Told::answer(200, "ok")
}

#[test]
fn what_is_alike_is_told_once_and_then_how_many_more() -> Result<()> {
    let alerts = Alerts::start(accept, &["Window=2", "Key={Rule}", "Scheme=Bearer"])?;
    alerts
        .server
        .run_ok(&["client", "add", "C.1", "--hostname", "WS-1"])?;
    let event = |rule: &str, number: u32| json!({ "ClientId": "C.1", "Rule": rule, "Number": number, "Text": "<!channel>\u{202e}" });
    alerts.report(&[event("a", 1), event("b", 2), event("a", 3), event("a", 4)])?;
    let asked = alerts.webhook.wait(SOON, |asked| asked.len() >= 3)?;
    let told: Vec<Value> = asked
        .iter()
        .map(|asked| asked.json())
        .collect::<Result<_>>()?;
    assert_eq!(told[0]["row"]["Number"], 1);
    assert_eq!(told[1]["row"]["Number"], 2);
    assert_eq!(
        (&told[2]["kind"], &told[2]["more"]),
        (&json!("summary"), &json!(2))
    );
    for (message, asked) in told.iter().zip(&asked) {
        assert_eq!(
            (&message["client_id"], &message["hostname"]),
            (&json!("C.1"), &json!("WS-1"))
        );
        assert_eq!(
            (asked.method.as_str(), asked.path.as_str()),
            ("POST", "/in?key=made-up")
        );
        assert_eq!(asked.header("authorization"), "Bearer also-made-up");
        assert!(!String::from_utf8_lossy(&asked.body).contains('\u{202e}'));
    }
    let rows = alerts.rows(3)?;
    assert_eq!(
        (&rows[2]["Kind"], &rows[2]["More"], &rows[2]["Status"]),
        (&json!("summary"), &json!(2), &json!(200))
    );
    Ok(())
}

#[test]
fn on_a_bad_day_everything_is_told_once() -> Result<()> {
    let answers = |number| match number {
        1 => Told::answer(429, "slow down").with("Retry-After", "2"),
        2 => Told::Nothing,
        3 => Told::answer(503, ""),
        5 => Told::answer(410, "gone"),
        _ => Told::answer(200, "ok"),
    };
    let alerts = Alerts::start(answers, &["Window=0", "Body={Number}"])?;
    let events: Vec<Value> = (0..4)
        .map(|number| json!({ "ClientId": "C.1", "Number": number }))
        .collect();
    alerts.report(&events)?;
    let rows = alerts.rows(4)?;
    let statuses: Vec<&Value> = rows.iter().map(|row| &row["Status"]).collect();
    assert_eq!(statuses, [200, 200, 410, 200]);
    let asked = alerts.webhook.asked();
    let numbers: Vec<String> = asked
        .iter()
        .map(|asked| String::from_utf8_lossy(&asked.body).into_owned())
        .collect();
    assert_eq!(numbers, ["0", "1", "1", "1", "1", "2", "3"]);
    assert!(asked[2].at - asked[1].at >= Duration::from_secs(2));
    // Whoever took it without our knowing can tell that it is the same.
    let key = |nth: usize| asked[nth].header("idempotency-key").to_owned();
    assert!(!key(1).is_empty() && key(1) == key(4) && key(1) != key(0));
    Ok(())
}

#[test]
fn a_body_that_is_no_json_is_refused_at_install() -> Result<()> {
    let alerts = Alerts::start(accept, &[])?;
    alerts.server.run_ok(&["remove", NAME])?;
    let error = alerts.install(&["Body={ \"text\": {Rule} "]).unwrap_err();
    let error = format!("{error:#}");
    assert!(
        error.contains("Body: it is no JSON once its places are filled"),
        "{error}"
    );
    let table = alerts.api().get_json("/api/v1/table")?;
    assert_eq!(
        table["items"].as_array().context("a table")?.len(),
        0,
        "{table}"
    );
    Ok(())
}
