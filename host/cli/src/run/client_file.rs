//! The clients of a run, from a file.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, bail};
use serde::Deserialize;
use watchbox_model::{Client, ClientId, Label, Time};
use watchbox_server::api::types::Timestamp;

/// A line of the file: a client as `watchbox clients --json` shows it, or as much of one as is known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: ClientId,
    #[serde(default)]
    hostname: String,
    #[serde(default)]
    os: String,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    first_seen: Option<Moment>,
    #[serde(default)]
    last_seen: Option<Moment>,
}

/// A moment: RFC 3339, or seconds since the epoch.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Moment {
    Seconds(f64),
    Text(Timestamp),
}

impl From<Moment> for Time {
    fn from(moment: Moment) -> Self {
        match moment {
            Moment::Seconds(seconds) => Self::from_seconds(seconds),
            Moment::Text(Timestamp(time)) => time,
        }
    }
}

/// Reads `file`: one JSON object a line, each of another client.
pub fn read_clients(file: &Path) -> anyhow::Result<Vec<Client>> {
    let name = file.display();
    let text = fs::read_to_string(file)
        .with_context(|| format!("the clients file {name} can't be read"))?;
    let mut ids = BTreeSet::new();
    let mut clients = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(line)
            .with_context(|| format!("{name}:{number}: this is no client"))?;
        if !ids.insert(line.id.clone()) {
            bail!("{name}:{number}: the client {} is there twice", line.id);
        }
        // A client that never reported was last seen at the epoch.
        let last_seen = line.last_seen.map(Time::from).unwrap_or_default();
        clients.push(Client {
            id: line.id,
            hostname: line.hostname,
            os: line.os,
            labels: line.labels,
            first_seen: line.first_seen.map_or(last_seen, Time::from),
            last_seen,
        });
    }
    Ok(clients)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Vec<Client>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        read_clients(file.path())
    }

    #[test]
    fn as_much_as_is_known_is_enough() {
        let clients = read(concat!(
            r#"{"id":"C.1"}"#,
            "\n\n",
            r#"{"id":"C.2","hostname":"h","os":"windows","labels":["Slack"],"last_seen":"2025-11-25T04:00:00Z"}"#,
            "\n",
            r#"{"id":"C.3","last_seen":1764043200.5}"#,
        ))
        .unwrap();
        assert_eq!(clients.len(), 3);
        assert_eq!(clients[1].last_seen, Time::from_seconds(1_764_043_200.0));
        assert_eq!(clients[2].first_seen, Time::from_seconds(1_764_043_200.5));
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, wanted) in [
            (
                "{\"id\":\"C.1\"}\n{\"id\":\"C.1\"}",
                ":2: the client C.1 is there twice",
            ),
            ("{\"id\":\"nope\"}", ":1: this is no client"),
            ("{\"id\":\"C.1\",\"hostnam\":\"x\"}", "hostnam"),
        ] {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.contains(wanted), "{error}");
        }
    }
}
