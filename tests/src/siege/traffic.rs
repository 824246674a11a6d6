//! What goes on while a server lives: events at a steady rate, labels put on, artifacts upgraded; until the kill.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use fastrand::Rng;
use serde_json::json;

use super::{
    ledger::{Fate, Ledger},
    plan::Life,
    stage::Components,
};
use crate::{
    Api, Server,
    sample::{ARTIFACT, Event, Fleet},
};

/// Events a second.
const RATE: f64 = 2_000.0;

/// Events of one request.
const BATCH: std::ops::RangeInclusive<usize> = 10..=80;

/// What is sent, over all lives of all rounds.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(crate) fleet: Fleet,
    pub(crate) ledger: Ledger,
    /// The clients that were labelled in this round, and whether the server said so.
    pub(crate) labelled: BTreeMap<String, Fate>,
    pub(crate) upgrades: u64,
}

impl Traffic {
    /// Runs against `server` until the kill, which is sent and not waited for. What goes wrong before is an error.
    pub(crate) fn until_the_kill(
        &mut self,
        server: &Server,
        life: &Life,
        components: &mut Components,
    ) -> Result<()> {
        let killed = AtomicBool::new(false);
        let api = server.api().clone();
        let command = || server.command();
        let began = Instant::now();
        let labelled: Vec<_> = life
            .labelled
            .iter()
            .map(|number| self.fleet.endpoints()[*number].id.clone())
            .collect();
        let (fleet, ledger) = (&mut self.fleet, &mut self.ledger);
        let outcome = Mutex::new(Ok(()));
        let note = |result: Result<()>| {
            if let Err(error) = result
                && !killed.load(Ordering::SeqCst)
            {
                *outcome.lock().unwrap_or_else(PoisonError::into_inner) = Err(error);
            }
        };
        let (labels, upgrades) = thread::scope(|scope| -> Result<_> {
            let killed = &killed;
            let random = Rng::with_seed(life.traffic);
            let sender = scope.spawn(|| send(&api, fleet, ledger, random, killed, &note));
            let labeller = scope.spawn(|| label(&api, &labelled, &note));
            let upgrader = scope.spawn(|| {
                let mut done = 0;
                for (at, which) in &life.upgrades {
                    pause_until(began + *at, killed);
                    if killed.load(Ordering::SeqCst) {
                        break;
                    }
                    let upgraded = components.upgrade(&mut command(), *which);
                    done += u64::from(upgraded.is_ok());
                    note(upgraded);
                }
                done
            });
            pause_until(began + life.lasts, killed);
            killed.store(true, Ordering::SeqCst);
            let death = server.kill_now();
            let ended = "a thread of the traffic panicked";
            sender.join().map_err(|_| anyhow::anyhow!(ended))?;
            let labels = labeller.join().map_err(|_| anyhow::anyhow!(ended))?;
            let upgrades = upgrader.join().map_err(|_| anyhow::anyhow!(ended))?;
            death?;
            Ok((labels, upgrades))
        })?;
        self.labelled.extend(labels);
        self.upgrades += upgrades;
        outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends events at the rate until the server is gone.
fn send(
    api: &Api,
    fleet: &mut Fleet,
    ledger: &mut Ledger,
    mut random: Rng,
    killed: &AtomicBool,
    note: &impl Fn(Result<()>),
) {
    let began = Instant::now();
    let mut sent = 0;
    while !killed.load(Ordering::SeqCst) {
        let batch = random.usize(BATCH);
        sent += batch;
        pause_until(began + Duration::from_secs_f64(sent as f64 / RATE), killed);
        let events: Vec<_> = fleet.take(batch).collect();
        let fate = match api.post_events(ARTIFACT, &numbered(&events, ledger.next())) {
            Ok(answer) if answer.status == 200 => Fate::Acknowledged,
            // The store is behind, which it may be.
            Ok(answer) if answer.status == 503 => Fate::Refused,
            Ok(answer) => {
                note(answer.json().map(drop));
                Fate::Unsure
            }
            Err(error) => {
                note(Err(error));
                Fate::Unsure
            }
        };
        ledger.record(events, fate);
    }
}

/// Events as NDJSON, each with its number before its own columns.
fn numbered(events: &[Event], first: u64) -> Vec<u8> {
    let lines = events.iter().zip(first..).map(|(event, number)| {
        let columns = event.json.trim_start_matches('{');
        format!("{{\"Number\":{number},{columns}\n")
    });
    lines.collect::<String>().into_bytes()
}

/// Puts the label on clients, one after the other.
fn label(api: &Api, clients: &[String], note: &impl Fn(Result<()>)) -> BTreeMap<String, Fate> {
    let mut fates = BTreeMap::new();
    for client in clients {
        let path = format!("/api/v1/clients/{client}/labels");
        let put_on = api
            .send_json("POST", &path, &json!({"add": ["Slack"]}))
            .and_then(|client| {
                let says = client.to_string();
                ensure!(says.contains("Slack"), "the label is not there: {says}");
                Ok(())
            });
        let fate = match put_on {
            Ok(()) => Fate::Acknowledged,
            Err(_) => Fate::Unsure,
        };
        note(put_on);
        fates.insert(client.clone(), fate);
        if fate == Fate::Unsure {
            break;
        }
    }
    fates
}

/// Waits until `at`, or until the kill.
fn pause_until(at: Instant, killed: &AtomicBool) {
    while !killed.load(Ordering::SeqCst) {
        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        thread::park_timeout(left.min(Duration::from_millis(20)));
    }
}
