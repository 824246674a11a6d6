//! The events that the demo sends: made up, or the user's own.

use std::{collections::HashMap, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use watchbox_tests::sample::{Endpoint, Event, Fleet};

/// Events in memory, and who reports them.
#[derive(Debug)]
pub(crate) struct Events {
    endpoints: Vec<Endpoint>,
    lines: Vec<Event>,
}

/// A decoded command, as it must come out: client and script.
pub(crate) type Decoded = (String, String);

impl Events {
    /// Events of a made-up fleet. Once all are sent they start over: nothing in the demo minds.
    pub(crate) fn made_up() -> Self {
        let mut fleet = Fleet::new(2026, 5);
        let endpoints = fleet.endpoints().to_vec();
        let lines = fleet.by_ref().take(super::ONCE).collect();
        Self { endpoints, lines }
    }

    /// The events of a file of NDJSON.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("{} can't be read", file.display()))?;
        let (mut endpoints, mut known) = (Vec::new(), HashMap::new());
        let mut lines = Vec::new();
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
        {
            let at = || format!("{}:{}", file.display(), number + 1);
            let event: Value = serde_json::from_str(line).with_context(at)?;
            let id = event["ClientId"]
                .as_str()
                .with_context(|| format!("{}: no ClientId", at()))?;
            if known.insert(id.to_owned(), ()).is_none() {
                let hostname = event["Hostname"].as_str().unwrap_or_default().to_owned();
                endpoints.push(Endpoint {
                    id: id.to_owned(),
                    hostname,
                });
            }
            lines.push(Event {
                client: id.to_owned(),
                json: line.to_owned(),
                script: None,
            });
        }
        ensure!(!lines.is_empty(), "{} holds no event", file.display());
        Ok(Self { endpoints, lines })
    }

    /// Who reports them.
    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// All of them, once.
    pub(crate) fn once(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|event| event.json.as_str())
    }

    /// All of them, again and again.
    pub(crate) fn for_ever(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|event| event.json.as_str()).cycle()
    }

    /// What must come out, where the events are made up and it is known.
    pub(crate) fn scripts(&self) -> Vec<Decoded> {
        let known = |event: &Event| Some((event.client.clone(), event.script.clone()?));
        self.lines.iter().filter_map(known).collect()
    }
}
