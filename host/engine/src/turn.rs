//! A turn on its way from its trigger to its commit.

use tokio::time::Instant;
use watchbox_model::{
    AuditRecord, Digest, LogKey, Message, Name, Rows, RowsBuilder, Time, TurnId, ValueRef,
    dead_letter::DeadLetter,
    message::{Level, Source},
    row::TS,
    turn::Trigger,
};
use watchbox_sandbox::{Input, Turn};
use watchbox_store::{Advance, Append, Settlement, StateChange, TurnCommit};

use crate::{batch::Batch, journal::Journal};

/// A turn, and how far it has come.
pub(crate) struct Work {
    pub(crate) turn: Turn,
    pub(crate) input: Input,
    /// Its journal until it begins, where the bounds of its log don't hold it.
    pub(crate) journal: Option<Journal>,
    /// For events: where each stands.
    positions: Vec<u64>,
    /// Whether it is a part of a batch whose tries were spent.
    halved: bool,
    /// Tries that failed by the artifact's doing.
    pub(crate) failures: u32,
    /// How many of them the artifact did not ask for.
    pub(crate) faults: u32,
    /// Steps that failed by the host's doing, in a row.
    pub(crate) host_failures: u32,
    pub(crate) stage: Stage,
    /// When its next step may begin.
    pub(crate) not_before: Instant,
}

/// What a turn's next step is.
pub(crate) enum Stage {
    /// To try it.
    Try,
    /// To keep what a try that failed left behind, and then to go on as `then` says.
    Record {
        appends: Vec<Append>,
        audit: Vec<AuditRecord>,
        then: Then,
    },
    /// To commit what it did.
    Commit(Box<TurnCommit>),
}

/// What follows a try that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Another try, not before this.
    Try(Instant),
    /// The two halves of the batch, not before this.
    Halve(Instant),
    /// The same turn, by the version before.
    GiveBack,
}

impl Work {
    /// The turn over `batch` of `log`.
    pub(crate) fn events(log: &LogKey, batch: Batch, now: Time, halved: bool) -> Self {
        let trigger = Trigger::Events {
            log: log.clone(),
            from: batch.from,
            to: batch.to,
        };
        let input = Input::Events {
            artifact: log.name.clone(),
            rows: batch.rows,
        };
        Self::new(trigger, input, batch.positions, now, halved)
    }

    /// The turn of a tick.
    pub(crate) fn tick(due: Time, now: Time) -> Self {
        let (trigger, input) = (Trigger::Tick { due }, Input::Tick { due });
        Self::new(trigger, input, Vec::new(), now, false)
    }

    fn new(trigger: Trigger, input: Input, positions: Vec<u64>, now: Time, halved: bool) -> Self {
        Self {
            turn: Turn {
                id: TurnId::of(&trigger),
                trigger,
                now,
                attempt: 1,
            },
            input,
            journal: None,
            positions,
            halved,
            failures: 0,
            faults: 0,
            host_failures: 0,
            stage: Stage::Try,
            not_before: Instant::now(),
        }
    }

    /// Whether there is nothing to hand over: a stretch of which nothing passes (any more).
    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.input, Input::Events { rows, .. } if rows.is_empty())
    }

    /// Its log and where it ends, if it is about events.
    pub(crate) fn stretch(&self) -> Option<(&LogKey, u64)> {
        match &self.turn.trigger {
            Trigger::Events { log, to, .. } => Some((log, *to)),
            Trigger::Tick { .. } => None,
        }
    }

    /// How many events it holds.
    pub(crate) fn events_len(&self) -> usize {
        self.positions.len()
    }

    /// Whether it holds more than one event.
    pub(crate) fn is_divisible(&self) -> bool {
        self.positions.len() > 1
    }

    /// How often it may be tried. Parts of a batch whose tries were spent are tried once while they hold more than one
    /// event, so that the one that fails is soon alone.
    pub(crate) fn tries(&self, limit: u32) -> u32 {
        if self.halved && self.is_divisible() {
            1
        } else {
            limit.max(1)
        }
    }

    /// Where its first half ends.
    pub(crate) fn middle(&self) -> Option<u64> {
        self.positions.get(self.positions.len() / 2).copied()
    }

    /// The trigger to set aside: of a stretch, from its first event to its last.
    fn aside(&self) -> Trigger {
        match (
            &self.turn.trigger,
            self.positions.first(),
            self.positions.last(),
        ) {
            (Trigger::Events { log, .. }, Some(first), Some(last)) => Trigger::Events {
                log: log.clone(),
                from: *first,
                to: last + 1,
            },
            (trigger, ..) => trigger.clone(),
        }
    }

    /// Where it ends, if it is about events.
    pub(crate) fn end(&self) -> Option<u64> {
        self.stretch().map(|(_, to)| to)
    }

    /// A commit that does nothing but to say that the turn is done, and what becomes of its journal.
    pub(crate) fn done(&self, installation: &Name, journal: Option<Settlement>) -> TurnCommit {
        let (advance, tick) = match &self.turn.trigger {
            Trigger::Events { log, from, to } => {
                let advance = Advance {
                    log: log.clone(),
                    from: *from,
                    to: *to,
                };
                (Some(advance), None)
            }
            Trigger::Tick { due } => (None, Some(*due)),
        };
        TurnCommit {
            advance,
            tick,
            journal,
            ..nothing(installation)
        }
    }

    /// The commit of a try that succeeded.
    pub(crate) fn succeeded(
        &self,
        installation: &Name,
        journal: Option<Settlement>,
        effects: watchbox_sandbox::Effects,
        messages: &[Message],
        audit: Vec<AuditRecord>,
    ) -> TurnCommit {
        let appends = [
            rows_append(installation, &effects.rows, self.turn.now),
            messages_append(installation, Some(&self.turn.id), messages),
        ];
        TurnCommit {
            appends: appends.into_iter().flatten().collect(),
            labels: effects.labels,
            state: effects
                .state
                .into_iter()
                .map(|(key, value)| StateChange { key, value })
                .collect(),
            audit,
            durable: effects.left_machine,
            ..self.done(installation, journal)
        }
    }

    /// The commit that sets the trigger aside.
    pub(crate) fn set_aside(
        &self,
        installation: &Name,
        journal: Option<Settlement>,
        digest: Digest,
        error: &str,
        messages: &[Message],
        audit: Vec<AuditRecord>,
    ) -> TurnCommit {
        let letter = DeadLetter {
            id: 0,
            installation: installation.clone(),
            digest,
            turn: self.turn.id.clone(),
            trigger: self.aside(),
            now: self.turn.now,
            tries: self.failures,
            error: error.to_owned(),
            at: Time::now(),
        };
        TurnCommit {
            appends: messages_append(installation, Some(&self.turn.id), messages)
                .into_iter()
                .collect(),
            audit,
            dead_letter: Some(letter),
            ..self.done(installation, journal)
        }
    }
}

/// A commit that changes nothing.
pub(crate) fn nothing(installation: &Name) -> TurnCommit {
    TurnCommit {
        installation: installation.clone(),
        advance: None,
        tick: None,
        journal: None,
        appends: Vec::new(),
        labels: Vec::new(),
        state: Vec::new(),
        audit: Vec::new(),
        dead_letter: None,
        redriven: None,
        durable: false,
    }
}

/// The rows that a turn emits, each with the turn's time before its own columns.
pub(crate) fn rows_append(installation: &Name, rows: &Rows, now: Time) -> Option<Append> {
    if rows.is_empty() {
        return None;
    }
    let stamp = [(TS, ValueRef::Float(now.seconds()))];
    let mut stamped = RowsBuilder::new();
    for row in rows.iter() {
        stamped.push_with(&stamp, row);
    }
    Some(Append {
        log: LogKey::rows(installation.clone()),
        rows: stamped.finish(),
        at: now,
    })
}

/// What was said in a turn, or by the host outside of one, as rows of the messages log.
pub(crate) fn messages_append(
    installation: &Name,
    turn: Option<&TurnId>,
    messages: &[Message],
) -> Option<Append> {
    if messages.is_empty() {
        return None;
    }
    let at = Time::now();
    let mut rows = RowsBuilder::new();
    for message in messages {
        let source = match message.source {
            Source::Artifact => "artifact",
            Source::Host => "host",
        };
        rows.push_columns([
            (TS, ValueRef::Float(at.seconds())),
            ("Level", ValueRef::Str(message.level.as_str())),
            ("Source", ValueRef::Str(source)),
            (
                "Turn",
                turn.map_or(ValueRef::Nil, |turn| ValueRef::Str(turn.as_str())),
            ),
            ("Message", ValueRef::Str(&message.text)),
        ]);
    }
    Some(Append {
        log: LogKey::messages(installation.clone()),
        rows: rows.finish(),
        at,
    })
}

/// A note of the host.
pub(crate) fn note(level: Level, text: String) -> Message {
    Message {
        level,
        source: Source::Host,
        text,
    }
}
