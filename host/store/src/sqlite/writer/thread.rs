//! What the writer's thread does: gather, run, commit, answer.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use super::{
    Answer, Command, Entry,
    checkpoint::{Checkpoints, statement},
};
use crate::{
    StoreError,
    sqlite::{group::Group, logs::Logs, trail},
};

/// Commands in one group.
const GROUP: usize = 256;
/// Bytes in one group, about.
const GROUP_BYTES: usize = 8 << 20;

/// The thread's own.
pub(super) struct Thread {
    conn: Connection,
    logs: Arc<Logs>,
    /// Where the number of the trail's last record is told.
    trail: watch::Sender<u64>,
    waiting: mpsc::Receiver<Entry>,
    /// Whether SQLite syncs at each commit.
    full: bool,
    /// Whether the last group failed.
    failing: bool,
    checkpoints: Checkpoints,
}

impl Thread {
    pub(super) fn new(
        mut conn: Connection,
        logs: Arc<Logs>,
        trail: watch::Sender<u64>,
        waiting: mpsc::Receiver<Entry>,
    ) -> Result<Self, StoreError> {
        let checkpoints = Checkpoints::of(&mut conn)?;
        Ok(Self {
            conn,
            logs,
            trail,
            waiting,
            full: true,
            failing: false,
            checkpoints,
        })
    }

    /// Commits what comes until the queue is closed and empty.
    pub(super) fn run(&mut self) {
        while let Some(entry) = self.waiting.blocking_recv() {
            let mut commands = Vec::new();
            let mut bytes = 0;
            let mut next = Some(entry);
            while let Some(entry) = next {
                match entry {
                    // What is in the queue is still taken out of it.
                    Entry::Close => self.waiting.close(),
                    Entry::Command(command) => {
                        bytes += command.bytes;
                        commands.push(command);
                    }
                }
                let full = commands.len() >= GROUP || bytes >= GROUP_BYTES;
                next = if full {
                    None
                } else {
                    self.waiting.try_recv().ok()
                };
            }
            self.commit_or_recover(commands);
            self.checkpoints.run(&self.conn, !self.waiting.is_empty());
        }
        self.checkpoints.last(&self.conn);
    }

    /// Commits `commands`. One that panics takes its group back, of which those who wait are told by the end of their channels; the
    /// writer goes on.
    fn commit_or_recover(&mut self, commands: Vec<Command>) {
        let done = panic::catch_unwind(AssertUnwindSafe(|| self.commit(commands)));
        if done.is_err() {
            tracing::error!("a write panicked: its group is taken back");
            if !self.conn.is_autocommit() {
                // SQLite gives a transaction up by itself where this can't.
                let _ = statement(&self.conn, "ROLLBACK");
            }
        }
    }

    /// Commits `commands` as one transaction and answers them.
    fn commit(&mut self, commands: Vec<Command>) {
        let mut answers = Vec::with_capacity(commands.len());
        let outcome = self.transact(commands, &mut answers);
        if outcome.is_err() && !self.conn.is_autocommit() {
            // SQLite gives a transaction up by itself where this can't.
            let _ = statement(&self.conn, "ROLLBACK");
        }
        if let Err(StoreError::ReadOnly(_)) = &outcome {
            self.checkpoints.make_room(&self.conn);
        }
        self.tell(&outcome);
        for (answer, room) in answers {
            drop(room);
            answer(outcome.clone());
        }
    }

    fn transact(
        &mut self,
        commands: Vec<Command>,
        answers: &mut Vec<(Answer, OwnedSemaphorePermit)>,
    ) -> Result<(), StoreError> {
        let durable = commands.iter().any(|command| command.durable);
        let mut commands = commands.into_iter();
        let outcome = self.begin(durable).and_then(|()| {
            let mut group = Group::new(&self.conn, &self.logs);
            for command in commands.by_ref() {
                self.step(&mut group, command, answers)?;
            }
            let changes = group.finish()?;
            let last = trail::last(&self.conn)?;
            statement(&self.conn, "COMMIT")?;
            Ok((changes, last))
        });
        match outcome {
            Ok((changes, last)) => {
                self.logs.apply(changes);
                self.trail.send_if_modified(|told| {
                    let is_news = *told != last;
                    *told = last;
                    is_news
                });
                Ok(())
            }
            Err(error) => {
                for command in commands {
                    answers.push(((command.work)(Err(error.clone())).1, command.room));
                }
                Err(error)
            }
        }
    }

    fn begin(&mut self, durable: bool) -> Result<(), StoreError> {
        if self.full != durable {
            let level = if durable { "FULL" } else { "NORMAL" };
            self.conn.pragma_update(None, "synchronous", level)?;
            self.full = durable;
        }
        statement(&self.conn, "BEGIN IMMEDIATE")
    }

    /// Runs one command. An error is the group's, not the command's.
    fn step(
        &self,
        group: &mut Group<'_>,
        command: Command,
        answers: &mut Vec<(Answer, OwnedSemaphorePermit)>,
    ) -> Result<(), StoreError> {
        let begun = statement(&self.conn, "SAVEPOINT command");
        let (outcome, answer) = match &begun {
            Ok(()) => (command.work)(Ok(group)),
            Err(error) => (command.work)(Err(error.clone())),
        };
        answers.push((answer, command.room));
        begun?;
        match outcome {
            Ok(()) => {
                group.keep();
                statement(&self.conn, "RELEASE command")
            }
            // SQLite has given the whole transaction up.
            Err(error) if self.conn.is_autocommit() => Err(error),
            Err(_) => {
                group.forget();
                statement(&self.conn, "ROLLBACK TO command")?;
                statement(&self.conn, "RELEASE command")
            }
        }
    }

    /// Says once that groups fail, and once that they don't any more.
    fn tell(&mut self, outcome: &Result<(), StoreError>) {
        match outcome {
            Err(error) if !self.failing => tracing::error!(%error, "writes fail"),
            Ok(()) if self.failing => tracing::info!("writes work again"),
            _ => {}
        }
        self.failing = outcome.is_err();
    }
}
