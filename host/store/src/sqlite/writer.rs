//! The one writer: a thread that owns the write connection and commits what is waiting as one group.
//!
//! Each command runs in a savepoint of the group's transaction, so that one that fails takes only itself back. All are answered
//! after `COMMIT`; where that fails each gets its error, and nothing in memory has moved.

mod checkpoint;
mod thread;

use std::{path::PathBuf, sync::Arc, time::Duration};

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
use thread::Thread;

/// Commands that may wait.
const WAITING: usize = 1024;
/// Bytes that may wait.
pub(super) const WAITING_BYTES: u32 = 64 << 20;
/// How long a command waits for its place before [`StoreError::Busy`].
const PATIENCE: Duration = Duration::from_millis(500);

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
    path: PathBuf,
    queue: mpsc::Sender<Entry>,
    room: Arc<Semaphore>,
    /// Its sender is dropped when the thread has ended.
    running: watch::Receiver<()>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(
        conn: Connection,
        path: PathBuf,
        logs: Arc<Logs>,
        trail: watch::Sender<u64>,
        lock: StoreLock,
    ) -> Result<Self, StoreError> {
        let (queue, waiting) = mpsc::channel(WAITING);
        let (alive, running) = watch::channel(());
        let mut thread = Thread::new(conn, logs, trail, waiting)?;
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                // Dropped from the last to the first: whoever waits for the end finds the lock free.
                let _alive = alive;
                let _lock = lock;
                thread.run();
                drop(thread);
            })
            .map_err(|error| StoreError::Other(format!("no thread for the writer: {error}")))?;
        Ok(Self {
            path,
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
        let result = result.await.map_err(|_| given_up())?;
        result.map_err(|error| error.in_file(&self.path))
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

/// The group's thread panicked.
fn given_up() -> StoreError {
    StoreError::Other(
        "the write was given up by a fault of the program: see the server's log".to_owned(),
    )
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
