//! How a runner judges the version that it runs, and what it asks the engine for: the version before it, or to be set aside.

use std::time::Duration;

use tokio::time::Instant;
use watchbox_sandbox::TurnFailure;

use crate::{
    conduct::{DEAD_LETTERS, STARTS},
    oversight::Finding,
    runner::Runner,
    turn::Work,
};

/// How long a runner that asked the engine for something waits for it. Where nothing comes (the store could not take it), it goes on, and asks
/// again when it fails again.
const PATIENCE: Duration = Duration::from_secs(60);

impl Runner {
    /// Whether what fails now is handed to the version before, rather than being halved or set aside.
    pub(crate) fn is_given_back(&self) -> bool {
        self.plan.loaded.conduct.is_on_probation()
    }

    /// Sets `work` down as it is, for the version before: it will be the same turn, with what was done outside already. That version is asked for.
    pub(crate) fn give_back(&mut self, work: &Work) {
        self.set_down(work);
        if let Some((log, _)) = work.stretch()
            && let Some(reader) = self.readers.iter_mut().find(|reader| reader.log == *log)
        {
            // The cursor is not to move under it: the turn's id follows from where it begins.
            reader.rewind();
        }
        let error = self.post.progress.facts().errors.last().cloned();
        let reason = error.map_or_else(String::new, |last| last.error);
        self.ask(Finding::FailsAtFirst(reason));
    }

    /// No instance could be made for want of a version that starts. Says whether the version before is to take over.
    pub(crate) fn judge_start(&mut self, failure: &TurnFailure) -> bool {
        if matches!(failure, TurnFailure::Host(_)) {
            return false;
        }
        if self.is_given_back() {
            return true;
        }
        if self.plan.loaded.conduct.not_started() {
            self.ask(Finding::KeepsFailing(format!(
                "it could not be started {STARTS} times in a row: {failure}"
            )));
        }
        false
    }

    /// `work` is over; `error` is why it became a dead letter, where it did.
    pub(crate) fn judge(&mut self, work: &Work, error: Option<&str>) {
        let conduct = &self.plan.loaded.conduct;
        match error {
            Some(error) => {
                if conduct.dead_letter(&work.turn.trigger) {
                    self.ask(Finding::KeepsFailing(format!(
                        "{DEAD_LETTERS} triggers in a row became dead letters, the last of them: {error}"
                    )));
                }
            }
            None if work.is_empty() => {}
            None => {
                if conduct.turn_done(&work.turn.trigger) {
                    self.post.tell(&self.plan.loaded, Finding::Proved);
                }
            }
        }
    }

    /// Tells the engine, and begins nothing until something comes of it.
    fn ask(&mut self, finding: Finding) {
        self.hold = Instant::now() + PATIENCE;
        self.post.tell(&self.plan.loaded, finding);
    }
}
