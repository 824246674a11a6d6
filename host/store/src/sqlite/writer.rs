//! The one writer: a thread that owns the write connection and commits what is waiting as one group.
//!
//! Each command runs in a savepoint of the group's transaction, so that one that fails takes only itself back. All are answered
//! after `COMMIT`; where that fails each gets its error, and nothing in memory has moved.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use rusqlite::Connection;
use tokio::{
    sync::{
        OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc, mpsc::error::TrySendError, oneshot,
        watch,
    },
    time::timeout,
};

use super::{group::Group, lock::StoreLock, logs::Logs};
use crate::StoreError;

/// Commands that may wait.
const WAITING: usize = 1024;
/// Bytes that may wait.
pub(super) const WAITING_BYTES: u32 = 64 << 20;
/// How long a command waits for its place before [`StoreError::Busy`].
const PATIENCE: Duration = Duration::from_millis(500);
/// Commands in one group.
const GROUP: usize = 256;
/// Bytes in one group, about.
const GROUP_BYTES: usize = 8 << 20;

/// Pages by which the write-ahead log grows before it is put into the database, once nobody waits.
const CHECKPOINT: u32 = 1 << 11;
/// The same, though somebody waits.
const CHECKPOINT_BUSY: u32 = 4 * CHECKPOINT;
/// Pages from which on readers are waited for, so that the write-ahead log begins anew instead of growing.
const CHECKPOINT_RESTART: u32 = 8 * CHECKPOINT;
/// How long they are waited for.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(100);

/// What a command becomes once it has run: told how the group fared, it answers.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// A command: run in the group, or told why there is none. Says whether its changes are to be kept.
type Work =
    Box<dyn FnOnce(Result<&mut Group<'_>, StoreError>) -> (Result<(), StoreError>, Answer) + Send>;

enum Entry {
    Command(Command),
    Close,
}

struct Command {
    work: Work,
    durable: bool,
    bytes: usize,
    room: OwnedSemaphorePermit,
}

/// Where commands are handed in.
pub(super) struct Writer {
    queue: mpsc::Sender<Entry>,
    room: Arc<Semaphore>,
    /// Its sender is dropped when the thread has ended.
    running: watch::Receiver<()>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(
        mut conn: Connection,
        path: PathBuf,
        logs: Arc<Logs>,
        lock: StoreLock,
    ) -> Result<Self, StoreError> {
        let (queue, waiting) = mpsc::channel(WAITING);
        let (alive, running) = watch::channel(());
        let wal = Arc::new(AtomicU32::new(0));
        let pages = wal.clone();
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, frames| {
            pages.store(u32::try_from(frames).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        let mut thread = Thread {
            conn,
            path,
            logs,
            waiting,
            full: true,
            failing: false,
            wal,
            checkpointed: 0,
        };
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let _alive = alive;
                let _lock = lock;
                thread.run();
                drop(thread);
            })
            .map_err(|error| StoreError::Other(format!("no thread for the writer: {error}")))?;
        Ok(Self {
            queue,
            room: Arc::new(Semaphore::new(WAITING_BYTES as usize)),
            running,
        })
    }

    /// Runs `job` in a group's transaction and answers once that is committed, and on disk where `durable` says so. `bytes` is about
    /// how much the job holds.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        durable: bool,
        bytes: usize,
        job: impl FnOnce(&mut Group<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let room = self.room(bytes).await?;
        let (reply, result) = oneshot::channel();
        let work: Work = Box::new(move |group| {
            let result = group.and_then(job);
            let outcome = result.as_ref().map(drop).map_err(StoreError::clone);
            let answer: Answer = Box::new(move |committed| {
                // Whoever asked may be gone.
                let _ = reply.send(committed.and(result));
            });
            (outcome, answer)
        });
        self.enqueue(Command {
            work,
            durable,
            bytes,
            room,
        })
        .await?;
        result.await.map_err(|_| closed())?
    }

    /// Room for `bytes` more that wait.
    async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, StoreError> {
        let weight = u32::try_from(bytes)
            .unwrap_or(WAITING_BYTES)
            .clamp(1, WAITING_BYTES);
        match self.room.clone().try_acquire_many_owned(weight) {
            Ok(room) => Ok(room),
            Err(TryAcquireError::Closed) => Err(closed()),
            Err(TryAcquireError::NoPermits) => {
                let room = self.room.clone().acquire_many_owned(weight);
                let room = timeout(PATIENCE, room).await.map_err(|_| busy())?;
                room.map_err(|_| closed())
            }
        }
    }

    async fn enqueue(&self, command: Command) -> Result<(), StoreError> {
        match self.queue.try_send(Entry::Command(command)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(_)) => Err(closed()),
            Err(TrySendError::Full(entry)) => {
                match self.queue.send_timeout(entry, PATIENCE).await {
                    Ok(()) => Ok(()),
                    Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(busy()),
                    Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(closed()),
                }
            }
        }
    }

    /// Has what is waiting committed, takes nothing more, and returns when the file is closed.
    pub(super) async fn close(&self) {
        // Where it can't be sent, the thread has been told before.
        let _ = self.queue.send(Entry::Close).await;
        let mut running = self.running.clone();
        while running.changed().await.is_ok() {}
    }
}

fn closed() -> StoreError {
    StoreError::Other("it is closed".to_owned())
}

fn busy() -> StoreError {
    StoreError::Busy(format!(
        "no room for another write within {} ms; try again later",
        PATIENCE.as_millis()
    ))
}

struct Thread {
    conn: Connection,
    path: PathBuf,
    logs: Arc<Logs>,
    waiting: mpsc::Receiver<Entry>,
    /// Whether SQLite syncs at each commit.
    full: bool,
    /// Whether the last group failed.
    failing: bool,
    /// Pages in the write-ahead log after the last commit.
    wal: Arc<AtomicU32>,
    /// How many of them there were when it was last put into the database.
    checkpointed: u32,
}

impl Thread {
    fn run(&mut self) {
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
            self.commit(commands);
            self.checkpoint();
        }
        if let Err(error) = self.statement("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the write-ahead log stays beside the store until it is opened again");
        }
    }

    /// Commits `commands` as one transaction and answers them.
    fn commit(&mut self, commands: Vec<Command>) {
        let mut answers = Vec::with_capacity(commands.len());
        let outcome = self.transact(commands, &mut answers);
        if outcome.is_err() && !self.conn.is_autocommit() {
            // SQLite gives a transaction up by itself where this can't.
            let _ = self.statement("ROLLBACK");
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
            self.statement("COMMIT")?;
            Ok(changes)
        });
        match outcome {
            Ok(changes) => {
                self.logs.apply(changes);
                Ok(())
            }
            Err(error) => {
                let error = error.in_file(&self.path);
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
        self.statement("BEGIN IMMEDIATE")
    }

    /// Runs one command. An error is the group's, not the command's.
    fn step(
        &self,
        group: &mut Group<'_>,
        command: Command,
        answers: &mut Vec<(Answer, OwnedSemaphorePermit)>,
    ) -> Result<(), StoreError> {
        let begun = self.statement("SAVEPOINT command");
        let (outcome, answer) = match &begun {
            Ok(()) => (command.work)(Ok(group)),
            Err(error) => (command.work)(Err(error.clone())),
        };
        answers.push((answer, command.room));
        begun?;
        match outcome {
            Ok(()) => {
                group.keep();
                self.statement("RELEASE command")
            }
            // SQLite has given the whole transaction up.
            Err(error) if self.conn.is_autocommit() => Err(error),
            Err(_) => {
                group.forget();
                self.statement("ROLLBACK TO command")?;
                self.statement("RELEASE command")
            }
        }
    }

    fn statement(&self, sql: &str) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
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

    /// Puts the write-ahead log into the database where it has grown enough.
    fn checkpoint(&mut self) {
        let pages = self.wal.load(Ordering::Relaxed);
        if pages < self.checkpointed {
            // It began anew.
            self.checkpointed = 0;
        }
        let grown = pages - self.checkpointed;
        if grown < CHECKPOINT || (grown < CHECKPOINT_BUSY && !self.waiting.is_empty()) {
            return;
        }
        self.checkpointed = pages;
        let done = if pages < CHECKPOINT_RESTART {
            self.statement("PRAGMA wal_checkpoint(PASSIVE)")
        } else {
            self.restart_wal()
        };
        if let Err(error) = done {
            tracing::warn!(%error, pages, "the write-ahead log could not be put into the store; it grows on");
        }
    }

    fn restart_wal(&self) -> Result<(), StoreError> {
        self.conn.busy_timeout(CHECKPOINT_PATIENCE)?;
        let done = self.statement("PRAGMA wal_checkpoint(RESTART)");
        self.conn.busy_timeout(super::schema::PATIENCE)?;
        done
    }
}
