//! The turns of one run, one after the other, in one warm instance.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::Context;
use watchbox_model::{
    AuditRecord, Level, LogKey, Message, Name, RowRef, Rows, Time, TurnId,
    audit::Decision,
    message::Source,
    row::{JsonEncoding, write_json},
    turn::Trigger,
};
use watchbox_sandbox::{
    Authority, Component, Effects, Input, Overlay, Rehearsal, Turn, TurnFailure, TurnReport,
    Withheld,
};

use super::{Progress, Summary};
use crate::output::{Tone, cut, printable, printable_lines, stamp};

/// The most failures, and the most denials, that are told one by one; the summary counts them all.
const TOLD: u64 = 10;

/// How much of an event that could not be handled is shown, in characters.
const SHOWN: usize = 500;

/// An artifact at work.
pub struct Session {
    rehearsal: Rehearsal,
    memory: Arc<Overlay>,
    withheld: Option<Arc<Withheld>>,
    progress: Progress,
    /// The tries of a turn.
    tries: u32,
    /// How many events were handled or given up: where the next batch begins.
    position: u64,
    denials: BTreeSet<String>,
    /// What it came to so far.
    pub summary: Summary,
}

impl Session {
    /// Puts `component` to work over `memory`; its requests are made, unless they are `withheld`.
    pub fn new(
        component: Arc<Component>,
        authority: Authority,
        tries: u32,
        memory: Overlay,
        withheld: Option<Arc<Withheld>>,
        progress: Progress,
    ) -> Self {
        // An answer that is canned will be no other one later.
        let tries = if withheld.is_some() { 1 } else { tries };
        let (memory, authority) = (Arc::new(memory), Arc::new(authority));
        Self {
            rehearsal: Rehearsal::new(component, authority, Arc::clone(&memory), withheld.clone()),
            memory,
            withheld,
            progress,
            tries,
            position: 0,
            denials: BTreeSet::new(),
            summary: Summary::default(),
        }
    }

    /// Has a batch of `log` handled and hands what it emits to `emit`. A batch that fails is halved until the event
    /// that it fails on stands alone; that one is told and given up, the rest go on. An error is one that would come
    /// with every batch.
    pub async fn events(
        &mut self,
        log: &Name,
        rows: Rows,
        now: Time,
        mut emit: impl FnMut(&Rows) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut waiting = vec![rows];
        while let Some(rows) = waiting.pop() {
            let to = self.position + rows.len() as u64;
            let trigger = Trigger::Events {
                log: LogKey::events(log.clone()),
                from: self.position,
                to,
            };
            let input = Input::Events {
                artifact: log.clone(),
                rows: rows.clone(),
            };
            match self.turn(trigger, input, now).await? {
                Ok(effects) => emit(&effects.rows)?,
                // The artifact said that of the batch as a whole.
                Err(failure @ TurnFailure::Reject(_)) => {
                    self.give_up(&rows, &failure);
                }
                Err(_) if rows.len() > 1 => {
                    let middle = rows.len() / 2;
                    waiting.push(rows.slice(middle..rows.len()));
                    waiting.push(rows.slice(0..middle));
                    continue;
                }
                Err(failure) => self.give_up(&rows, &failure),
            }
            self.position = to;
        }
        self.memory.clear();
        Ok(())
    }

    /// Has a tick handled and hands what it emits to `emit`.
    pub async fn tick(
        &mut self,
        due: Time,
        emit: impl FnOnce(&Rows) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let trigger = Trigger::Tick { due };
        let result = self.turn(trigger, Input::Tick { due }, due).await?;
        self.memory.clear();
        match result {
            Ok(effects) => emit(&effects.rows),
            Err(failure) => {
                self.summary.failures += 1;
                self.tell_failure(&format!("the tick due {}", stamp(due)), &failure);
                Ok(())
            }
        }
    }

    /// One turn, with its tries. The inner result is the turn's, the outer one tells what no other turn could mend.
    async fn turn(
        &mut self,
        trigger: Trigger,
        input: Input,
        now: Time,
    ) -> anyhow::Result<Result<Effects, TurnFailure>> {
        let mut turn = Turn {
            id: TurnId::of(&trigger),
            trigger,
            now,
            attempt: 1,
        };
        // What is asked for again in the same words is told once.
        let mut told = None;
        loop {
            let report = self.rehearsal.turn(&turn, &input).await;
            let report = report.context("the artifact can't be started")?;
            if let Some(withheld) = &self.withheld {
                self.summary.withheld += withheld.take_calls().len() as u64;
            }
            let failure = match self.account(report) {
                Ok(effects) => {
                    self.count(&effects);
                    return Ok(Ok(effects));
                }
                Err(failure) => failure,
            };
            self.summary.discarded += 1;
            match &failure {
                TurnFailure::Retry { reason, after } if turn.attempt < self.tries => {
                    if told.as_ref() != Some(reason) {
                        self.progress.remark(&format!(
                            "the artifact asks for another try in {:.1} s: {}",
                            after.as_secs_f64(),
                            printable(reason)
                        ));
                        told = Some(reason.clone());
                    }
                    tokio::time::sleep(*after).await;
                    turn.attempt += 1;
                }
                _ => return Ok(Err(failure)),
            }
        }
    }

    /// Tells what was said and denied in a try, and gives what came of it.
    fn account(&mut self, report: TurnReport) -> Result<Effects, TurnFailure> {
        for message in &report.messages {
            // The host's own remarks say again what is told here of each failure.
            if message.source == Source::Artifact {
                self.progress.remark(&line(message));
            }
        }
        for record in &report.audit {
            if record.decision == Decision::Denied {
                self.summary.denied += 1;
                self.tell_denial(record);
            }
        }
        report.result
    }

    fn count(&mut self, effects: &Effects) {
        self.summary.turns += 1;
        self.summary.rows += effects.rows.len() as u64;
        self.summary.labels += effects.labels.len() as u64;
        self.summary.state += effects.state.len() as u64;
    }

    fn give_up(&mut self, rows: &Rows, failure: &TurnFailure) {
        let what = match rows.get(0) {
            Some(event) if rows.len() == 1 => format!("the event {}", shown(event)),
            _ => format!("{} events together", rows.len()),
        };
        self.tell_failure(&what, failure);
        self.summary.failures += rows.len() as u64;
    }

    fn tell_failure(&self, what: &str, failure: &TurnFailure) {
        if self.summary.failures < TOLD {
            let bad = Tone::Bad.style();
            self.progress.remark(&format!(
                "{bad}failed:{bad:#} {}\n  on {what}",
                printable_lines(&failure.to_string()).replace('\n', "\n    ")
            ));
        }
    }

    fn tell_denial(&mut self, record: &AuditRecord) {
        let call = format!(
            "{}.{} {}",
            record.capability, record.operation, record.target
        );
        let what = format!("{}: {}", call.trim_end(), record.reason);
        if (self.denials.len() as u64) < TOLD && self.denials.insert(what.clone()) {
            let warn = Tone::Warn.style();
            self.progress
                .remark(&format!("{warn}denied:{warn:#} {}", printable(&what)));
        }
    }
}

/// A message of the artifact.
fn line(message: &Message) -> String {
    let tone = match message.level {
        Level::Debug => Tone::Dim,
        Level::Info => Tone::Plain,
        Level::Warn => Tone::Warn,
        Level::Error => Tone::Bad,
    };
    let style = tone.style();
    format!(
        "{style}{}:{style:#} {}",
        message.level.as_str(),
        printable(&message.text)
    )
}

/// An event, as far as it is shown.
fn shown(event: RowRef<'_>) -> String {
    let mut json = Vec::new();
    write_json(event, JsonEncoding::Api, &mut json);
    let json = String::from_utf8_lossy(&json);
    printable(&cut(&json, SHOWN)).into_owned()
}
