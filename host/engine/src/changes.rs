//! Installing and removing, and what both changes of the monitoring table and changes of one line of it need.

use std::sync::Arc;

use bytes::Bytes;
use watchbox_model::{
    ComponentSignature, Digest, Grants, LogKey, LogKind, Name, parameter::check_secrets,
};
use watchbox_sandbox::{LoadError, Unchecked};
use watchbox_store::{How, Installation, VersionNote};

use crate::{
    EngineError, Install, Installed, Phase, StartAt,
    audit::Admin,
    change::try_out,
    changed::granted,
    engine::Inner,
    loading::{Loaded, Settings},
    runner::Plan,
    table::{self, Entry},
    trust::unchecked,
    vault::KeptSecrets,
    widening,
};

impl Inner {
    /// See [`crate::Engine::install`].
    pub(crate) async fn install(&self, install: Install) -> Result<Installed, EngineError> {
        let wanted = unchecked(install.component.clone()).await?;
        let name = match install.name {
            Some(name) => name,
            None => named_by(&wanted)?,
        };
        let vetted = self.let_in(&name, wanted, install.signature.as_ref(), &install.actor);
        let vetted = vetted.await?;
        let digest = vetted.component.digest();
        let _changes = self.changes.lock().await;
        self.check_running()?;
        if self.table().contains_key(&name) {
            return Err(EngineError::Exists(name));
        }
        if !install.may_widen {
            widening::within(&name, &install.grants, &Grants::default())?;
        }
        let manifest = vetted.component.manifest();
        check_secrets(&manifest.name, &manifest.parameters, install.secrets.keys())?;
        let mut settings = Settings {
            parameters: install.parameters,
            secrets: install.secrets,
            grants: install.grants,
        };
        let mut warnings = settings.keep_secrets_apart(&vetted.component);
        let loaded = Arc::new(Loaded::new(&name, vetted, &settings, None)?);
        table::refuse_circle(&self.table(), &name, &loaded)?;
        let post = self.post(&name, Phase::Idle);
        let instance = try_out(&loaded, &post.host).await?;
        warnings.extend(loaded.warnings());
        warnings.extend(self.warn_of_events(&name).await?);

        let now = self.config.clock.now();
        let installation = Installation {
            name: name.clone(),
            digest,
            previous: None,
            secrets: {
                let stamp = self.stamp(&install.actor);
                let secrets = KeptSecrets::default().with(&settings.secrets, &stamp);
                self.vault.seal(&name, &secrets)?
            },
            parameters: settings.parameters,
            grants: settings.grants.to_json(),
            enabled: install.enabled,
            installed_at: now,
            changed_at: now,
            changed_by: install.actor.clone(),
            probation: false,
            quarantine: None,
            pending: None,
            files: install.files,
        };
        let note = VersionNote {
            version: loaded.component.manifest().version.to_string(),
            how: How::Install,
            changed: String::new(),
            reason: None,
            back_to: None,
        };
        let plan = table::plan(&self.table(), &name, &loaded);
        warnings.extend(self.warn_of_silence(&plan.logs).await?);
        let cursors = self.first_cursors(&plan.logs, install.start).await?;
        self.keep_component(
            digest,
            install.component,
            install.signature,
            &install.actor,
            &name,
        )
        .await?;
        let audit = Admin::new(&install.actor, "install", &name)
            .on(format!("{name}; {}", granted(&settings.grants)))
            .with(digest);
        self.store
            .put_installation(installation.clone(), Some(note), cursors, audit.record())
            .await?;

        let entry = Entry {
            installation,
            post,
            loaded: Some(loaded),
            task: None,
            shadow: None,
        };
        self.table_mut().insert(name.clone(), entry);
        // Before its first row, so that they miss none.
        self.repoint_watchers(&name, &install.actor).await;
        if let Some(entry) = self.table_mut().get_mut(&name)
            && install.enabled
            && !self.stopping.is_cancelled()
        {
            entry.start(&self.threads.handle(), plan, instance, now);
        }
        self.installed(&name, None, warnings)
    }

    /// See [`crate::Engine::remove`].
    pub(crate) async fn remove(&self, name: Name, actor: &str) -> Result<(), EngineError> {
        let _changes = self.changes.lock().await;
        self.check_running()?;
        let task = match self.table_mut().get_mut(&name) {
            Some(entry) => entry.task.take(),
            None => return Err(EngineError::Missing(name)),
        };
        if let Some(task) = task {
            task.stop(self.config.grace).await;
        }
        let audit = Admin::new(actor, "remove", &name).record();
        if let Err(error) = self.store.remove_installation(&name, audit).await {
            self.restart(&name);
            return Err(error.into());
        }
        if let Some(entry) = self.table_mut().remove(&name) {
            entry.post.metrics.quarantined(false);
        }
        self.repoint_watchers(&name, actor).await;
        Ok(())
    }

    /// Starts the runner of `name` again, as the table says.
    fn restart(&self, name: &Name) {
        let mut table = self.table_mut();
        let Some(loaded) = table.get(name).and_then(|entry| entry.loaded.clone()) else {
            return;
        };
        let plan = table::plan(&table, name, &loaded);
        if let Some(entry) = table
            .get_mut(name)
            .filter(|entry| entry.installation.runs())
        {
            entry.start(&self.threads.handle(), plan, None, self.config.clock.now());
        }
    }

    /// Those that watch `changed` go over from its events to its rows, or back.
    async fn repoint_watchers(&self, changed: &Name, actor: &str) {
        let plans = table::plans_of_watchers(&self.table(), changed);
        for (name, plan) in plans {
            let kept = self.repoint(&name, &plan, changed, actor).await;
            if let Err(error) = kept {
                // Its cursor in the log then begins at the oldest row that is kept.
                tracing::warn!(installation = %name, %error, "a cursor was not set");
            }
            if let Some(task) = self
                .table()
                .get(&name)
                .and_then(|entry| entry.task.as_ref())
            {
                task.swap(plan, None);
            }
        }
    }

    async fn repoint(
        &self,
        name: &Name,
        plan: &Plan,
        changed: &Name,
        actor: &str,
    ) -> Result<(), EngineError> {
        let Some(installation) = self
            .table()
            .get(name)
            .map(|entry| entry.installation.clone())
        else {
            return Ok(());
        };
        let cursors = self.first_cursors(&plan.logs, StartAt::Now).await?;
        let audit = Admin::new(actor, "resubscribe", name)
            .on(format!("{changed} was installed or removed"));
        self.store
            .put_installation(installation, None, cursors, audit.record())
            .await?;
        Ok(())
    }

    /// Where cursors begin that are not set yet.
    pub(crate) async fn first_cursors(
        &self,
        logs: &[LogKey],
        start: StartAt,
    ) -> Result<Vec<(LogKey, u64)>, EngineError> {
        let kept = match start {
            StartAt::Now => Vec::new(),
            StartAt::Oldest => self.store.logs().await?,
        };
        let begin = |log: &LogKey| match start {
            StartAt::Now => *self.store.watch(log).borrow(),
            StartAt::Oldest => kept
                .iter()
                .find(|info| info.log == *log)
                .map_or(0, |info| info.first),
        };
        Ok(logs.iter().map(|log| (log.clone(), begin(log))).collect())
    }

    pub(crate) async fn keep_component(
        &self,
        digest: Digest,
        bytes: Bytes,
        signature: Option<ComponentSignature>,
        actor: &str,
        name: &Name,
    ) -> Result<(), EngineError> {
        let kept = self.store.components().await?;
        if !kept.iter().any(|(known, ..)| *known == digest) {
            let audit = Admin::new(actor, "upload", name)
                .on(digest.to_string())
                .with(digest);
            self.store
                .put_component(digest, bytes, audit.record())
                .await?;
        }
        match signature {
            Some(signature) => self.keep_signature(digest, signature, actor).await,
            None => Ok(()),
        }
    }

    /// A warning where events are kept under what is to be an installation's name.
    async fn warn_of_events(&self, name: &Name) -> Result<Option<String>, EngineError> {
        let events = LogKey::events(name.clone());
        let logs = self.store.logs().await?;
        Ok(logs.iter().any(|info| info.log == events).then(|| {
            format!("clients have sent events as `{name}`: from now on these are refused")
        }))
    }

    /// A warning for each log of events that nobody ever sent one to: its name may be wrong, and then nothing would come of the artifact.
    async fn warn_of_silence(&self, watched: &[LogKey]) -> Result<Vec<String>, EngineError> {
        let known = self.store.logs().await?;
        let is_silent = |log: &&LogKey| {
            log.kind == LogKind::Events && !known.iter().any(|info| info.log == **log)
        };
        let silent = watched.iter().filter(is_silent).map(|log| {
            let name = &log.name;
            format!(
                "no client has sent events as `{name}` yet, which it watches: is that the name?"
            )
        });
        Ok(silent.collect())
    }

    /// What came of a change of `name`.
    pub(crate) fn installed(
        &self,
        name: &Name,
        previous: Option<Digest>,
        warnings: Vec<String>,
    ) -> Result<Installed, EngineError> {
        let status = self
            .table()
            .get(name)
            .map(Entry::status)
            .ok_or_else(|| EngineError::Missing(name.clone()))?;
        Ok(Installed {
            status,
            previous,
            warnings,
        })
    }
}

/// The name that a component gives itself.
pub(crate) fn named_by(wanted: &Unchecked) -> Result<Name, LoadError> {
    let said = wanted.said()?;
    let manifest = said.manifest.as_ref();
    let why = || LoadError::Manifest(said.manifest_error.clone().unwrap_or_default());
    manifest
        .map(|manifest| manifest.name.clone())
        .ok_or_else(why)
}
