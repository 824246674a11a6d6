//! Plays a case: the artifact, in the sandbox that the server runs artifacts in, over clients, state and answers that the case gives.

use std::{
    collections::BTreeSet,
    sync::{Arc, RwLock},
    time::Instant,
};

use anyhow::{Context as _, bail};
use serde_json::Value;
use watchbox_model::{
    Client, Grants, Limits, LogKey, Manifest, Rows, RowsBuilder, Time, TurnId,
    audit::Decision,
    event::{EventContext, Place, read_json_matching},
    manifest::ResolvedSubscription,
    message::Source,
    parameter::Parameters,
    row::{JsonEncoding, POSITION, write_json},
    turn,
};
use watchbox_sandbox::{
    Authority, Component, Input, Overlay, Rehearsal, Sandbox, SandboxConfig, TurnFailure,
    TurnReport, Unchecked, Withheld,
    host::{Host as _, View},
};

use super::{
    Case, ClientChange, Event, Played, PlayedTurn, Trigger, Turn,
    compare::{Came, compare},
};
use crate::data_folder;

/// How many instances there are at once: the one at work, and the next while that one is being taken down.
const INSTANCES: u32 = 4;

/// Where cases are played: an artifact, ready to run.
#[derive(Debug)]
pub struct Stage {
    component: Arc<Component>,
    /// The grants that come with the artifact.
    shipped: Option<Grants>,
}

impl Stage {
    /// Compiles the artifact. `shipped` is what it may do where a case does not say it.
    pub async fn new(
        wasm: Vec<u8>,
        shipped: Option<Grants>,
        cases: &[Case],
    ) -> anyhow::Result<Self> {
        let given = cases.iter().filter_map(|case| case.grants.as_ref());
        let memory = given.chain(&shipped).map(|grants| grants.limits.memory);
        let sandbox = Sandbox::new(SandboxConfig {
            relay: None,
            cache: data_folder::compiled(),
            instances: INSTANCES,
            memory: memory.fold(Limits::default().memory, u64::max),
        })?;
        Ok(Self {
            component: sandbox.load(Unchecked::new(wasm)).await?,
            shipped,
        })
    }

    /// What the artifact is.
    pub fn manifest(&self) -> &Manifest {
        self.component.manifest()
    }
}

/// Plays all turns of a case. An error is a case that can't be played.
pub async fn play(stage: &Stage, case: &Case) -> anyhow::Result<Played> {
    let mut run = Run::begin(stage, case)?;
    let mut turns = Vec::with_capacity(case.turns.len());
    for turn in &case.turns {
        let place = format!("{}:{}", case.file.display(), turn.line);
        turns.push(run.turn(turn).await.context(place)?);
    }
    Ok(Played {
        file: case.file.clone(),
        turns,
    })
}

/// A case at work.
struct Run<'c> {
    case: &'c Case,
    manifest: &'c Manifest,
    subscriptions: Vec<ResolvedSubscription>,
    rehearsal: Rehearsal,
    memory: Arc<Overlay>,
    withheld: Arc<Withheld>,
    /// The time of the last turn.
    now: Time,
    /// How many events there were.
    position: u64,
    /// The try that was made last, and what the guest was handed.
    last: Option<(watchbox_sandbox::Turn, Input)>,
}

impl<'c> Run<'c> {
    fn begin(stage: &'c Stage, case: &'c Case) -> anyhow::Result<Self> {
        let manifest = stage.manifest();
        let given = case.parameters.clone();
        let parameters = Parameters::resolve(&manifest.name, &manifest.parameters, given)
            .and_then(|parameters| Ok((manifest.resolve(&parameters)?, parameters)))
            .with_context(|| format!("{}:{}", case.file.display(), case.parameters_line));
        let (subscriptions, parameters) = parameters?;
        let grants = case.grants.as_ref().or(stage.shipped.as_ref()).cloned();
        let grants =
            grants.unwrap_or_else(|| Grants::everything(parameters.secrets.keys().cloned()));
        let authority = Authority {
            installation: manifest.name.clone(),
            digest: stage.component.digest(),
            parameters: parameters.encode(manifest.encoding),
            secrets: parameters.secrets,
            lines: Arc::default(),
            grants: Arc::new(RwLock::new(Arc::new(grants))),
        };
        let memory = Arc::new(Overlay::new(
            case.clients.iter().map(|client| client.of(None)),
        ));
        for (key, value) in &case.state {
            memory.set_state(key.clone(), value.bytes()?);
        }
        let withheld = Arc::new(Withheld::played());
        Ok(Self {
            case,
            manifest,
            subscriptions,
            rehearsal: Rehearsal::new(
                Arc::clone(&stage.component),
                Arc::new(authority),
                Arc::clone(&memory),
                Some(Arc::clone(&withheld)),
            ),
            memory,
            withheld,
            now: case.at,
            position: 0,
            last: None,
        })
    }

    async fn turn(&mut self, turn: &Turn) -> anyhow::Result<PlayedTurn> {
        let began = Instant::now();
        for change in &turn.clients {
            let known = self.memory.view().await?.client(&change.id).await?;
            self.memory.set_client(change.of(known));
        }
        self.withheld.play(turn.responses.iter().cloned());
        self.withheld.play_relay(turn.relay.iter().cloned());
        let mut came = Came::default();
        let mut denials = BTreeSet::new();
        for (turn, input) in self.tries(turn)? {
            let result = self.rehearsal.turn(&turn, &input).await;
            self.last = Some((turn, input));
            let failure = match result {
                Ok(report) => account(report, &mut came, &mut denials),
                Err(failure) => Some(failure),
            };
            came.calls.extend(self.withheld.take_calls());
            if let Some(failure) = failure {
                came.failure = Some(failure.to_string());
                break;
            }
        }
        let view = self.memory.view().await?;
        came.look(&turn.wanted, view.as_ref()).await?;
        Ok(PlayedTurn {
            name: turn.name.clone(),
            line: turn.line,
            differences: compare(&turn.wanted, &came),
            denials: denials.into_iter().collect(),
            time: began.elapsed(),
        })
    }

    /// The tries that a turn of a case is made of: one, but for events that are more than a batch holds, or none, where none pass the filter.
    fn tries(&mut self, turn: &Turn) -> anyhow::Result<Vec<(watchbox_sandbox::Turn, Input)>> {
        if matches!(turn.trigger, Trigger::Again) {
            let last = self.last.take();
            let again = last.map(|(last, input)| (again(last), input));
            return Ok(again.into_iter().collect());
        }
        self.memory.clear();
        let inputs = match &turn.trigger {
            Trigger::Tick(due) => {
                if self.manifest.schedule.is_none() {
                    bail!("{} has no schedule: nothing ticks", self.manifest.name);
                }
                self.now = turn.at.unwrap_or(*due);
                vec![(turn::Trigger::Tick { due: *due }, Input::Tick { due: *due })]
            }
            Trigger::Events { log, events } => {
                self.now = turn.at.unwrap_or(self.now);
                self.batches(log.as_ref(), events)?
            }
            Trigger::Again => Vec::new(),
        };
        let first = |(trigger, input)| {
            let turn = watchbox_sandbox::Turn {
                id: TurnId::of(&trigger),
                trigger,
                now: self.now,
                attempt: 1,
            };
            (turn, input)
        };
        Ok(inputs.into_iter().map(first).collect())
    }

    /// What of `events` the artifact is handed, in batches of the manifest's size.
    fn batches(
        &mut self,
        log: Option<&watchbox_model::Name>,
        events: &[Event],
    ) -> anyhow::Result<Vec<(turn::Trigger, Input)>> {
        let subscription = self.subscription(log)?;
        let log = subscription.log.clone();
        let size = usize::try_from(subscription.batch.rows)?.max(1);
        let mut passed = RowsBuilder::new();
        for (position, event) in (self.position..).zip(events) {
            let own = event.columns.get(POSITION).and_then(Value::as_u64);
            let position = own.unwrap_or(position);
            let rows = self.passing(subscription, event, position)?;
            rows.iter().for_each(|row| passed.push(row));
        }
        let rows = passed.finish();
        let end = self.position + events.len() as u64;
        let mut batches = Vec::new();
        for from in (0..rows.len()).step_by(size) {
            let rows = rows.slice(from..(from + size).min(rows.len()));
            let to = self.position + rows.len() as u64;
            let trigger = turn::Trigger::Events {
                log: LogKey::events(log.clone()),
                from: self.position,
                to,
            };
            self.position = to;
            let artifact = log.clone();
            batches.push((trigger, Input::Events { artifact, rows }));
        }
        // Those that the filter dropped had their places, too.
        self.position = end;
        Ok(batches)
    }

    fn subscription(
        &self,
        log: Option<&watchbox_model::Name>,
    ) -> anyhow::Result<&ResolvedSubscription> {
        let all = &self.subscriptions;
        let names: Vec<&str> = all.iter().map(|one| one.log.as_str()).collect();
        let found = match (log, &all[..]) {
            (Some(log), all) => all.iter().find(|one| one.log == *log),
            (None, [one]) => Some(one),
            (None, _) => None,
        };
        found.with_context(|| match names.is_empty() {
            true => format!("{} watches no log", self.manifest.name),
            false => format!(
                "`artifact` must say of which log the events are: one of {}",
                names.join(", ")
            ),
        })
    }

    /// An event as it is accepted, if it passes the filter. Its `_ts`, where it has one, is when it was accepted.
    fn passing(
        &self,
        subscription: &ResolvedSubscription,
        event: &Event,
        position: u64,
    ) -> anyhow::Result<Rows> {
        let at = event.columns.get("_ts").and_then(Value::as_f64);
        let context = EventContext {
            client: None,
            at: at.map_or(self.now, Time::from_seconds),
        };
        let json = serde_json::to_vec(&event.columns)?;
        let (_, batch) = read_json_matching(
            &json,
            &context,
            &subscription.filter,
            &subscription.columns,
            &mut Place { line: 1, position },
        );
        if let Some(refusal) = batch.refused.first() {
            let place = format!("{}:{}", self.case.file.display(), event.line);
            bail!("{place}: this is no event: {}", refusal.reason);
        }
        Ok(batch.rows)
    }
}

/// The same turn, tried once more.
fn again(mut turn: watchbox_sandbox::Turn) -> watchbox_sandbox::Turn {
    turn.attempt += 1;
    turn
}

/// Takes in what came of a try; gives its failure, if it failed.
fn account(
    report: TurnReport,
    came: &mut Came,
    denials: &mut BTreeSet<String>,
) -> Option<TurnFailure> {
    let said = report.messages.into_iter();
    let said = said.filter(|message| message.source == Source::Artifact);
    came.log
        .extend(said.map(|message| format!("{}: {}", message.level.as_str(), message.text)));
    for record in &report.audit {
        if record.decision == Decision::Denied {
            let call = format!(
                "{}.{} {}",
                record.capability, record.operation, record.target
            );
            denials.insert(format!("{}: {}", call.trim_end(), record.reason));
        }
    }
    let effects = match report.result {
        Ok(effects) => effects,
        Err(failure) => return Some(failure),
    };
    came.rows.extend(effects.rows.iter().map(|row| {
        let mut json = Vec::new();
        write_json(row, JsonEncoding::Api, &mut json);
        // What was written as JSON just now is JSON.
        serde_json::from_slice(&json).unwrap_or(Value::Null)
    }));
    let relabelled = effects.labels.iter().map(|change| change.client.clone());
    came.relabelled.extend(relabelled);
    None
}

impl ClientChange {
    /// The client, as it was `before` but for what is told here.
    fn of(&self, before: Option<Client>) -> Client {
        let before = before.unwrap_or_else(|| Client {
            id: self.id.clone(),
            hostname: String::new(),
            os: String::new(),
            labels: Vec::new(),
            first_seen: self.last_seen.unwrap_or_default(),
            last_seen: Time::default(),
        });
        Client {
            id: self.id.clone(),
            hostname: self.hostname.clone().unwrap_or(before.hostname),
            os: self.os.clone().unwrap_or(before.os),
            labels: self.labels.clone().unwrap_or(before.labels),
            first_seen: self.first_seen.unwrap_or(before.first_seen),
            last_seen: self.last_seen.unwrap_or(before.last_seen),
        }
    }
}

impl Came {
    /// Looks up what the case wants to know of clients and state.
    async fn look(&mut self, wanted: &super::Wanted, view: &dyn View) -> anyhow::Result<()> {
        let named = wanted.labels.keys().filter_map(|id| id.parse().ok());
        let ids: BTreeSet<_> = named.chain(self.relabelled.iter().cloned()).collect();
        for id in ids {
            let client = view.client(&id).await?;
            let labels = client.map(|client| client.labels).unwrap_or_default();
            let labels = labels.iter().map(ToString::to_string).collect();
            self.labels.insert(id.to_string(), labels);
        }
        for key in wanted.state.iter().flat_map(|state| state.keys()) {
            if let Some(value) = view.state(key).await? {
                self.state.insert(key.clone(), value);
            }
        }
        Ok(())
    }
}
