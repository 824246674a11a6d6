//! `Server.Splunk.Upload`, against a collector that keeps Splunk's rules: every event is indexed, once, whatever happens on the way.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use watchbox_tests::{Api, Asked, Home, Server, Service, Told, eventually};

const NAME: &str = "Server.Splunk.Upload";
const FOLDER: &str = "server-splunk-upload";
/// What the folder's grants say of where the collector is.
const PLACE: &str = "https://splunk.example.org:8088";
const LOG: &str = "Test.Splunk";
const SOON: Duration = Duration::from_secs(120);
const TOKEN: &str = "11111111-2222-3333-4444-555555555555";
/// The largest request that the test's collector takes.
const LARGEST: usize = 1_000_000;

/// What a collector holds.
#[derive(Debug, Default)]
struct Collector {
    indexed: Vec<Value>,
    /// Whether its token acknowledges.
    acknowledges: bool,
    /// How many requests each channel has sent, and which of them were asked for and not told of.
    channels: BTreeMap<String, (u64, BTreeSet<u64>)>,
    /// How the next requests are answered, where not by its rules.
    next: VecDeque<Option<Told>>,
}

fn told(status: u16, code: u64, text: &str) -> Told {
    Told::answer(status, json!({"text": text, "code": code}).to_string())
}

/// The error of an event, by its number from 0.
fn blamed(code: u64, text: &str, number: usize) -> Told {
    let body = json!({"text": text, "code": code, "invalid-event-number": number});
    Told::answer(400, body.to_string())
}

impl Collector {
    fn answer(&mut self, asked: &Asked) -> Result<Told> {
        if let Some(told) = self.next.pop_front().flatten() {
            return Ok(told);
        }
        match asked.header("authorization").split_once(' ') {
            Some(("Splunk", TOKEN)) => {}
            Some(("Splunk", _)) => return Ok(told(403, 4, "Invalid token")),
            _ => return Ok(told(401, 3, "Invalid authorization")),
        }
        ensure!(asked.method == "POST", "another method");
        let channel = asked.header("x-splunk-request-channel");
        if self.acknowledges && channel.is_empty() {
            return Ok(told(400, 10, "Data channel is missing"));
        }
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        match path {
            "/services/collector/event" => self.collect(asked, channel),
            "/services/collector/ack" if query == format!("channel={channel}") => {
                self.tell(asked, channel)
            }
            _ => Ok(Told::answer(404, "{\"text\":\"not found\",\"code\":404}")),
        }
    }

    /// Takes events one after the other, up to the first that is none.
    fn collect(&mut self, asked: &Asked, channel: &str) -> Result<Told> {
        if asked.body.len() > LARGEST {
            return Ok(Told::answer(413, "too large"));
        }
        let objects = serde_json::Deserializer::from_slice(&asked.body).into_iter::<Value>();
        for (number, object) in objects.enumerate() {
            let Ok(object) = object else {
                return Ok(blamed(6, "Invalid data format", number));
            };
            let event = &object["event"];
            if event.is_null() {
                return Ok(blamed(12, "Event field is required", number));
            }
            // What it takes for no event is made up: the artifact sends none.
            if event["Poison"] == true {
                return Ok(blamed(13, "Event field cannot be blank", number));
            }
            if object["index"] != "main" {
                return Ok(blamed(7, "Incorrect index", number + 1));
            }
            self.indexed.push(object);
        }
        let mut body = json!({"text": "Success", "code": 0});
        if self.acknowledges {
            let (count, open) = self.channels.entry(channel.to_owned()).or_default();
            body["ackId"] = json!(*count);
            open.insert(*count);
            *count += 1;
        }
        Ok(Told::answer(200, body.to_string()))
    }

    /// Tells of each acknowledgement once, and of that of the second request never.
    fn tell(&mut self, asked: &Asked, channel: &str) -> Result<Told> {
        let ids = asked.json()?["acks"].clone();
        let (_, open) = self.channels.entry(channel.to_owned()).or_default();
        let acks: serde_json::Map<String, Value> = ids
            .as_array()
            .context("no ids")?
            .iter()
            .filter_map(Value::as_u64)
            .map(|id| (id.to_string(), json!(id != 1 && open.remove(&id))))
            .collect();
        Ok(Told::answer(200, json!({ "acks": acks }).to_string()))
    }
}

/// A server that uploads to a collector.
struct Upload {
    home: Home,
    server: Server,
    service: Service,
    collector: Arc<Mutex<Collector>>,
}

impl Upload {
    fn start(collector: Collector, token: &str, parameters: &[&str]) -> Result<Self> {
        let collector = Arc::new(Mutex::new(collector));
        let kept = Arc::clone(&collector);
        let service = Service::start(move |asked| lock(&kept).answer(asked))?;
        let home = Home::new()?;
        let server = home.server()?;
        let folder = home.build().root().join("plugins").join(FOLDER);
        let grants = fs::read_to_string(folder.join("grants.yaml"))?;
        let grants = home.file("splunk-grants.yaml", grants.replace(PLACE, &service.url()))?;
        let secret = format!("token=@{}", home.file("token", token)?);
        let component = home.artifact(FOLDER)?;
        let (log, url) = (format!("Log={LOG}"), format!("Url={}", service.url()));
        let mut arguments = vec![
            "install",
            &component,
            "--grants",
            &grants,
            "--secret",
            &secret,
            "--param",
            &log,
            "--param",
            &url,
            "--param",
            "Index=main",
        ];
        for parameter in parameters {
            arguments.extend(["--param", parameter]);
        }
        server.run_ok(&arguments)?;
        Ok(Self {
            home,
            server,
            service,
            collector,
        })
    }

    fn api(&self) -> &Api {
        self.server.api()
    }

    fn report(&self, events: impl IntoIterator<Item = Value>) -> Result<()> {
        let lines: String = events
            .into_iter()
            .map(|event| format!("{event}\n"))
            .collect();
        self.api().accept_events(LOG, lines.as_bytes()).map(drop)
    }

    /// Waits until the artifact's rows are enough.
    fn rows(&self, enough: impl Fn(&[Value]) -> bool) -> Result<Vec<Value>> {
        eventually(SOON, || {
            let rows = self.api().rows(NAME)?;
            Ok(if enough(&rows) {
                Ok(rows)
            } else {
                Err(format!("{rows:?}"))
            })
        })
    }

    /// Waits until so many events were sent.
    fn sent(&self, count: u64) -> Result<Vec<Value>> {
        self.rows(|rows| {
            let sent = rows.iter().filter(|row| row["Kind"] == "sent");
            sent.filter_map(|row| row["Sent"].as_u64()).sum::<u64>() >= count
        })
    }

    /// The numbers of the events that are indexed, in order.
    fn numbers(&self) -> Vec<u64> {
        let collector = lock(&self.collector);
        let numbers = collector.indexed.iter();
        numbers
            .filter_map(|object| object["event"]["Number"].as_u64())
            .collect()
    }
}

fn lock(collector: &Mutex<Collector>) -> MutexGuard<'_, Collector> {
    collector.lock().unwrap_or_else(PoisonError::into_inner)
}

fn event(number: u64) -> Value {
    json!({ "ClientId": "C.1", "Hostname": "WS-1", "Number": number })
}

#[test]
fn on_a_bad_day_every_event_is_indexed_once() -> Result<()> {
    let collector = Collector {
        next: [
            told(503, 9, "Server is busy"),
            told(429, 26, "HEC queue is at capacity").with("Retry-After", "2"),
            Told::Nothing,
            Told::answer(500, "<html>"),
        ]
        .map(Some)
        .into(),
        ..Collector::default()
    };
    let upload = Upload::start(collector, TOKEN, &["BatchBytes=20000"])?;
    upload.report((0..2_500).map(event))?;
    upload.sent(2_500)?;
    assert_eq!(upload.numbers(), (0..2_500).collect::<Vec<_>>());
    let asked = upload.service.asked();
    let waited = asked[2].at - asked[1].at;
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
    assert!(asked.iter().all(|asked| asked.body.len() <= 20_000));
    Ok(())
}

#[test]
fn a_crash_between_two_requests_of_a_turn_sends_none_twice() -> Result<()> {
    let busy = || Some(told(503, 9, "Server is busy"));
    let collector = Collector {
        next: [None, None, busy(), busy(), busy()].into(),
        ..Collector::default()
    };
    let upload = Upload::start(collector, TOKEN, &["BatchBytes=20000"])?;
    upload.report((0..1_000).map(event))?;
    upload.service.wait(SOON, |asked| asked.len() >= 3)?;
    let Upload {
        home,
        server,
        service,
        collector,
    } = upload;
    server.kill()?;
    let upload = Upload {
        server: home.server()?,
        home,
        service,
        collector,
    };
    upload.sent(1_000)?;
    assert_eq!(upload.numbers(), (0..1_000).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn an_event_that_splunk_takes_for_none_is_a_row_and_costs_no_other() -> Result<()> {
    let upload = Upload::start(Collector::default(), TOKEN, &[])?;
    let poison = |number: u64| {
        let mut event = event(number);
        event["Poison"] = json!(number % 4 == 3);
        event
    };
    upload.report((0..12).map(poison))?;
    let rows = upload.sent(9)?;
    assert_eq!(upload.numbers(), [0, 1, 2, 4, 5, 6, 8, 9, 10]);
    let refused: Vec<&Value> = rows.iter().filter(|row| row["Kind"] == "refused").collect();
    assert_eq!(refused.len(), 3);
    for (row, number) in refused.iter().zip([3, 7, 11]) {
        let shown: Value = serde_json::from_str(row["Event"].as_str().context("no event")?)?;
        assert_eq!(shown["Number"], number);
        assert_eq!(
            (&row["Status"], &row["Code"], &row["Reason"]),
            (
                &json!(400),
                &json!(13),
                &json!("Event field cannot be blank")
            )
        );
    }
    Ok(())
}

#[test]
fn events_arrive_as_they_are() -> Result<()> {
    let upload = Upload::start(Collector::default(), TOKEN, &["TimeColumn=Timestamp"])?;
    let given = json!({
        "ClientId": "C.1", "Hostname": "WS-\"1\"", "Timestamp": "2026-01-01T00:00:00.25Z",
        "Most": u64::MAX, "Least": i64::MIN, "Float": 0.1, "Text": "\u{fc}\u{1f600}\n\u{0}\u{202e}", "Deep": {"a": [true, null, {}]},
    });
    upload.report([given.clone()])?;
    upload.sent(1)?;
    let mut indexed = lock(&upload.collector).indexed.remove(0);
    let received = indexed["event"]
        .as_object_mut()
        .and_then(|event| event.remove("_ts"));
    assert!(received.is_some_and(|received| received.is_f64()));
    assert_eq!(
        indexed,
        json!({
            "time": 1_767_225_600.25, "host": "WS-\"1\"", "source": LOG, "sourcetype": "watchbox", "index": "main", "event": given,
        })
    );
    Ok(())
}

#[test]
fn a_wrong_token_loses_nothing() -> Result<()> {
    let upload = Upload::start(Collector::default(), "another", &[])?;
    upload.report((0..3).map(event))?;
    let letter = eventually(SOON, || {
        let letters = upload.api().get_json("/api/v1/dead-letters")?;
        let first = letters["items"].as_array().and_then(|items| items.first());
        Ok(first.cloned().ok_or_else(|| "no dead letter".to_owned()))
    })?;
    let error = letter["error"].as_str().context("no error")?;
    assert!(
        error.contains("403 Invalid token: Splunk does not know the token"),
        "{error}"
    );
    let token = upload.home.file("right-token", TOKEN)?;
    let (id, secret) = (letter["id"].to_string(), format!("token=@{token}"));
    upload
        .server
        .run_ok(&["upgrade", NAME, "--secret", &secret])?;
    upload.server.run_ok(&["dead-letters", "redrive", &id])?;
    assert_eq!(upload.numbers(), [0, 1, 2]);
    Ok(())
}

#[test]
fn what_is_not_acknowledged_in_time_is_told() -> Result<()> {
    let collector = Collector {
        acknowledges: true,
        ..Collector::default()
    };
    let upload = Upload::start(collector, TOKEN, &["Acknowledge=true", "AckWait=1"])?;
    upload.report([event(0)])?;
    upload.sent(1)?;
    upload.report([event(1), event(2)])?;
    upload.sent(3)?;
    let rows = upload.rows(|rows| rows.iter().any(|row| row["Kind"] == "unacknowledged"))?;
    let late: Vec<&Value> = rows
        .iter()
        .filter(|row| row["Kind"] == "unacknowledged")
        .collect();
    assert_eq!(late.len(), 1, "{late:?}");
    assert_eq!(
        (&late[0]["Sent"], &late[0]["Reason"]),
        (
            &json!(2),
            &json!("ackId 1: Splunk has not indexed it in time")
        )
    );
    assert_eq!(lock(&upload.collector).channels.len(), 1, "one channel");
    Ok(())
}
