//! The runner of one installation: waits for triggers, and makes turns of them, one at a time.
//!
//! It is a loop over one question, what is to be done next: obey a command, go on with the turn that is under way
//! (`attempt.rs`), or look for a trigger (`trigger.rs`). Pauses are waits for the next answer, so that a turn that keeps failing never keeps
//! the operator waiting.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use watchbox_model::{AuditRecord, LogKey, Name, Time, dead_letter::DeadLetter, turn::Trigger};
use watchbox_sandbox::Instance;
use watchbox_store::{Store, StoreError};

use crate::{
    Clock, EngineError, Phase,
    backoff::Backoff,
    batch::Reader,
    bound::Bounds,
    host::InstallationHost,
    journal::Journal,
    loading::Loaded,
    metrics::TurnMetrics,
    oversight::Notices,
    progress::Progress,
    trigger::Sought,
    turn::{Stage, Work},
};

/// What a runner runs.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) loaded: Arc<Loaded>,
    /// The log of each subscription.
    pub(crate) logs: Vec<LogKey>,
}

/// A dead letter to give again.
pub(crate) struct Redrive {
    pub(crate) letter: DeadLetter,
    /// The record of who asks for it.
    pub(crate) audit: AuditRecord,
    /// Who waits for what comes of it.
    pub(crate) reply: oneshot::Sender<Result<(), EngineError>>,
}

/// What a runner can be told.
pub(crate) enum Command {
    /// Run this from the next turn on, in this instance, if one was made.
    Swap(Plan, Option<Instance>),
    /// Give this dead letter's trigger again, and say what came of it.
    Redrive(Box<Redrive>),
}

/// What belongs to an installation whatever it runs.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) name: Name,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) host: Arc<InstallationHost>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) metrics: Arc<TurnMetrics>,
    pub(crate) backoff: Backoff,
    pub(crate) clock: Clock,
    pub(crate) notices: Notices,
}

/// A runner.
pub(crate) struct Runner {
    pub(crate) post: Post,
    pub(crate) plan: Plan,
    /// What is to run once the turn that is being committed is.
    next_plan: Option<(Plan, Option<Instance>)>,
    /// A warm instance, once there is one.
    pub(crate) instance: Option<Instance>,
    /// One for each subscription; none until they are opened.
    pub(crate) readers: Vec<Reader>,
    pub(crate) is_open: bool,
    /// Whether turns left open by an earlier process were looked for.
    pub(crate) is_resumed: bool,
    /// The bounds given in logs that are not open now.
    pub(crate) kept: BTreeMap<LogKey, Bounds>,
    /// The journals of ticks whose turns were begun before, the next one last.
    pub(crate) begun_ticks: Vec<(Time, Journal)>,
    /// Which log comes first at the next look.
    pub(crate) first_look: usize,
    /// The last tick that is done, or none of its business.
    pub(crate) last_tick: Time,
    pub(crate) current: Option<Work>,
    /// Dead letters to be given again.
    redrives: VecDeque<Box<Redrive>>,
    /// When the next trigger may be looked for.
    pub(crate) hold: Instant,
    /// Reads that failed in a row.
    pub(crate) read_failures: u32,
}

/// What is to be done next.
enum Next {
    Stop,
    Obey(Command),
    GoOn,
    Begin(Box<Work>),
    KeepCursor(usize),
    TellMissed(usize),
    Pause(StoreError),
}

impl Runner {
    /// A runner; ticks due up to `ticks_after` are none of its business.
    pub(crate) fn new(
        post: Post,
        plan: Plan,
        instance: Option<Instance>,
        ticks_after: Time,
    ) -> Self {
        Self {
            post,
            plan,
            next_plan: None,
            instance,
            readers: Vec::new(),
            is_open: false,
            is_resumed: false,
            kept: BTreeMap::new(),
            begun_ticks: Vec::new(),
            first_look: 0,
            last_tick: ticks_after,
            current: None,
            redrives: VecDeque::new(),
            hold: Instant::now(),
            read_failures: 0,
        }
    }

    /// Runs until it is told to stop.
    pub(crate) async fn run(
        &mut self,
        commands: &mut mpsc::UnboundedReceiver<Command>,
        stop: &CancellationToken,
    ) {
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => Next::Stop,
                command = commands.recv() => command.map_or(Next::Stop, Next::Obey),
                next = self.next() => next,
            };
            match next {
                Next::Stop => break,
                Next::Obey(Command::Swap(plan, instance)) => {
                    self.next_plan = Some((plan, instance));
                }
                Next::Obey(Command::Redrive(redrive)) => self.redrives.push_back(redrive),
                Next::GoOn => self.go_on().await,
                Next::Begin(work) => {
                    self.read_failures = 0;
                    self.begin(*work);
                    self.go_on().await;
                }
                // Not within `next`, which may be dropped between the store's commit and ours.
                Next::KeepCursor(reader) => match self.keep_cursor(reader).await {
                    Ok(()) => self.read_failures = 0,
                    Err(error) => self.pause(&error),
                },
                Next::TellMissed(reader) => {
                    if let Err(error) = self.tell_missed(reader).await {
                        self.pause(&error);
                    }
                }
                Next::Pause(error) => self.pause(&error),
            }
            self.swap_if_free().await;
            self.redrive_if_free().await;
        }
        if let Some(work) = self.current.take() {
            self.set_down(&work);
        }
        self.keep_cursors().await;
    }

    /// After a panic, or where the store says otherwise: forgets all that it can read again.
    pub(crate) fn reset(&mut self) {
        self.post.progress.facts().next_try = None;
        self.post.host.leave();
        self.instance = None;
        self.current = None;
        self.readers.clear();
        self.kept.clear();
        self.begun_ticks.clear();
        self.is_open = false;
        self.is_resumed = false;
    }

    /// Waits for what is to be done next. May be dropped at any time.
    async fn next(&mut self) -> Next {
        if let Some(work) = &self.current {
            sleep_until(work.not_before).await;
            return Next::GoOn;
        }
        sleep_until(self.hold).await;
        match self.look().await {
            Ok(Sought::Work(work)) => Next::Begin(work),
            Ok(Sought::Passed(reader)) => Next::KeepCursor(reader),
            Ok(Sought::Missed(reader)) => Next::TellMissed(reader),
            Err(error) => Next::Pause(error),
        }
    }

    /// The store can't be read, or a cursor not be kept: looks again after a while, at what the store then says.
    fn pause(&mut self, error: &StoreError) {
        self.close();
        self.read_failures = self.read_failures.saturating_add(1);
        self.hold = Instant::now() + self.post.backoff.pause(self.read_failures);
        self.post
            .progress
            .failed(Phase::Retrying, error.to_string());
    }

    /// Makes `work` the turn that is under way.
    fn begin(&mut self, mut work: Work) {
        let begun = work.journal.take().or_else(|| {
            let (log, to) = work.stretch()?;
            let reader = self.readers.iter_mut().find(|reader| reader.log == *log)?;
            reader.bounds.take(to)
        });
        let mut journal = begun
            .unwrap_or_else(|| Journal::new(&self.post.name, &work.turn.trigger, work.turn.now));
        journal.begin();
        self.post.host.enter(work.turn.id.clone(), journal);
        self.current = Some(work);
    }

    /// Whether no turn was run that is not recorded or committed yet: another would read a state that is about to change.
    fn is_free(&self) -> bool {
        self.current
            .as_ref()
            .is_none_or(|work| matches!(work.stage, Stage::Try))
    }

    /// Gives the dead letters again that were asked for, unless it has to wait.
    async fn redrive_if_free(&mut self) {
        while self.is_free()
            && let Some(redrive) = self.redrives.pop_front()
        {
            let Redrive {
                letter,
                audit,
                reply,
            } = *redrive;
            // Whoever asked may have gone; the turn is done all the same.
            let _ = reply.send(self.redrive(letter, audit).await);
        }
    }

    /// Goes over to the next plan, if there is one, unless it has to wait.
    async fn swap_if_free(&mut self) {
        if !self.is_free() {
            return;
        }
        let Some((plan, instance)) = self.next_plan.take() else {
            return;
        };
        if let Some(work) = self.current.take() {
            self.set_down(&work);
        }
        self.keep_cursors().await;
        self.close();
        let is_other = !Arc::ptr_eq(&self.plan.loaded.authority, &plan.loaded.authority);
        if is_other {
            self.instance = instance;
        }
        // What comes from a log that is watched no more can't succeed any more.
        if is_other || self.plan.logs != plan.logs {
            self.post.progress.facts().begun_anew();
        }
        self.hold = Instant::now();
        self.plan = plan;
    }

    /// Sets a turn down that was begun: it will have the same bounds, time and journal when it is come to again.
    pub(crate) fn set_down(&mut self, work: &Work) {
        self.post.progress.facts().next_try = None;
        let Some(journal) = self.post.host.leave() else {
            return;
        };
        match &work.turn.trigger {
            Trigger::Events { log, .. } => {
                if let Some(reader) = self.readers.iter_mut().find(|reader| reader.log == *log) {
                    reader.bounds.keep(journal);
                    // It begins where the cursor is, not behind what it was looked past.
                    reader.rewind();
                }
            }
            Trigger::Tick { due } => self.begun_ticks.push((*due, journal)),
        }
    }

    /// Closes the logs; what is known of begun turns is kept.
    pub(crate) fn close(&mut self) {
        for reader in self.readers.drain(..) {
            self.kept.insert(reader.log, reader.bounds);
        }
        self.is_open = false;
    }
}
