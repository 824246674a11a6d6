//! What the engine does by itself about an installation: it notes that a version has proved itself, goes back to the one before, or sets it aside.
//!
//! Runners tell what they found; one task acts on it, under the same lock as what operators ask for. What was found of a version that is
//! not the one on the table any more is passed over: whoever put another there has dealt with it.

use std::sync::{Arc, Weak};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use watchbox_model::{Level, Name};

use crate::{
    EngineError, audit::Admin, change::Before, engine::Inner, history, loading::Loaded,
    rollback::Back, runner::Post,
};

/// The actor in the audit trail of what the server does by itself.
pub(crate) const ITSELF: &str = "watchbox";

/// What was found of a version.
#[derive(Debug)]
pub(crate) enum Finding {
    /// It has proved itself.
    Proved,
    /// It failed before it had, for this reason; its runner waits for the version before.
    FailsAtFirst(String),
    /// It keeps failing, in this way.
    KeepsFailing(String),
}

/// A finding, and of what.
#[derive(Debug)]
pub(crate) struct Notice {
    installation: Name,
    version: Arc<Loaded>,
    finding: Finding,
}

/// Where runners tell what they found.
pub(crate) type Notices = UnboundedSender<Notice>;

impl Post {
    /// Tells what was found of `version`.
    pub(crate) fn tell(&self, version: &Arc<Loaded>, finding: Finding) {
        let notice = Notice {
            installation: self.name.clone(),
            version: Arc::clone(version),
            finding,
        };
        // An engine that is gone has nothing to do any more.
        let _ = self.notices.send(notice);
    }
}

/// Acts on notices until the engine stops.
pub(crate) async fn oversee(engine: Weak<Inner>, mut notices: UnboundedReceiver<Notice>) {
    while let Some(notice) = notices.recv().await {
        let Some(inner) = engine.upgrade() else {
            return;
        };
        if inner.check_running().is_err() {
            return;
        }
        inner.act_on(notice).await;
    }
}

impl Inner {
    async fn act_on(&self, notice: Notice) {
        let _changes = self.changes.lock().await;
        let Notice {
            installation: name,
            version,
            finding,
        } = notice;
        let is_current = |before: &Before| {
            let current = before.loaded.as_ref();
            current.is_some_and(|current| Arc::ptr_eq(current, &version))
        };
        let Some(before) = self.before(&name).ok().filter(is_current) else {
            return;
        };
        let done = match finding {
            Finding::Proved => self.proved(&before).await,
            Finding::FailsAtFirst(reason) => self.give_way(&before, &reason).await,
            Finding::KeepsFailing(reason) => self.quarantine(&before, &reason, false).await,
        };
        if let Err(error) = done {
            // Its runner goes on after a while, and what it finds then is told again.
            tracing::error!(installation = %name, %error, "what follows from its failures could not be done");
        }
    }

    /// The version has nothing to prove any more.
    async fn proved(&self, before: &Before) -> Result<(), EngineError> {
        let digest = before.installation.digest;
        let audit = Admin::new(ITSELF, "confirm", &before.installation.name)
            .with(digest)
            .because("its first turns were committed");
        self.end_probation(before, audit).await
    }

    /// The version before takes the place of one that failed on its first turns; where that can't be, it goes on as versions do that have
    /// proved themselves.
    async fn give_way(&self, before: &Before, reason: &str) -> Result<(), EngineError> {
        let name = &before.installation.name;
        let failed = match self.go_back_by_itself(before, reason).await {
            Ok(()) => return Ok(()),
            Err(EngineError::Store(error)) => return Err(error.into()),
            Err(error) => error,
        };
        tracing::error!(installation = %name, error = %failed, reason, "a version fails on its first turns, and the one before can't take over");
        let text = format!("the version before can't take over, this one goes on: {failed}");
        self.say(name, Level::Error, text).await?;
        let audit = Admin::new(ITSELF, "rollback", name)
            .with(before.installation.digest)
            .because(reason)
            .failed(&failed);
        self.end_probation(before, audit).await?;
        self.wake(name);
        Ok(())
    }

    /// Goes back to the version before, since this one failed for `reason`. What it is granted is no more than is granted now.
    pub(crate) async fn go_back_by_itself(
        &self,
        before: &Before,
        reason: &str,
    ) -> Result<(), EngineError> {
        let name = &before.installation.name;
        let history = self.store.versions(name).await?;
        let target = history::before(name, &history)?;
        let back = Back {
            restore_grants: false,
            may_widen: false,
            reason: Some(reason.to_owned()),
            actor: ITSELF,
        };
        let installed = self.go_back(before, target, back).await?;
        let failed = before.installation.digest.short();
        tracing::error!(
            installation = %name, %failed, to = %target.digest.short(), reason,
            "a version failed on its first turns; the one before took its place again"
        );
        let mut text = format!(
            "version {} ({}) took the place of {failed}, which failed on its first turns",
            installed.status.version,
            target.digest.short(),
        );
        for warning in &installed.warnings {
            text.push_str("; ");
            text.push_str(warning);
        }
        // It has gone back, whether that can be said there or not.
        if let Err(error) = self.say(name, Level::Error, text).await {
            tracing::warn!(installation = %name, %error, "a way back could not be told in its messages");
        }
        Ok(())
    }

    /// Writes down that the version has nothing to prove any more.
    async fn end_probation(&self, before: &Before, audit: Admin) -> Result<(), EngineError> {
        let mut after = before.installation.clone();
        after.probation = false;
        self.store
            .put_installation(after.clone(), None, Vec::new(), audit.record())
            .await?;
        if let Some(loaded) = &before.loaded {
            loaded.conduct.end_probation();
        }
        if let Some(entry) = self.table_mut().get_mut(&after.name) {
            entry.installation = after;
        }
        Ok(())
    }
}
