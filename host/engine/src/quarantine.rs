//! Setting aside what keeps failing, so that it burns no more events into dead letters and keeps nobody else from running.

use watchbox_model::{Level, Name};
use watchbox_store::{Installation, Quarantine};

use crate::{
    EngineError, Phase,
    audit::Admin,
    change::Before,
    engine::Inner,
    oversight::ITSELF,
    turn::{messages_append, note},
};

impl Inner {
    /// Sets an installation aside for `reason`: its runner stops, its place in its logs stays. Whoever switches it on again or changes
    /// it lifts that; where it could not even be loaded, the next start of the server tries again too.
    pub(crate) async fn quarantine(
        &self,
        before: &Before,
        reason: &str,
        unloadable: bool,
    ) -> Result<(), EngineError> {
        let name = &before.installation.name;
        tracing::error!(installation = %name, reason, "an installation is set aside");
        let after = Installation {
            quarantine: Some(Quarantine {
                at: self.config.clock.now(),
                reason: reason.to_owned(),
                unloadable,
            }),
            probation: false,
            ..before.installation.clone()
        };
        let audit = Admin::new(ITSELF, "quarantine", name)
            .with(after.digest)
            .because(reason);
        self.store
            .put_installation(after.clone(), None, Vec::new(), audit.record())
            .await?;
        let stopped = {
            let mut table = self.table_mut();
            let Some(entry) = table.get_mut(name) else {
                return Ok(());
            };
            entry.installation = after;
            entry.post.metrics.quarantined(true);
            entry
                .post
                .progress
                .failed(Phase::Quarantined, reason.to_owned());
            entry.task.take()
        };
        if let Some(task) = stopped {
            task.stop(self.config.grace).await;
        }
        let text = format!(
            "it is set aside: {reason}. `watchbox enable {name}` or an upgrade lets it go on where it stopped"
        );
        self.say(name, Level::Error, text).await
    }

    /// An installation that the table has can't be loaded, for `error`: the version before takes its place where it has not proved itself
    /// yet, else it is set aside. Says that neither was done where the table has another by now.
    pub(crate) async fn could_not_load(
        &self,
        installation: &Installation,
        error: &EngineError,
    ) -> bool {
        let _changes = self.changes.lock().await;
        let name = &installation.name;
        let is_same =
            |before: &Before| before.loaded.is_none() && before.installation == *installation;
        let Some(before) = self.before(name).ok().filter(is_same) else {
            return false;
        };
        let reason = error.to_string();
        if installation.probation {
            match self.go_back_by_itself(&before, &reason).await {
                Ok(()) => return true,
                Err(error) => {
                    tracing::error!(installation = %name, %error, "the version before can't take its place");
                }
            }
        }
        if installation.quarantine.is_some() || !installation.enabled {
            // It is set aside already, or off: there is nothing to write down.
            tracing::error!(installation = %name, reason, "an installation can't be loaded");
            if let Some(entry) = self.table().get(name) {
                entry.post.progress.failed(Phase::Broken, reason);
            }
            return true;
        }
        if let Err(error) = self.quarantine(&before, &reason, true).await {
            tracing::error!(installation = %name, %error, "it could not be written down that an installation is set aside");
        }
        true
    }

    /// An installation that could not be loaded at an earlier start could be now: it runs again.
    pub(crate) async fn lift_quarantine(
        &self,
        installation: &Installation,
    ) -> Result<Installation, EngineError> {
        let _changes = self.changes.lock().await;
        let is_same = |before: &Before| before.installation == *installation;
        if !self
            .before(&installation.name)
            .is_ok_and(|before| is_same(&before))
        {
            // Somebody changed it meanwhile, and has loaded it with that.
            return Ok(installation.clone());
        }
        let after = Installation {
            quarantine: None,
            ..installation.clone()
        };
        let audit = Admin::new(ITSELF, "enable", &installation.name)
            .with(installation.digest)
            .because("it could be loaded again");
        self.store
            .put_installation(after.clone(), None, Vec::new(), audit.record())
            .await?;
        if let Some(entry) = self.table_mut().get_mut(&installation.name) {
            entry.post.metrics.quarantined(false);
            entry.installation = after.clone();
        }
        Ok(after)
    }

    /// Says something of an installation that is about no turn, as a row of its messages.
    pub(crate) async fn say(
        &self,
        installation: &Name,
        level: Level,
        text: String,
    ) -> Result<(), EngineError> {
        let append = messages_append(installation, None, &[note(level, text)]);
        let appends = append.into_iter().collect();
        Ok(self.store.record(appends, Vec::new()).await?)
    }
}
