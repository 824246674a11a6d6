//! Dead letters, given again.

use std::sync::Arc;

use watchbox_model::{
    AuditRecord, LogKey, TurnId, dead_letter::DeadLetter, message::Level, turn::Trigger,
};
use watchbox_store::{OpenTurn, StoreError, TurnCommit};

use crate::{
    EngineError,
    batch::Batch,
    journal::Journal,
    runner::Runner,
    turn::{Work, messages_append, note},
};

impl Runner {
    /// Gives the trigger of a dead letter again, once, as a turn that moves no cursor. What an earlier redrive of it did outside is
    /// not done again.
    pub(crate) async fn redrive(
        &mut self,
        letter: DeadLetter,
        audit: AuditRecord,
    ) -> Result<(), EngineError> {
        if !self.is_open {
            self.open().await?;
        }
        let name = self.post.name.clone();
        let turn = TurnId::of(&letter.trigger);
        let written = self.post.store.written(&name, &turn).await?;
        let origin = OpenTurn {
            installation: name.clone(),
            turn: turn.clone(),
            trigger: letter.trigger.clone(),
            now: letter.now,
            is_aside: true,
        };
        let mut journal = Journal::of(origin);
        if !written.is_empty() {
            journal = journal.with(written);
        }
        let work = match &letter.trigger {
            Trigger::Tick { due } => {
                journal = journal.carrying(self.post.store.carried(&name).await?);
                Work::tick(*due, letter.now)
            }
            Trigger::Events { log, from, to } => {
                let batch = self.stored_events(letter.id, log, *from, *to).await?;
                Work::events(log, batch, letter.now, false)
            }
        };
        let before = self.post.host.enter(turn, journal);
        let result = self.try_again(letter.id, &work, audit).await;
        self.post.host.reenter(before);
        result
    }

    /// The events of a dead letter, from the log.
    async fn stored_events(
        &mut self,
        id: u64,
        log: &LogKey,
        from: u64,
        to: u64,
    ) -> Result<Batch, EngineError> {
        let refused = |reason: String| EngineError::Redrive { id, reason };
        let store = Arc::clone(&self.post.store);
        let logs = store.logs().await?;
        let first = logs
            .iter()
            .find(|info| info.log == *log)
            .map_or(u64::MAX, |info| info.first);
        if first > from {
            return Err(refused(format!(
                "its events are gone: {log} does not keep position {from} any more"
            )));
        }
        let Some(reader) = self.readers.iter_mut().find(|reader| reader.log == *log) else {
            return Err(refused(format!(
                "the version that runs does not watch {log}"
            )));
        };
        let (rows, positions) = reader.events(store.as_ref(), from, to).await?;
        if rows.is_empty() {
            return Err(refused(
                "none of its events passes the filter of the version that runs".to_owned(),
            ));
        }
        Ok(Batch {
            from,
            to,
            rows,
            positions,
        })
    }

    async fn try_again(
        &mut self,
        id: u64,
        work: &Work,
        mut asked: AuditRecord,
    ) -> Result<(), EngineError> {
        let failed = |failure: watchbox_sandbox::TurnFailure| EngineError::Redrive {
            id,
            reason: failure.to_string(),
        };
        let report = self.call(&work.turn, &work.input).await.map_err(failed)?;
        let name = &self.post.name;
        match report.result {
            Ok(effects) => {
                let audit = report.audit.into_iter().chain([asked]).collect();
                let commit = TurnCommit {
                    advance: None,
                    tick: None,
                    redriven: Some(id),
                    durable: true,
                    ..work.succeeded(name, None, effects, &report.messages, audit)
                };
                match self.post.store.commit(commit.clone()).await {
                    // Somebody dropped or redrove it meanwhile; nothing of this turn has happened.
                    Err(StoreError::Missing(_)) => Err(EngineError::NoLetter(id)),
                    committed => {
                        committed?;
                        self.count_turn(&work.turn.trigger, &commit);
                        Ok(())
                    }
                }
            }
            Err(failure) => {
                let mut messages = report.messages;
                messages.push(note(
                    Level::Warn,
                    format!("the dead letter {id} was given again, and failed: {failure}"),
                ));
                let appends = messages_append(name, Some(&work.turn.id), &messages);
                asked.outcome = "failed".to_owned();
                let audit = report.audit.into_iter().chain([asked]).collect();
                self.post
                    .store
                    .record(appends.into_iter().collect(), audit)
                    .await?;
                Err(failed(failure))
            }
        }
    }
}
