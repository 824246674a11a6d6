//! After a round: whether what is there is what must be.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{
    ledger::Fate,
    report::Report,
    stage::{POWERSHELL, SLACK},
    traffic::Traffic,
};
use crate::{Api, Received, sample::ARTIFACT};

/// How long the artifacts may take to come to an end: a turn that a hanging webhook holds up takes ten seconds, and a 429 asks for some.
const SETTLED: Duration = Duration::from_secs(120);

/// How far the logs were looked through.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    round: u32,
    /// Rows of the events' log, of the decoded rows' and of the messages' that were read.
    events: u64,
    decoded: u64,
    told: u64,
    /// Events that were sent before this round.
    sent: u64,
    /// Messages that came to the webhook before this round.
    received: usize,
    /// Which events are kept, and which have their rows; by number.
    kept: Vec<bool>,
    rows: Vec<bool>,
}

/// What came to the webhook, and how much of it had come when the server was killed.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) received: Vec<Received>,
    pub(crate) kills: Vec<usize>,
}

impl Checker {
    /// Waits until the artifacts are done, and looks at what came since the last round.
    pub(crate) fn check(
        &mut self,
        api: &Api,
        traffic: &mut Traffic,
        webhook: impl FnOnce() -> Webhook,
        report: &mut Report,
    ) -> Result<()> {
        self.round += 1;
        self.kept.resize(traffic.ledger.next() as usize, false);
        self.rows.resize(traffic.ledger.next() as usize, false);
        self.events(api, traffic, report)?;
        if let Err(error) = settled(api, traffic, &self.kept) {
            // What is missing is told by the checks that follow, each by its name.
            self.differs(report, format!("it did not come to an end: {error:#}"));
        }
        self.decoded(api, traffic, report)?;
        let labelled = std::mem::take(&mut traffic.labelled);
        let rows = self.told(api)?;
        self.messages(&labelled, &rows, &webhook(), report);
        self.sent = traffic.ledger.next();
        let letters = api.get_json("/api/v1/dead-letters")?;
        if letters["items"] != Value::Array(Vec::new()) {
            self.differs(report, format!("dead letters: {letters}"));
        }
        Ok(())
    }

    /// Decoded rows that were read so far.
    pub(crate) fn rows_seen(&self) -> u64 {
        self.decoded
    }

    fn differs(&self, report: &mut Report, what: String) {
        report
            .differences
            .push(format!("round {}: {what}", self.round));
    }

    /// Every acknowledged event is kept once; one without an answer at most once; a refused one not at all.
    fn events(&mut self, api: &Api, traffic: &Traffic, report: &mut Report) -> Result<()> {
        let rows = api.log_from(&format!("events/{ARTIFACT}"), self.events)?;
        self.events += rows.len() as u64;
        for row in &rows {
            let number = row["Number"].as_u64().context("an event has its number")?;
            match self.kept.get_mut(number as usize) {
                Some(kept) if !*kept => *kept = true,
                Some(_) => self.differs(report, format!("event {number} is kept twice")),
                None => self.differs(report, format!("event {number} was never sent")),
            }
        }
        for (number, fate) in traffic.ledger.fates(self.sent) {
            match (fate, self.kept[number as usize]) {
                (Fate::Acknowledged, false) => {
                    self.differs(
                        report,
                        format!("event {number} was acknowledged and is gone"),
                    );
                }
                (Fate::Refused, true) => {
                    self.differs(report, format!("event {number} was refused and is kept"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Every encoded command that is kept has one row, of the right client.
    fn decoded(&mut self, api: &Api, traffic: &Traffic, report: &mut Report) -> Result<()> {
        let rows = api.log_from(&format!("rows/{POWERSHELL}"), self.decoded)?;
        self.decoded += rows.len() as u64;
        for row in &rows {
            let script = row["Script"].as_str().context("a row has its script")?;
            let Some(event) = traffic.ledger.with_script(script) else {
                self.differs(report, format!("a row of no event: {row}"));
                continue;
            };
            let number = event.number as usize;
            if row["ClientId"] != event.client.as_str() {
                self.differs(
                    report,
                    format!("the row of event {number} is of another client: {row}"),
                );
            }
            if std::mem::replace(&mut self.rows[number], true) {
                self.differs(report, format!("event {number} has two rows"));
            }
            if !self.kept[number] {
                self.differs(report, format!("event {number} has a row and is not kept"));
            }
        }
        for event in traffic.ledger.encoded() {
            let number = event.number as usize;
            if event.number >= self.sent && self.kept[number] && !self.rows[number] {
                self.differs(report, format!("event {number} has no row"));
            }
        }
        Ok(())
    }

    /// The clients that the Slack artifact says it told of, in this round, and how often.
    fn told(&mut self, api: &Api) -> Result<HashMap<String, u64>> {
        let rows = api.log_from(&format!("rows/{SLACK}"), self.told)?;
        self.told += rows.len() as u64;
        let mut told = HashMap::new();
        for row in rows.iter().filter(|row| row["Response"] == 200) {
            let client = row["client_id"].as_str().context("a row has its client")?;
            *told.entry(client.to_owned()).or_default() += 1;
        }
        Ok(told)
    }

    /// Each labelled client was told of at least once, and not again but where a kill came between the webhook's taking the message and the
    /// journal. Messages are sent one by one and each answer is journaled before the next is sent, so that can only be the last one that
    /// had come at a kill.
    fn messages(
        &mut self,
        labelled: &BTreeMap<String, Fate>,
        rows: &HashMap<String, u64>,
        webhook: &Webhook,
        report: &mut Report,
    ) {
        let mut told: HashMap<&str, u64> = HashMap::new();
        for message in webhook.received.iter().skip(self.received) {
            match (&message.text, message.accepted()) {
                (Ok(text), true) => *told.entry(client_of(text)).or_default() += 1,
                (Ok(_), false) => {}
                (Err(problem), _) => self.differs(report, format!("no message: {problem}")),
            }
        }
        let in_window = |client: &str| {
            let last = webhook.kills.iter().filter(|kill| **kill > self.received);
            last.filter_map(|kill| webhook.received.get(kill - 1))
                .filter(|message| {
                    message.accepted() && message.text.as_deref().map(client_of) == Ok(client)
                })
                .count() as u64
        };
        for (client, fate) in labelled {
            let count = told.remove(client.as_str()).unwrap_or(0);
            let rows = rows.get(client).copied().unwrap_or(0);
            report.messages += count;
            if *fate == Fate::Unsure && count == 0 && rows == 0 {
                continue;
            }
            report.clients += 1;
            if count == 0 {
                self.differs(report, format!("{client} was labelled and not told of"));
            }
            if count > 1 + in_window(client) {
                self.differs(report, format!("{client} was told of {count} times"));
            } else {
                report.in_window += count.saturating_sub(1);
            }
            if rows != 1 {
                self.differs(
                    report,
                    format!("{client} has {rows} rows that it was told of"),
                );
            }
        }
        for (client, count) in told {
            self.differs(
                report,
                format!("{client} was told of {count} times and not labelled"),
            );
        }
        self.received = webhook.received.len();
    }

    /// Looks through all of it once more, from the beginning: nothing that was right may have changed since.
    pub(crate) fn check_all(&self, api: &Api, report: &mut Report) -> Result<()> {
        let events = api.log(&format!("events/{ARTIFACT}"))?;
        let mut seen = vec![0_u8; self.kept.len()];
        for row in &events {
            let number = row["Number"].as_u64().context("an event has its number")?;
            let seen = seen.get_mut(number as usize).context("no such event")?;
            *seen = seen.saturating_add(1);
        }
        for (number, (seen, kept)) in seen.iter().zip(&self.kept).enumerate() {
            if *seen != u8::from(*kept) {
                self.differs(
                    report,
                    format!("event {number} is there {seen} times in the end"),
                );
            }
        }
        let rows = api.rows(POWERSHELL)?.len() as u64;
        if rows != self.decoded {
            self.differs(
                report,
                format!("{rows} rows in the end, {} before", self.decoded),
            );
        }
        report.events_kept = events.len() as u64;
        report.rows = rows;
        Ok(())
    }
}

/// Waits until every kept command has its row, nothing lags, and no client has the label.
fn settled(api: &Api, traffic: &Traffic, kept: &[bool]) -> Result<()> {
    let wanted = traffic
        .ledger
        .encoded()
        .filter(|event| kept[event.number as usize]);
    let wanted = wanted.count() as u64;
    crate::eventually(SETTLED, || {
        let labelled = api.get_json("/api/v1/clients?search=label:Slack")?;
        if labelled["items"] != Value::Array(Vec::new()) {
            return Ok(Err(format!("still to be told of: {labelled}")));
        }
        let powershell = api.get_json(&format!("/api/v1/table/{POWERSHELL}"))?;
        let rows = end(api, POWERSHELL)?;
        Ok(
            if rows >= wanted && powershell["lag"] == 0 && powershell["phase"] == "idle" {
                Ok(())
            } else {
                Err(format!("{rows} of {wanted} rows; {powershell}"))
            },
        )
    })
}

/// How many rows the log of `name` has.
fn end(api: &Api, name: &str) -> Result<u64> {
    let page = api.get(&format!("/api/v1/rows/{name}?last=1&format=ndjson"))?;
    let Some(last) = page.headers.get("Watchbox-Next") else {
        return Ok(0);
    };
    Ok(last.to_str()?.parse::<u64>()? + 1)
}

/// The client in `Client HOST (C.123) has appeared online ...`.
fn client_of(text: &str) -> &str {
    let after = text.split_once('(').map_or("", |(_, after)| after);
    after.split_once(')').map_or("", |(client, _)| client)
}
