//! A shadow at work: it waits for triggers as its installation does, and plays them; beside that, the installation's rows are followed.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{runtime::Handle, sync::watch};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use watchbox_model::{LogKey, Name, Time};
use watchbox_store::{Store, StoreError};

use super::{Beginning, Facts, facts, tally::By};
use crate::{
    Clock,
    batch::{Found, Reader},
    bound::Bounds,
    engine::Inner,
    runner::Plan,
    stage::{Part, Stage},
    tick, trigger,
};

/// The pause after the store could not give what it was asked for.
const PAUSE: Duration = Duration::from_secs(1);
/// How many of the installation's rows are read at a time.
const READ_ROWS: usize = 1_024;

/// A shadow at work.
pub(super) struct Run {
    player: Player,
    live: Live,
    stopping: CancellationToken,
}

/// Plays what sets the shadow off.
struct Player {
    store: Arc<dyn Store>,
    clock: Clock,
    /// Where its guest computes.
    aside: Handle,
    plan: Plan,
    readers: Vec<Reader>,
    /// Which log comes first at the next look.
    first_look: usize,
    last_tick: Time,
    facts: Arc<Mutex<Facts>>,
}

/// Follows the rows of the installation.
struct Live {
    store: Arc<dyn Store>,
    log: LogKey,
    end: watch::Receiver<u64>,
    at: u64,
    facts: Arc<Mutex<Facts>>,
}

impl Run {
    pub(super) fn new(
        inner: &Inner,
        name: &Name,
        plan: Plan,
        beginning: Beginning,
        facts: Arc<Mutex<Facts>>,
    ) -> Self {
        let store = &inner.store;
        let log = LogKey::rows(name.clone());
        let readers = plan
            .logs
            .iter()
            .zip(&plan.loaded.subscriptions)
            .zip(beginning.cursors)
            .map(|((log, subscription), cursor)| {
                let (log, subscription) = (log.clone(), subscription.clone());
                Reader::new(log, subscription, cursor, Bounds::default(), store.as_ref())
            })
            .collect();
        let player = Player {
            store: Arc::clone(store),
            clock: inner.config.clock.clone(),
            aside: inner.aside.handle(),
            plan,
            readers,
            first_look: 0,
            last_tick: beginning.tick,
            facts: Arc::clone(&facts),
        };
        player.note_positions();
        Self {
            player,
            live: Live {
                store: Arc::clone(store),
                end: store.watch(&log),
                at: beginning.rows,
                log,
                facts,
            },
            stopping: inner.stopping.clone(),
        }
    }

    /// Runs `stage` until it is told to stop, or the server stops.
    pub(super) async fn until(mut self, stage: Stage, stop: CancellationToken) {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.stopping.cancelled() => {}
            // Ends where the host itself failed.
            () = self.player.play_all(stage) => {}
            () = self.live.follow() => {}
        }
    }
}

impl Player {
    async fn play_all(&mut self, mut stage: Stage) {
        loop {
            let part = match self.trigger().await {
                Ok(part) => part,
                Err(error) => {
                    facts(&self.facts).troubled(error.to_string());
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            if let Part::Tick(due) = part {
                self.last_tick = due;
                // As they are when the tick is due, before the installation changes them. Where that fails, the turn will.
                drop(stage.memory().look().await);
            }
            stage.give(part);
            loop {
                let step = self.aside.spawn(async move {
                    let played = stage.step().await;
                    (stage, played)
                });
                let played = match AbortOnDropHandle::new(step).await {
                    Ok((back, played)) => {
                        stage = back;
                        played
                    }
                    Err(why) => {
                        facts(&self.facts).troubled(format!("the host itself failed: {why}"));
                        return;
                    }
                };
                let Some(played) = played else { break };
                facts(&self.facts).played(played);
            }
            self.note_positions();
        }
    }

    /// Waits for the next trigger. May be dropped at any time.
    async fn trigger(&mut self) -> Result<Part, StoreError> {
        let store = Arc::clone(&self.store);
        loop {
            let now = self.clock.now();
            if self.last_tick.since(now) > trigger::SET_BACK {
                self.last_tick = now;
            }
            let schedule = self.plan.loaded.component.manifest().schedule.as_ref();
            let due = schedule.and_then(|schedule| tick::next(schedule, self.last_tick, now));
            if let Some(due) = due.filter(|due| *due <= now) {
                return Ok(Part::Tick(due));
            }
            let logs = self.readers.len();
            for index in (self.first_look..logs).chain(0..self.first_look.min(logs)) {
                let reader = &mut self.readers[index];
                match reader.look(store.as_ref()).await? {
                    Found::Batch(batch) => {
                        reader.advanced(batch.to);
                        self.first_look = index + 1;
                        return Ok(Part::Events(reader.log.clone(), batch, now));
                    }
                    Found::Passed => reader.advanced(reader.at()),
                    Found::End => {}
                }
            }
            self.first_look = 0;
            self.note_positions();
            trigger::wait(&self.readers, &self.clock, now, due).await;
        }
    }

    fn note_positions(&self) {
        let position = |reader: &Reader| (reader.end(), reader.at());
        facts(&self.facts).positions = self.readers.iter().map(position).collect();
    }
}

impl Live {
    async fn follow(&mut self) {
        loop {
            if let Err(error) = self.compare().await {
                facts(&self.facts).troubled(error.to_string());
                tokio::time::sleep(PAUSE).await;
            }
            let at = self.at;
            if self.end.wait_for(|end| *end > at).await.is_err() {
                // A store that is closed tells of no more rows.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Takes in the rows that came.
    async fn compare(&mut self) -> Result<(), StoreError> {
        while *self.end.borrow() > self.at {
            let blocks = self.store.read(&self.log, self.at, READ_ROWS).await?;
            if blocks.is_empty() {
                // Retention took them.
                self.at = *self.end.borrow();
            }
            for block in blocks {
                let known = usize::try_from(self.at.saturating_sub(block.first));
                let mut facts = facts(&self.facts);
                for row in block.rows.iter().skip(known.unwrap_or(usize::MAX)) {
                    facts.tally.add(By::Live, row);
                }
                self.at = self.at.max(block.next());
            }
        }
        Ok(())
    }
}
