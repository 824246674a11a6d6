//! How a runner goes on with the turn that is under way: tries it, records what failed, commits what did not.

use std::sync::Arc;

use tokio::time::Instant;
use watchbox_model::{AuditRecord, LogKind, Message, message::Level, turn::Trigger};
use watchbox_sandbox::{Input, Turn, TurnFailure, TurnReport};
use watchbox_store::{Append, StoreError, TurnCommit};

use crate::{
    Phase,
    runner::Runner,
    turn::{Stage, Then, Work, messages_append, note},
};

/// The most tries of a turn that the artifact itself can't bear, by a fault, a trap or a limit, however many its grants have for what is outside.
const FAULTS: u32 = 8;

impl Runner {
    /// Takes the turn that is under way as far as it goes without a pause.
    pub(crate) async fn go_on(&mut self) {
        if let Some(work) = self.current.take() {
            self.post.progress.facts().next_try = None;
            self.current = self.advance(work).await;
            let waiting = self.current.as_ref().map(|work| work.not_before);
            let now = self.post.clock.now();
            let mut facts = self.post.progress.facts();
            facts.next_try =
                waiting.map(|at| now.plus(at.saturating_duration_since(Instant::now())));
            // A broken one stays so until a turn of it is done.
            if facts.phase == Phase::Running {
                facts.phase = if waiting.is_some() {
                    Phase::Retrying
                } else {
                    Phase::Idle
                };
            }
        }
    }

    /// Gives `work` back where it has to wait.
    async fn advance(&mut self, mut work: Work) -> Option<Work> {
        let store = Arc::clone(&self.post.store);
        loop {
            match &work.stage {
                Stage::Try if work.is_empty() => {
                    let journal = self.post.host.settlement(work.end());
                    work.stage = Stage::Commit(Box::new(work.done(&self.post.name, journal)));
                }
                Stage::Try => self.attempt(&mut work).await,
                Stage::Record {
                    appends,
                    audit,
                    then,
                } => {
                    let then = *then;
                    let recorded = store.record(appends.clone(), audit.clone()).await;
                    match (recorded, then) {
                        (Err(error), _) => return Some(self.store_failed(work, &error)),
                        (Ok(()), Then::Try(at)) => {
                            work.stage = Stage::Try;
                            work.not_before = at;
                            return Some(work);
                        }
                        (Ok(()), Then::Halve(at)) => {
                            self.hold = at;
                            self.halve(&work);
                            return None;
                        }
                        (Ok(()), Then::GiveBack) => {
                            self.give_back(&work);
                            return None;
                        }
                    }
                }
                Stage::Commit(commit) => match store.commit(TurnCommit::clone(commit)).await {
                    Ok(()) => {
                        self.committed(&work, commit);
                        return None;
                    }
                    Err(error @ StoreError::Moved { .. }) => {
                        // Somebody else was here, or the commit had gone through after all. What the store says counts.
                        self.post.progress.failed(Phase::Idle, error.to_string());
                        self.reset();
                        return None;
                    }
                    Err(error) => return Some(self.store_failed(work, &error)),
                },
            }
        }
    }

    /// One try: leaves `work` to be committed, or to be recorded and gone on with.
    async fn attempt(&mut self, work: &mut Work) {
        self.post.progress.facts().phase = Phase::Running;
        work.turn.attempt = work.failures + 1;
        match self.call(&work.turn, &work.input).await {
            Err(failure) => self.not_started(work, &failure, Vec::new(), Vec::new()),
            Ok(report) => match report.result {
                Ok(effects) => {
                    let commit = work.succeeded(
                        &self.post.name,
                        self.post.host.settlement(work.end()),
                        effects,
                        &report.messages,
                        report.audit,
                    );
                    work.stage = Stage::Commit(Box::new(commit));
                }
                Err(failure @ (TurnFailure::Host(_) | TurnFailure::Configure(_))) => {
                    self.not_started(work, &failure, report.messages, report.audit);
                }
                Err(failure) => self.failed(work, &failure, report.messages, report.audit),
            },
        }
    }

    /// Has the guest handle `turn`, in the warm instance or in a fresh one. The error is why there is no instance.
    pub(crate) async fn call(
        &mut self,
        turn: &Turn,
        input: &Input,
    ) -> Result<TurnReport, TurnFailure> {
        let loaded = Arc::clone(&self.plan.loaded);
        let mut instance = match self.instance.take() {
            Some(instance) => instance,
            None => loaded
                .instantiate(&self.post.host)
                .await
                .inspect_err(|failure| self.post.metrics.failed(failure))?,
        };
        let report = instance.handle(turn, input).await;
        self.post.metrics.tried(&report);
        if report.result.is_ok() {
            self.instance = Some(instance);
        }
        Ok(report)
    }

    /// A try that came to nothing by no fault of the trigger's: it does not count, and is made again until it succeeds.
    fn not_started(
        &mut self,
        work: &mut Work,
        failure: &TurnFailure,
        mut messages: Vec<Message>,
        audit: Vec<AuditRecord>,
    ) {
        work.host_failures = work.host_failures.saturating_add(1);
        let phase = match failure {
            TurnFailure::Host(_) => Phase::Retrying,
            _ => Phase::Broken,
        };
        self.count_failure(phase, failure, None);
        messages.push(note(
            Level::Warn,
            format!("the turn could not be run, and is tried again: {failure}"),
        ));
        let then = if self.judge_start(failure) {
            Then::GiveBack
        } else {
            Then::Try(Instant::now() + self.post.backoff.pause(work.host_failures))
        };
        self.record(work, &messages, audit, then);
    }

    /// A try that failed: another one, the halves, or a dead letter.
    fn failed(
        &mut self,
        work: &mut Work,
        failure: &TurnFailure,
        mut messages: Vec<Message>,
        audit: Vec<AuditRecord>,
    ) {
        work.failures += 1;
        work.host_failures = 0;
        self.count_failure(Phase::Retrying, failure, Some(&work.turn.trigger));
        let tries = work.tries(self.plan.loaded.grants().limits.tries);
        // Many tries are for what is outside and comes back. An event that the artifact can't bear is not to hold the others up as long.
        let (tried, tries) = match failure {
            TurnFailure::Retry { .. } => (work.failures, tries),
            _ => {
                work.faults += 1;
                (work.faults, tries.min(FAULTS))
            }
        };
        let after = match failure {
            TurnFailure::Retry { after, .. } => *after,
            _ => std::time::Duration::ZERO,
        };
        let is_hopeless = matches!(failure, TurnFailure::Reject(_));
        if !is_hopeless && tried < tries {
            let pause = self.post.backoff.pause(work.failures).max(after);
            messages.push(note(
                Level::Warn,
                format!("try {tried} of {tries} failed: {failure}"),
            ));
            self.record(work, &messages, audit, Then::Try(Instant::now() + pause));
        } else if self.is_given_back() {
            messages.push(note(
                Level::Error,
                format!(
                    "try {tried} of {tries} failed on the first turns of this version; the one before it is asked to take over: {failure}"
                ),
            ));
            self.record(work, &messages, audit, Then::GiveBack);
        } else if !is_hopeless && work.is_divisible() {
            messages.push(note(
                Level::Warn,
                format!(
                    "try {tried} of {tries} failed; the batch of {} events is halved: {failure}",
                    work.events_len()
                ),
            ));
            self.record(work, &messages, audit, Then::Halve(Instant::now() + after));
        } else {
            let error = failure.to_string();
            messages.push(note(
                Level::Error,
                format!("the trigger became a dead letter: {error}"),
            ));
            let digest = self.plan.loaded.component.digest();
            let journal = self.post.host.settlement(work.end());
            let commit = work.set_aside(&self.post.name, journal, digest, &error, &messages, audit);
            work.stage = Stage::Commit(Box::new(commit));
        }
    }

    /// A try failed, by `trigger`'s fault where one is given.
    fn count_failure(&self, phase: Phase, failure: &TurnFailure, trigger: Option<&Trigger>) {
        let error = failure.to_string();
        let mut facts = self.post.progress.facts();
        facts.failures += 1;
        // Each failure is told in its messages; here, that it began.
        if facts.failed(phase, error.clone(), trigger.cloned()) {
            tracing::warn!(installation = %self.post.name, error, "its turns fail");
        }
    }

    fn record(&self, work: &mut Work, messages: &[Message], audit: Vec<AuditRecord>, then: Then) {
        work.stage = Stage::Record {
            appends: messages_append(&self.post.name, Some(&work.turn.id), messages)
                .into_iter()
                .collect(),
            audit,
            then,
        };
    }

    /// The store could not take it: the same again, after a pause.
    fn store_failed(&self, mut work: Work, error: &StoreError) -> Work {
        work.host_failures = work.host_failures.saturating_add(1);
        self.post
            .progress
            .failed(Phase::Retrying, error.to_string());
        work.not_before = Instant::now() + self.post.backoff.pause(work.host_failures);
        work
    }

    /// The two halves of `work`, in order; both are of its time, and what it did outside is theirs.
    fn halve(&mut self, work: &Work) {
        self.set_down(work);
        let (Some((log, _)), Some(middle)) = (work.stretch(), work.middle()) else {
            return;
        };
        if let Some(reader) = self.readers.iter_mut().find(|reader| reader.log == *log) {
            reader.bounds.halve(middle);
        }
    }

    /// The store has it.
    fn committed(&mut self, work: &Work, commit: &TurnCommit) {
        let journal = self.post.host.leave();
        if let Some(advance) = &commit.advance
            && let Some(index) = self
                .readers
                .iter()
                .position(|reader| reader.log == advance.log)
        {
            let reader = &mut self.readers[index];
            reader.advanced(advance.to);
            if let Some(mut journal) = journal.filter(|journal| !journal.is_over(work.end())) {
                journal.settled();
                reader.bounds.keep(journal);
            }
            reader.bounds.passed(advance.to);
            self.post.progress.facts().positions[index].at = reader.at();
        }
        if let Some(due) = commit.tick {
            self.last_tick = self.last_tick.max(due);
        }
        self.count_commit(work, commit);
        let letter = commit.dead_letter.as_ref();
        self.judge(work, letter.map(|letter| letter.error.as_str()));
    }

    fn count_commit(&self, work: &Work, commit: &TurnCommit) {
        self.post.progress.facts().phase = Phase::Idle;
        if commit.dead_letter.is_some() {
            self.post.metrics.dead_letter();
        } else if !work.is_empty() {
            self.count_turn(&work.turn.trigger, commit);
        }
    }

    /// A turn succeeded.
    pub(crate) fn count_turn(&self, trigger: &Trigger, commit: &TurnCommit) {
        let of_rows = |append: &&Append| append.log.kind == LogKind::Rows;
        let rows: usize = commit
            .appends
            .iter()
            .filter(of_rows)
            .map(|append| append.rows.len())
            .sum();
        let rows = rows as u64;
        self.post.metrics.committed(rows);
        let mut facts = self.post.progress.facts();
        facts.turns += 1;
        facts.rows += rows;
        if facts.succeeded(trigger) {
            tracing::info!(installation = %self.post.name, "its turns succeed again");
        }
        facts.last_turn = Some(watchbox_model::Time::now());
    }
}
