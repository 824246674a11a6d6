//! A replay under way.

use std::{
    collections::HashSet,
    sync::{Arc, Weak},
    time::Instant,
};

use tokio::sync::mpsc::Sender;
use watchbox_model::{AuditRecord, Name, RowsBuilder, Time, schedule::Schedule};
use watchbox_store::StoreError;

use super::{LONGEST, ReplayEnd, ReplaySummary, Replayed, Stored, Stretch};
use crate::{
    engine::Inner,
    loading::Loaded,
    stage::{Part, Played, Stage, Targets},
};

/// The most denied calls that are told one by one.
const DENIALS: usize = 100;

/// How long whoever reads may keep the rest of it waiting, once it was played.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// A replay under way.
pub(super) struct Performance {
    inner: Weak<Inner>,
    store: Arc<dyn watchbox_store::Store>,
    stopping: tokio_util::sync::CancellationToken,
    name: Name,
    loaded: Loaded,
    stage: Stage,
    stretches: Vec<Stretch>,
    /// When the next tick is due, within the range.
    tick: Option<Time>,
    stored: Option<Stored>,
    limit: u64,
    targets: Targets,
    denials: HashSet<(String, String, String)>,
    /// The time of the turn that came last.
    reached: Time,
    summary: ReplaySummary,
}

/// Why a replay ends before its range does; none where nobody reads on.
type Ended = Option<ReplayEnd>;

impl From<StoreError> for ReplayEnd {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

impl Performance {
    #[expect(
        clippy::too_many_arguments,
        reason = "all of it is what a replay is made of"
    )]
    pub(super) fn new(
        inner: &Arc<Inner>,
        name: Name,
        loaded: Loaded,
        stage: Stage,
        stretches: Vec<Stretch>,
        stored: Option<Stored>,
        (since, until): (Time, Time),
        limit: u64,
    ) -> Self {
        let manifest = loaded.component.manifest();
        let summary = ReplaySummary {
            digest: loaded.component.digest(),
            version: manifest.version.to_string(),
            since,
            until,
            end: ReplayEnd::Done,
            events: 0,
            turns: 0,
            rows: 0,
            differences: stored.as_ref().map(|_| (0, 0)),
            calls: 0,
            targets: Vec::new(),
            denied: 0,
            labels: 0,
            state: 0,
            failures: 0,
            took: std::time::Duration::ZERO,
        };
        let just_before = Time::from_micros(since.micros().saturating_sub(1));
        let mut performance = Self {
            inner: Arc::downgrade(inner),
            store: Arc::clone(&inner.store),
            stopping: inner.stopping.clone(),
            name,
            loaded,
            stage,
            stretches,
            tick: None,
            stored,
            limit,
            targets: Targets::default(),
            denials: HashSet::new(),
            reached: since,
            summary,
        };
        performance.tick = performance.tick_after(just_before);
        performance
    }

    /// Plays it, for as long as somebody reads what comes of it.
    pub(super) async fn run(mut self, sender: Sender<Replayed>) {
        let began = Instant::now();
        let stopping = self.stopping.clone();
        let played = tokio::select! {
            biased;
            () = sender.closed() => return,
            () = stopping.cancelled() => Err(Some(ReplayEnd::Stopping)),
            played = tokio::time::timeout(LONGEST, self.play(&sender)) => {
                played.unwrap_or(Err(Some(ReplayEnd::Time)))
            }
        };
        match played {
            Ok(()) => {}
            Err(Some(end)) => self.summary.end = end,
            Err(None) => return,
        }
        // What the replay did not come to is not missing.
        let before = match self.summary.end {
            ReplayEnd::Done => self.summary.until,
            _ => self.reached,
        };
        let told = tokio::time::timeout(PATIENCE, self.tell_missing(before, &sender));
        match told.await.unwrap_or(Err(None)) {
            Ok(()) => {}
            Err(Some(end)) => self.summary.end = end,
            Err(None) => return,
        }
        let mut summary = self.summary;
        summary.calls = self.targets.total();
        summary.targets = self.targets.list();
        summary.took = began.elapsed();
        // Whoever read it may be gone now, or read no more.
        let told = sender.send(Replayed::Summary(Box::new(summary)));
        let _ = tokio::time::timeout(PATIENCE, told).await;
    }

    async fn play(&mut self, sender: &Sender<Replayed>) -> Result<(), Ended> {
        while let Some(part) = self.next().await.map_err(|error| Some(error.into()))? {
            self.check_installed()?;
            self.reached = match &part {
                Part::Events(_, _, now) => *now,
                Part::Tick(due) => *due,
            };
            self.stage.give(part);
            while let Some(played) = self.stage.step().await {
                self.tell(played, sender).await?;
                if self.summary.rows >= self.limit {
                    return Err(Some(ReplayEnd::Rows));
                }
            }
        }
        Ok(())
    }

    /// What comes next: of all logs the batch whose first event came first, and a tick before the events that came after it.
    async fn next(&mut self) -> Result<Option<Part>, StoreError> {
        for stretch in &mut self.stretches {
            stretch.fill(self.store.as_ref()).await?;
        }
        let times = self.stretches.iter().map(Stretch::time).enumerate();
        let first = times.filter_map(|(index, time)| Some((time?, index))).min();
        match (first, self.tick) {
            (Some((time, index)), tick) if tick.is_none_or(|tick| time < tick) => {
                Ok(self.stretches[index].take(tick))
            }
            (_, Some(due)) => {
                self.tick = self.tick_after(due);
                Ok(Some(Part::Tick(due)))
            }
            (_, None) => Ok(None),
        }
    }

    /// The first tick of the range after `after`.
    fn tick_after(&self, after: Time) -> Option<Time> {
        let schedule: &Schedule = self.loaded.component.manifest().schedule.as_ref()?;
        let due = schedule.next_after(after)?;
        (due < self.summary.until).then_some(due)
    }

    /// Ends with the installation.
    fn check_installed(&self) -> Result<(), Ended> {
        let inner = self.inner.upgrade().ok_or(ReplayEnd::Stopping)?;
        let is_there = inner.table().contains_key(&self.name);
        is_there.then_some(()).ok_or(Some(ReplayEnd::Removed))
    }

    async fn tell(&mut self, played: Played, sender: &Sender<Replayed>) -> Result<(), Ended> {
        let left = self.limit.saturating_sub(self.summary.rows);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let rows = played.rows.slice(0..left);
        let summary = &mut self.summary;
        summary.events += played.events;
        summary.turns += u64::from(played.is_done);
        summary.rows += rows.len() as u64;
        summary.denied += played.denied.len() as u64;
        summary.labels += played.labels;
        summary.state += played.state;
        self.targets.add(&played.calls);
        for call in played.calls {
            send(sender, Replayed::Call(call)).await?;
        }
        for record in played.denied {
            if self.is_new(&record) {
                send(sender, Replayed::Denied(record)).await?;
            }
        }
        if let Some(failure) = played.failure {
            self.summary.failures += played.events.max(1);
            send(sender, Replayed::Failure(failure)).await?;
        }
        if rows.is_empty() {
            return Ok(());
        }
        let Some(stored) = &mut self.stored else {
            return send(sender, Replayed::Rows(rows)).await;
        };
        let mut new = RowsBuilder::new();
        for row in rows.iter() {
            if !stored.take(row) {
                new.push(row);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        if let Some((only_replayed, _)) = &mut self.summary.differences {
            *only_replayed += new.len() as u64;
        }
        send(sender, Replayed::OnlyReplayed(new.finish())).await
    }

    /// Tells the rows that are stored and did not come.
    async fn tell_missing(&mut self, before: Time, sender: &Sender<Replayed>) -> Result<(), Ended> {
        let Some(stored) = &mut self.stored else {
            return Ok(());
        };
        let mut at = stored.from();
        while let Some(missing) = stored
            .next_missing(&mut at, before)
            .await
            .map_err(|error| Some(error.into()))?
        {
            if let Some((_, only_stored)) = &mut self.summary.differences {
                *only_stored += missing.len() as u64;
            }
            if !missing.is_empty() {
                send(sender, Replayed::OnlyStored(missing)).await?;
            }
        }
        Ok(())
    }

    /// Whether a denial is to be told: the first of its kind, while they are few.
    fn is_new(&mut self, record: &AuditRecord) -> bool {
        let kind = (
            record.capability.clone(),
            record.operation.clone(),
            record.reason.clone(),
        );
        self.denials.len() < DENIALS && self.denials.insert(kind)
    }
}

async fn send(sender: &Sender<Replayed>, item: Replayed) -> Result<(), Ended> {
    sender.send(item).await.map_err(|_| None)
}
