//! `Server.Alerts.Webhook`: tells a webhook of each row of a log, in a body of the operator's making.
//!
//! [`template`] is that body, read once; [`message`] is what is put into it, [`text`] how; [`windows`] says what is told by itself and what is counted. A turn in which the
//! webhook can't take a message now is tried again as a whole: what was accepted in it is known to the host by its `once` name, and not sent a second time.

mod answer;
mod column;
mod message;
mod parameters;
mod template;
mod text;
mod time;
mod windows;

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use watchbox_sdk::{
    Artifact, Batch, Failure, Rows, Tick, Value, clients, clock,
    http::{self, Request},
};

use answer::Answer;
use column::Columns;
use message::{Kept, Message, Subject};
pub use parameters::Parameters;
use parameters::Settings;
use windows::{Arrival, Windows};

/// How long the webhook may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest key, in bytes; of a longer one the end is a digest of it.
const KEY: usize = 200;

/// The most summaries of one turn: with more, a slow webhook would use up its time.
const SUMMARIES: usize = 25;

/// A row.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Told<'a> {
    kind: &'a str,
    key: &'a str,
    client_id: &'a str,
    hostname: &'a str,
    received: f64,
    more: u64,
    status: Option<u16>,
    answer: &'a str,
    cut: bool,
}

/// The artifact.
#[derive(Debug)]
pub struct Webhook(Settings);

impl Artifact for Webhook {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, Failure> {
        parameters.check().map(Self)
    }

    fn events(&mut self, batch: &Batch<'_>, rows: &mut Rows) -> Result<(), Failure> {
        let now = clock::now()?;
        let mut windows = Windows::load(self.0.window)?;
        let mut turn = Turn {
            settings: &self.0,
            rows,
            hostnames: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        for row in batch.events::<Value<'_>>() {
            let columns = match row {
                Ok(row) => column::columns(&row).ok_or("it is no map of columns".to_owned()),
                Err(error) => Err(error.to_string()),
            };
            match columns {
                Ok(columns) => turn.arrives(&columns, now, &mut windows)?,
                // One that can't be read stops none of the others.
                Err(why) => turn.unread(&why)?,
            }
        }
        turn.sum_up(now, &mut windows)?;
        windows.save()
    }

    fn tick(&mut self, _: Tick, rows: &mut Rows) -> Result<(), Failure> {
        let now = clock::now()?;
        let mut windows = Windows::load(self.0.window)?;
        let mut turn = Turn {
            settings: &self.0,
            rows,
            hostnames: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        turn.sum_up(now, &mut windows)?;
        windows.save()
    }
}

/// A turn under way.
struct Turn<'a> {
    settings: &'a Settings,
    rows: &'a mut Rows,
    /// Of clients that were looked up.
    hostnames: BTreeMap<String, String>,
    /// How often each `once` name was given.
    names: BTreeMap<String, u32>,
}

impl Turn<'_> {
    /// A row is dealt with.
    fn arrives(
        &mut self,
        columns: &Columns,
        now: f64,
        windows: &mut Windows<Kept>,
    ) -> Result<(), Failure> {
        let text = |name: &str| columns.get(name).and_then(serde_json::Value::as_str);
        let client_id = text("ClientId").unwrap_or_default().to_owned();
        let hostname = match text("Hostname") {
            Some(hostname) if !hostname.is_empty() => hostname.to_owned(),
            _ => self.hostname(&client_id),
        };
        let received = columns.get("_ts").and_then(serde_json::Value::as_f64);
        let mut message = Message {
            subject: Subject::Row(columns),
            key: "",
            client_id: &client_id,
            hostname: &hostname,
            received: received.unwrap_or(now),
            more: 0,
        };
        let key = self.key(&message);
        message.key = key.as_deref().unwrap_or_default();
        if let Some(key) = &key {
            let about = || Kept::of(&message, self.settings);
            match windows.arrives(key, now, message.received, about) {
                Arrival::Told(more) => message.more = more,
                Arrival::Counted => return Ok(()),
            }
        }
        let row = serde_json::to_vec(columns)?;
        let name = self.name("alert", &[message.key.as_bytes(), &row]);
        self.tell(&message, &name)
    }

    /// Tells of windows that are over.
    fn sum_up(&mut self, now: f64, windows: &mut Windows<Kept>) -> Result<(), Failure> {
        for (key, window) in windows.over(now, SUMMARIES) {
            let message = Message {
                subject: Subject::More(&window.about),
                key: &key,
                client_id: &window.about.client_id,
                hostname: &window.about.hostname,
                received: window.last,
                more: window.more,
            };
            let since = window.since.to_bits().to_le_bytes();
            let name = self.name("more", &[key.as_bytes(), &since]);
            self.tell(&message, &name)?;
        }
        Ok(())
    }

    /// Sends a message, and emits the row that tells what came of it.
    fn tell(&mut self, message: &Message<'_>, name: &str) -> Result<(), Failure> {
        let mut most = self.settings.most;
        let mut told = None;
        // A webhook that finds it too large gets a shorter one, once.
        for name in [name.to_owned(), format!("{name} shorter")] {
            let Some((body, is_cut)) = message.body(self.settings, most) else {
                break;
            };
            let length = body.len();
            let answer = self.send(body, &name)?;
            let again = answer.is_too_large();
            told = Some((answer, is_cut));
            if !again {
                break;
            }
            most = length / 4;
        }
        let (answer, is_cut) = told.unwrap_or_else(|| {
            let content =
                format!("not sent: it has more than {most} bytes, however its texts are cut");
            let answer = Answer {
                status: None,
                content,
            };
            (answer, false)
        });
        if !matches!(answer.status, Some(200..300)) {
            watchbox_sdk::error!(
                "a message was refused: {} {}",
                answer.status.unwrap_or_default(),
                answer.content
            );
        }
        self.rows.push(&Told {
            kind: message.subject.kind(),
            key: message.key,
            client_id: message.client_id,
            hostname: message.hostname,
            received: message.received,
            more: message.more,
            status: answer.status,
            answer: &answer.content,
            cut: is_cut,
        })
    }

    fn send(&self, body: String, name: &str) -> Result<Answer, Failure> {
        let mut request = Request::new(&self.settings.method, http::secret("url"))
            .header("content-type", self.settings.content_type.as_str())
            .body(body)
            .timeout(TIMEOUT)
            .once(name);
        if let Some(authorization) = &self.settings.authorization {
            request = request.header("authorization", authorization.clone());
        }
        answer::read(request.send())
    }

    fn unread(&mut self, why: &str) -> Result<(), Failure> {
        self.rows.push(&Told {
            kind: "alert",
            key: "",
            client_id: "",
            hostname: "",
            received: 0.0,
            more: 0,
            status: None,
            answer: why,
            cut: false,
        })
    }

    /// What a row has in common with what is alike; none where nothing is.
    fn key(&self, message: &Message<'_>) -> Option<String> {
        let line = self.settings.key.as_ref()?;
        let key = text::printable(&line.fill(|place| message.shown(place, self.settings)));
        if key.len() <= KEY {
            return Some(key);
        }
        let digest = digest(&[key.as_bytes()]);
        let end = key.floor_char_boundary(KEY - digest.len() - 1);
        Some(format!("{}#{digest}", &key[..end]))
    }

    /// The hostname of a client; empty where it is not known.
    fn hostname(&mut self, client_id: &str) -> String {
        if client_id.is_empty() {
            return String::new();
        }
        if let Some(known) = self.hostnames.get(client_id) {
            return known.clone();
        }
        let hostname = match clients::get(client_id) {
            Ok(client) => client.map(|client| client.hostname).unwrap_or_default(),
            Err(error) => {
                watchbox_sdk::warn!("{client_id} is told of without its hostname: {error}");
                String::new()
            }
        };
        self.hostnames
            .insert(client_id.to_owned(), hostname.clone());
        hostname
    }

    /// A `once` name for an effect that is about `parts`, the second and third time another one: what is the same in everything is told as often as it comes.
    fn name(&mut self, kind: &str, parts: &[&[u8]]) -> String {
        let name = format!("{kind} {}", digest(parts));
        let count = self.names.entry(name.clone()).or_default();
        *count += 1;
        match count {
            1 => name,
            nth => format!("{name} {nth}"),
        }
    }
}

/// A digest of parts, 128 bits of it, in hex.
fn digest(parts: &[&[u8]]) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_le_bytes());
        sha.update(part);
    }
    let mut hex = String::new();
    for byte in &sha.finalize()[..16] {
        // To a string, which never fails.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

watchbox_sdk::export!(Webhook);

#[cfg(test)]
mod tests;
