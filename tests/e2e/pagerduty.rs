//! `Server.PagerDuty.Alert`: from a client's event to an incident, on PagerDuty's good days and bad ones.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use serde_json::{Value, json};
use watchbox_tests::{Api, Asked, Home, Server, Service, Told, eventually};

const NAME: &str = "Server.PagerDuty.Alert";
const FOLDER: &str = "server-pagerduty-alert";
/// What the folder's grants say of where events go.
const PLACE: &str = "https://events.pagerduty.com";
const LOG: &str = "Test.Alerts";
const SOON: Duration = Duration::from_secs(90);
const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Incidents by their dedup key: the summaries of their events, and whether they are open.
type Incidents = BTreeMap<String, (Vec<String>, bool)>;

/// What PagerDuty finds wrong with an event.
fn wrong(asked: &Asked, event: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    let mut check = |holds: bool, error: &str| {
        if !holds {
            errors.push(error.to_owned());
        }
    };
    let text = |value: &Value, most: usize| {
        let length = value.as_str().map(|text| text.chars().count());
        length.is_some_and(|length| (1..=most).contains(&length))
    };
    check(event["routing_key"] == KEY, "Invalid routing key");
    check(text(&event["dedup_key"], 255), "'dedup_key' is too long");
    check(asked.body.len() <= 512 * 1024, "the event is too large");
    let payload = &event["payload"];
    match event["event_action"].as_str() {
        Some("resolve") => {}
        Some("trigger") => {
            check(text(&payload["summary"], 1024), "'payload.summary'");
            check(text(&payload["source"], 255), "'payload.source'");
            let severities = ["critical", "error", "warning", "info"];
            let severity = payload["severity"].as_str().unwrap_or_default();
            check(severities.contains(&severity), "'payload.severity'");
            check(
                payload["custom_details"].is_object(),
                "'payload.custom_details'",
            );
        }
        _ => check(false, "'event_action' is none"),
    }
    errors
}

fn answer(asked: &Asked, incidents: &Mutex<Incidents>) -> Result<Told> {
    if asked.method != "POST" || asked.path != "/v2/enqueue" {
        return Ok(Told::answer(404, "not found"));
    }
    let event = asked.json()?;
    let errors = wrong(asked, &event);
    if !errors.is_empty() {
        let body = json!({"status": "invalid event", "message": "Event object is invalid", "errors": errors});
        return Ok(Told::answer(400, body.to_string()));
    }
    let key = event["dedup_key"].as_str().unwrap_or_default();
    let mut incidents = incidents.lock().unwrap_or_else(PoisonError::into_inner);
    let incident = incidents.entry(key.to_owned()).or_default();
    incident.1 = event["event_action"] == "trigger";
    if let Some(summary) = event["payload"]["summary"].as_str() {
        incident.0.push(summary.to_owned());
    }
    let body = json!({"status": "success", "message": "Event processed", "dedup_key": key});
    Ok(Told::answer(202, body.to_string()))
}

/// A server that triggers PagerDuty.
struct OnCall {
    _home: Home,
    server: Server,
    pagerduty: Service,
    incidents: Arc<Mutex<Incidents>>,
}

impl OnCall {
    /// Requests are answered by `answers`, one after the other, where they say something, and by PagerDuty's rules otherwise.
    fn start(answers: &[Option<Told>], key: &str, parameters: &[&str]) -> Result<Self> {
        let incidents = Arc::default();
        let kept = Arc::clone(&incidents);
        let answers = Mutex::new(VecDeque::from(answers.to_vec()));
        let pagerduty = Service::start(move |asked| {
            let next = answers
                .lock()
                .ok()
                .and_then(|mut answers| answers.pop_front());
            next.flatten()
                .map_or_else(|| answer(asked, &kept), Result::Ok)
        })?;
        let home = Home::new()?;
        let server = home.server()?;
        let folder = home.build().root().join("plugins").join(FOLDER);
        let grants = fs::read_to_string(folder.join("grants.yaml"))?;
        let grants = home.file(
            "pagerduty-grants.yaml",
            grants.replace(PLACE, &pagerduty.url()),
        )?;
        let secret = format!("routing_key=@{}", home.file("key", key)?);
        let component = home.artifact(FOLDER)?;
        let (log, url) = (format!("Log={LOG}"), format!("Url={}", pagerduty.url()));
        let mut arguments = vec![
            "install", &component, "--grants", &grants, "--secret", &secret, "--param", &log,
            "--param", &url,
        ];
        for parameter in parameters {
            arguments.extend(["--param", parameter]);
        }
        server.run_ok(&arguments)?;
        Ok(Self {
            _home: home,
            server,
            pagerduty,
            incidents,
        })
    }

    fn api(&self) -> &Api {
        self.server.api()
    }

    fn report(&self, events: &[Value]) -> Result<()> {
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
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

    fn incidents(&self) -> Incidents {
        let incidents = self.incidents.lock();
        incidents.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn event(rule: &str) -> Value {
    json!({ "ClientId": "C.1", "Rule": rule, "Level": "high", "Large": u64::MAX })
}

#[test]
fn what_is_alike_is_one_incident_that_a_row_resolves() -> Result<()> {
    let parameters = [
        "Window=2",
        "Key={Rule}",
        "Summary={Rule}",
        "Severity={Level}",
        "ResolveColumn=Over",
    ];
    let oncall = OnCall::start(&[], KEY, &parameters)?;
    oncall.report(&[event("a"), event("b"), event("a"), event("a")])?;
    let rows = oncall.rows(3)?;
    assert_eq!(
        (&rows[2]["Kind"], &rows[2]["More"]),
        (&json!("summary"), &json!(2))
    );
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let a: Vec<String> = texts(&["a", "2 more: a"]);
    assert_eq!(
        oncall.incidents(),
        [
            ("a".to_owned(), (a.clone(), true)),
            ("b".to_owned(), (texts(&["b"]), true))
        ]
        .into()
    );
    let mut over = event("a");
    over["Over"] = json!(true);
    oncall.report(&[over])?;
    assert_eq!(oncall.rows(4)?[3]["Kind"], "resolve");
    assert_eq!(oncall.incidents()["a"], (a, false));
    let sent = oncall.pagerduty.asked()[0].json()?;
    assert_eq!(sent["payload"]["severity"], "error");
    assert_eq!(sent["payload"]["custom_details"]["row"]["Rule"], "a");
    assert_eq!(
        sent["payload"]["custom_details"]["row"]["Large"],
        u64::MAX.to_string()
    );
    Ok(())
}

#[test]
fn on_a_bad_day_everything_is_sent_once() -> Result<()> {
    let answers = [
        None,
        Some(Told::answer(429, "Too Many Requests").with("Retry-After", "2")),
        Some(Told::Nothing),
        Some(Told::answer(500, "")),
        None,
        Some(Told::answer(
            400,
            "{\"status\":\"invalid event\",\"errors\":[\"no\"]}",
        )),
    ];
    let oncall = OnCall::start(&answers, KEY, &["Key={Rule}", "Summary={Rule}"])?;
    oncall.report(&["a", "b", "c", "d"].map(event))?;
    let rows = oncall.rows(4)?;
    let statuses: Vec<&Value> = rows.iter().map(|row| &row["Status"]).collect();
    assert_eq!(statuses, [202, 202, 400, 202]);
    assert_eq!(rows[2]["Answer"], "no");
    let asked = oncall.pagerduty.asked();
    let keys: Vec<Value> = asked
        .iter()
        .map(|asked| Ok(asked.json()?["dedup_key"].clone()))
        .collect::<Result<_>>()?;
    assert_eq!(keys, ["a", "b", "b", "b", "b", "c", "d"]);
    let waited = asked[2].at - asked[1].at;
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
    for key in ["a", "b", "d"] {
        assert_eq!(oncall.incidents()[key].0, [key], "once");
    }
    Ok(())
}

#[test]
fn a_wrong_key_is_told_of_and_shown_nowhere() -> Result<()> {
    let key = "fedcba9876543210fedcba9876543210";
    let oncall = OnCall::start(&[], key, &["Window=600"])?;
    oncall.report(&[event("a"), event("a")])?;
    let rows = oncall.rows(1)?;
    assert_eq!(
        (&rows[0]["Outcome"], &rows[0]["Answer"]),
        (&json!("refused"), &json!("Invalid routing key"))
    );
    let trail = oncall
        .api()
        .get_json(&format!("/api/v1/audit?artifact={NAME}"))?;
    let messages = oncall.api().log(&format!("messages/{NAME}"))?;
    for shown in [
        trail.to_string(),
        json!(messages).to_string(),
        oncall.server.log()?,
    ] {
        assert!(!shown.contains(key));
    }
    assert_eq!(oncall.pagerduty.asked()[0].json()?["routing_key"], key);
    Ok(())
}
