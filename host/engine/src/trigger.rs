//! How a runner finds its next trigger: turns that were begun before, then due ticks, then events.

use std::{sync::Arc, time::Duration};

use futures::future::{pending, select_all};
use watchbox_model::{Time, message::Level, turn::Trigger};
use watchbox_store::{Advance, OpenTurn, Settlement, Store, StoreError, TurnCommit};

use crate::{
    Clock, Phase,
    batch::{Found, Reader},
    bound::Bounds,
    journal::Journal,
    progress::Position,
    runner::Runner,
    tick,
    turn::{Work, messages_append, note, nothing},
};

/// A last tick that lies further ahead than this says that the clock was set back.
pub(crate) const SET_BACK: Duration = Duration::from_secs(5);

/// What was found.
pub(crate) enum Sought {
    /// A turn to be had.
    Work(Box<Work>),
    /// A stretch of this reader's log in which nothing passed the filter: its cursor is to be kept.
    Passed(usize),
    /// Retention took events of this reader's log before they were come to: that is to be told.
    Missed(usize),
}

impl Runner {
    /// Looks for a trigger until there is one. May be dropped at any time: it moves no cursor.
    pub(crate) async fn look(&mut self) -> Result<Sought, StoreError> {
        if !self.is_open {
            self.open().await?;
        }
        loop {
            let now = self.post.clock.now();
            let due = self.next_tick(now);
            if !self.begun_ticks.is_empty() || due.is_some_and(|due| due <= now) {
                let carried = self.post.store.carried(&self.post.name).await?;
                let begun = self.begun_ticks.pop();
                let new = due.map(|due| {
                    let trigger = Trigger::Tick { due };
                    (due, Journal::new(&self.post.name, &trigger, now))
                });
                if let Some((due, journal)) = begun.or(new) {
                    let mut work = Work::tick(due, journal.origin().now);
                    work.journal = Some(journal.carrying(carried));
                    return Ok(Sought::Work(Box::new(work)));
                }
            }
            if let Some(sought) = self.look_at_logs().await? {
                return Ok(sought);
            }
            self.recovered();
            wait(&self.readers, &self.post.clock, now, due).await;
        }
    }

    /// What could not be read could be read now.
    fn recovered(&mut self) {
        if std::mem::take(&mut self.read_failures) > 0 {
            self.post.progress.facts().recovered();
        }
    }

    /// When the next tick is due, or was.
    fn next_tick(&mut self, now: Time) -> Option<Time> {
        if self.last_tick.since(now) > SET_BACK {
            // The clock was set back. Ticks go by what it says now, and are not waited for until it is there again.
            self.last_tick = now;
        }
        let schedule = self.plan.loaded.component.manifest().schedule.as_ref()?;
        let due = tick::next(schedule, self.last_tick, now);
        self.post.progress.facts().next_tick = due;
        due
    }

    /// Looks at each log once.
    async fn look_at_logs(&mut self) -> Result<Option<Sought>, StoreError> {
        let store = Arc::clone(&self.post.store);
        let logs = self.readers.len();
        for index in (self.first_look..logs).chain(0..self.first_look.min(logs)) {
            let reader = &mut self.readers[index];
            let found = reader.look(store.as_ref()).await?;
            self.post.progress.facts().positions[index].at = reader.at();
            if reader.missed() > 0 {
                return Ok(Some(Sought::Missed(index)));
            }
            match found {
                Found::Batch(batch) => {
                    let now = reader.bounds.now().unwrap_or_else(|| self.post.clock.now());
                    let halved = reader.bounds.is_halved();
                    let work = Work::events(&reader.log, batch, now, halved);
                    self.first_look = index + 1;
                    return Ok(Some(Sought::Work(Box::new(work))));
                }
                Found::Passed => {
                    self.first_look = index + 1;
                    return Ok(Some(Sought::Passed(index)));
                }
                Found::End => {}
            }
        }
        self.first_look = 0;
        Ok(None)
    }

    /// Reads the cursors, and, the first time, the turns that were left open.
    pub(crate) async fn open(&mut self) -> Result<(), StoreError> {
        let store = Arc::clone(&self.post.store);
        let name = self.post.name.clone();
        if !self.is_resumed {
            self.resume().await?;
        }
        let mut cursors = Vec::new();
        for log in &self.plan.logs {
            cursors.push(store.cursor(&name, log).await?.unwrap_or(0));
        }
        // Nothing is awaited from here on: what is taken out of `kept` must not be lost with a future that is dropped.
        let (mut readers, mut over) = (Vec::new(), Vec::new());
        let subscriptions = self.plan.loaded.subscriptions.iter();
        for ((log, subscription), cursor) in self.plan.logs.iter().zip(subscriptions).zip(cursors) {
            let mut bounds = self.kept.remove(log).unwrap_or_default();
            over.extend(bounds.passed(cursor));
            readers.push(Reader::new(
                log.clone(),
                subscription.clone(),
                cursor,
                bounds,
                store.as_ref(),
            ));
        }
        if self.plan.loaded.component.manifest().schedule.is_none() {
            self.begun_ticks.clear();
        }
        self.readers = readers;
        self.first_look = 0;
        self.is_open = true;
        self.show_open();
        for journal in over {
            if let Err(error) = close(store.as_ref(), journal.origin()).await {
                // It is found and closed at the next start.
                tracing::warn!(installation = %name, %error, "a journal was not closed");
            }
        }
        Ok(())
    }

    /// Shows what was opened.
    fn show_open(&self) {
        let mut facts = self.post.progress.facts();
        facts.positions = self
            .readers
            .iter()
            .map(|reader| Position {
                log: reader.log.clone(),
                end: reader.end(),
                at: reader.at(),
            })
            .collect();
        facts.running = Some(self.plan.loaded.component.digest());
        facts.next_tick = None;
        if self.current.is_none() {
            facts.phase = Phase::Idle;
        }
    }

    /// Finds the last tick, and the turns that an earlier process left open.
    async fn resume(&mut self) -> Result<(), StoreError> {
        let store = Arc::clone(&self.post.store);
        let name = &self.post.name;
        // Ticks that are none of this runner's business (`last_tick`) may have been begun all the same: only the store knows what is done.
        let done = store.last_tick(name).await?;
        self.last_tick = self.last_tick.max(done.unwrap_or(self.last_tick));
        let open_turns = store.open_turns(name).await?;
        self.kept.clear();
        self.begun_ticks.clear();
        // The oldest tick is to be popped first.
        for (turn, written) in open_turns.into_iter().rev() {
            self.resume_turn(Journal::of(turn).with(written), done)
                .await?;
        }
        self.is_resumed = true;
        Ok(())
    }

    /// A turn that was begun before gets the bounds and the time that it had.
    async fn resume_turn(
        &mut self,
        journal: Journal,
        done: Option<Time>,
    ) -> Result<(), StoreError> {
        match &journal.origin().trigger {
            Trigger::Events { log, .. } => {
                self.kept.insert(log.clone(), Bounds::of(journal));
            }
            Trigger::Tick { due } if done.is_some_and(|done| self.is_done(*due, done)) => {
                close(self.post.store.as_ref(), journal.origin()).await?;
            }
            Trigger::Tick { due } => self.begun_ticks.push((*due, journal)),
        }
        Ok(())
    }

    /// Whether a tick was done, if the last that was is `done`. One that lies ahead says that the clock was set back since: what is due
    /// before it may have been begun after it.
    fn is_done(&self, due: Time, done: Time) -> bool {
        due <= done && done.since(self.post.clock.now()) <= SET_BACK
    }

    /// Tells of events that retention took before they were come to.
    pub(crate) async fn tell_missed(&mut self, index: usize) -> Result<(), StoreError> {
        let reader = &self.readers[index];
        let (log, missed) = (reader.log.clone(), reader.missed());
        let text = format!(
            "retention took {missed} events of {log} before they were come to: keep more (store.keep_days, store.keep_mib), or have it do less"
        );
        let told = messages_append(&self.post.name, None, &[note(Level::Error, text)]);
        let told = told.into_iter().collect();
        self.post.store.record(told, Vec::new()).await?;
        self.post.metrics.missed(missed);
        self.readers[index].told(missed);
        Ok(())
    }

    /// Keeps the cursors where they were looked up to. What fails here costs no more than a second look.
    pub(crate) async fn keep_cursors(&mut self) {
        for index in 0..self.readers.len() {
            if let Err(error) = self.keep_cursor(index).await {
                tracing::warn!(installation = %self.post.name, %error, "a cursor was not kept");
            }
        }
    }

    /// Puts a cursor past what did not pass.
    pub(crate) async fn keep_cursor(&mut self, index: usize) -> Result<(), StoreError> {
        let reader = &mut self.readers[index];
        let (log, from, to) = (reader.log.clone(), reader.cursor(), reader.at());
        if from == to {
            return Ok(());
        }
        let commit = TurnCommit {
            advance: Some(Advance { log, from, to }),
            ..nothing(&self.post.name)
        };
        self.post.store.commit(commit).await?;
        reader.advanced(to);
        Ok(())
    }
}

/// Closes a turn that is over.
async fn close(store: &dyn Store, over: &OpenTurn) -> Result<(), StoreError> {
    let settlement = Settlement {
        origin: over.turn.clone(),
        taken: Vec::new(),
        is_over: true,
    };
    let commit = TurnCommit {
        journal: Some(settlement),
        ..nothing(&over.installation)
    };
    store.commit(commit).await
}

/// Waits until a log has grown or a tick is due.
pub(crate) async fn wait(readers: &[Reader], clock: &Clock, now: Time, due: Option<Time>) {
    let grown = async {
        if readers.is_empty() {
            pending::<()>().await;
        }
        select_all(readers.iter().map(|reader| Box::pin(reader.grown()))).await;
    };
    let ticked = async {
        match due {
            Some(due) => clock.wait(now, due).await,
            None => pending().await,
        }
    };
    tokio::select! {
        () = grown => {}
        () = ticked => {}
    }
}
