//! Replays: a version of an installation run over stored events and past ticks, with its effects withheld and a state of its own.
//!
//! A replay has its own instance, on threads that give way to all others; it moves no cursor and takes no turn of the installation. It
//! ends with its range, with its bounds, or when nobody reads on.

mod performance;
mod stored;
mod stretch;

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use watchbox_model::{AuditRecord, Digest, LogKey, Name, Rows, Time};
use watchbox_sandbox::{CannedAnswer, WithheldCall};

use crate::{
    EngineError, GivenUp, Target, audit::Admin, engine::Inner, loading::Loaded, stage::Stage,
};
use performance::Performance;
use stored::Stored;
use stretch::Stretch;

/// The most replays at once: each may hold a batch, and the rows that a slow reader has not taken yet.
const AT_ONCE: usize = 2;

/// The most rows of a replay.
pub(crate) const MAX_ROWS: u64 = 1_000_000;

/// The longest that a replay may take.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// How much of what came of it waits for its reader: a few turns' rows.
const WAITING: usize = 8;

/// A replay that is wanted.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Events that came in at this time or later, and ticks due then.
    pub since: Time,
    /// Those before this time; up to now, where nothing is said.
    pub until: Option<Time>,
    /// Which version; the one that is installed, where nothing is said.
    pub version: Option<Digest>,
    /// Tell how the rows differ from those that were stored, instead of the rows.
    pub diff: bool,
    /// The most rows; at most a million.
    pub rows: u64,
    /// What requests are answered.
    pub answer: CannedAnswer,
    /// Who wants it.
    pub actor: String,
}

/// Something that came of a replay.
#[derive(Debug)]
pub enum Replayed {
    /// Rows that it emitted, each with its turn's time as `_ts`.
    Rows(Rows),
    /// Of a diff: rows that it emitted and that are not stored.
    OnlyReplayed(Rows),
    /// Of a diff: rows that are stored and that it did not emit.
    OnlyStored(Rows),
    /// A request that would have been made.
    Call(WithheldCall),
    /// A call that the grants denied: the first of each kind.
    Denied(AuditRecord),
    /// A trigger that could not be handled.
    Failure(GivenUp),
    /// What it came to; nothing follows.
    Summary(Box<ReplaySummary>),
}

/// What a replay came to.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplaySummary {
    /// The component that ran.
    pub digest: Digest,
    /// Its version.
    pub version: String,
    /// The range.
    pub since: Time,
    /// Its end.
    pub until: Time,
    /// How it ended.
    pub end: ReplayEnd,
    /// Events that were handled or given up.
    pub events: u64,
    /// Turns that succeeded.
    pub turns: u64,
    /// Rows emitted.
    pub rows: u64,
    /// Of a diff: how many rows only the replay gave, and how many are only stored.
    pub differences: Option<(u64, u64)>,
    /// Requests that would have been made.
    pub calls: u64,
    /// Where they would have gone.
    pub targets: Vec<Target>,
    /// Calls that were denied.
    pub denied: u64,
    /// Labels that would have been put on or taken off.
    pub labels: u64,
    /// Keys of its own state that were set or removed.
    pub state: u64,
    /// Events and ticks that could not be handled.
    pub failures: u64,
    /// How long it took.
    pub took: Duration,
}

/// How a replay ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayEnd {
    /// With its range.
    Done,
    /// With as many rows as were wanted.
    Rows,
    /// With the time that a replay may take.
    Time,
    /// With the installation, which was removed.
    Removed,
    /// With the server, which stops.
    Stopping,
    /// With the store, which failed.
    Store(String),
}

/// The places for replays.
pub(crate) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
}

impl Inner {
    /// See [`crate::Engine::replay`].
    pub(crate) async fn replay(
        self: Arc<Self>,
        name: Name,
        replay: Replay,
    ) -> Result<mpsc::Receiver<Replayed>, EngineError> {
        self.check_running()?;
        let place = self.place_for_replay()?;
        let now = Time::now();
        let until = replay.until.unwrap_or(now).min(now);
        if replay.since >= until {
            let reason = "its range is empty: `since` must come before `until` and before now";
            return Err(EngineError::Replay(reason.to_owned()));
        }
        let (loaded, host, logs) = self
            .version_of(&name, replay.version, &replay.actor)
            .await?;
        let mut stage = Stage::new(&name, &loaded, host, replay.answer);
        stage.warm().await.map_err(EngineError::Configure)?;

        let mut stretches = Vec::new();
        for (log, subscription) in logs.into_iter().zip(&loaded.subscriptions) {
            let store = self.store.as_ref();
            let subscription = subscription.clone();
            let stretch = Stretch::open(store, log, subscription, replay.since, until).await?;
            stretches.push(stretch);
        }
        let stored = match replay.diff {
            true => Some(Stored::count(&self.store, &name, replay.since, until).await?),
            false => None,
        };
        let range = format!(
            "events from {} to {}",
            replay.since.seconds(),
            until.seconds()
        );
        let audit = Admin::new(&replay.actor, "replay", &name)
            .on(range)
            .with(loaded.component.digest());
        self.store.record(Vec::new(), vec![audit.record()]).await?;

        let (sender, receiver) = mpsc::channel(WAITING);
        let performance = Performance::new(
            &self,
            name,
            loaded,
            stage,
            stretches,
            stored,
            (replay.since, until),
            replay.rows.min(MAX_ROWS),
        );
        self.aside.handle().spawn(async move {
            performance.run(sender).await;
            drop(place);
        });
        Ok(receiver)
    }

    fn place_for_replay(&self) -> Result<OwnedSemaphorePermit, EngineError> {
        let places = Arc::clone(&self.replays);
        places.try_acquire_owned().map_err(|_| {
            EngineError::Busy(format!(
                "{AT_ONCE} replays are running, which is the most at once"
            ))
        })
    }

    /// A version of an installation with the settings that the installation has, and the logs that it would watch.
    async fn version_of(
        &self,
        name: &Name,
        version: Option<Digest>,
        actor: &str,
    ) -> Result<(Loaded, Arc<crate::host::InstallationHost>, Vec<LogKey>), EngineError> {
        let (installation, before, host) = self.installation(name)?;
        let digest = version.unwrap_or(installation.digest);
        let vetted = self.let_in_kept(name, digest, actor).await?;
        if digest != installation.digest {
            let found = &vetted.component.manifest().name;
            self.check_artifact(&installation, before.as_deref(), found)
                .await?;
        }
        let mut settings = self.kept_settings(&installation)?;
        settings.keep_secrets_apart(&vetted.component);
        let loaded = Loaded::new(name, vetted, &settings, before.as_deref())?;
        let is_installed = |other: &Name| other == name || self.table().contains_key(other);
        let logs = loaded.logs(is_installed);
        Ok((loaded, host, logs))
    }
}
