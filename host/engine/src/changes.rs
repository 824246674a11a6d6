//! Installing, changing and removing: checked in full first, then kept in one store transaction, then put in effect.

use std::sync::Arc;

use bytes::Bytes;
use watchbox_model::{Digest, LogKey, Name};
use watchbox_sandbox::{Instance, TurnFailure};
use watchbox_store::Installation;

use crate::{
    Change, EngineError, Install, Installed, Phase, StartAt,
    audit::Admin,
    engine::Inner,
    host::InstallationHost,
    loading::{Loaded, Settings},
    runner::Plan,
    table::{self, Entry},
};

impl Inner {
    /// See [`crate::Engine::install`].
    pub(crate) async fn install(&self, install: Install) -> Result<Installed, EngineError> {
        let component = self.sandbox.load(install.component.clone()).await?;
        let digest = component.digest();
        let name = install
            .name
            .unwrap_or_else(|| component.manifest().name.clone());
        let _changes = self.changes.lock().await;
        self.check_running()?;
        if self.table().contains_key(&name) {
            return Err(EngineError::Exists(name));
        }
        let mut settings = Settings {
            parameters: install.parameters,
            secrets: install.secrets,
            grants: install.grants,
        };
        settings.keep_secrets_apart(&component);
        let loaded = Arc::new(Loaded::new(&name, component, &settings, None)?);
        table::refuse_circle(&self.table(), &name, &loaded)?;
        let post = self.post(&name, Phase::Idle);
        let instance = try_out(&loaded, &post.host).await?;
        let mut warnings = loaded.warnings();
        warnings.extend(self.warn_of_events(&name).await?);

        let now = self.config.clock.now();
        let installation = Installation {
            name: name.clone(),
            digest,
            previous: None,
            secrets: self.vault.seal(&name, &settings.secrets)?,
            parameters: settings.parameters,
            grants: settings.grants.to_json(),
            enabled: install.enabled,
            installed_at: now,
            changed_at: now,
            changed_by: install.actor.clone(),
        };
        let plan = table::plan(&self.table(), &name, &loaded);
        let cursors = self.first_cursors(&plan.logs, install.start).await?;
        self.keep_component(digest, install.component, &install.actor, &name)
            .await?;
        let audit = Admin::new(&install.actor, "install", &name).with(digest);
        self.store
            .put_installation(installation.clone(), cursors, audit.record())
            .await?;

        let entry = Entry {
            installation,
            post,
            loaded: Some(loaded),
            task: None,
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

    /// See [`crate::Engine::change`].
    pub(crate) async fn change(
        &self,
        name: Name,
        change: Change,
    ) -> Result<Installed, EngineError> {
        let given = match &change.component {
            Some(bytes) => Some(self.sandbox.load(bytes.clone()).await?),
            None => None,
        };
        let _changes = self.changes.lock().await;
        self.check_running()?;
        let (before, loaded_before, host) = match self.table().get(&name) {
            Some(entry) => (
                entry.installation.clone(),
                entry.loaded.clone(),
                Arc::clone(&entry.post.host),
            ),
            None => return Err(EngineError::Missing(name)),
        };
        let mut after = before.clone();
        let mut warnings = Vec::new();
        if let Some(grants) = &change.grants {
            after.grants = grants.to_json();
        }
        if let Some(enabled) = change.enabled {
            after.enabled = enabled;
        }

        // What is off and broken may be left as it is; it is loaded anew when it is switched on.
        let is_reloaded = given.is_some()
            || change.parameters.is_some()
            || !change.secrets.is_empty()
            || (loaded_before.is_none() && after.enabled);
        let mut instance = None;
        let loaded = if is_reloaded {
            let component = match (given, &loaded_before) {
                (Some(component), _) => component,
                (None, Some(loaded)) => Arc::clone(&loaded.component),
                (None, None) => self.kept_component(&before).await?,
            };
            self.check_artifact(
                &before,
                loaded_before.as_deref(),
                &component.manifest().name,
            )
            .await?;
            let mut settings = self.settings_after(&after, &change)?;
            for secret in settings.keep_secrets_apart(&component) {
                warnings.push(format!(
                    "its secret `{secret}` was dropped: this version has no such parameter"
                ));
            }
            let loaded = Arc::new(Loaded::new(
                &name,
                component,
                &settings,
                loaded_before.as_deref(),
            )?);
            table::refuse_circle(&self.table(), &name, &loaded)?;
            instance = try_out(&loaded, &host).await?;
            after.digest = loaded.component.digest();
            if after.digest != before.digest {
                after.previous = Some(before.digest);
            }
            after.secrets = self.vault.seal(&name, &settings.secrets)?;
            after.parameters = settings.parameters;
            Some(loaded)
        } else {
            loaded_before.clone()
        };

        after.changed_at = self.config.clock.now();
        after.changed_by = change.actor.clone();
        let plan = loaded
            .as_ref()
            .map(|loaded| table::plan(&self.table(), &name, loaded));
        let cursors = match &plan {
            Some(plan) => self.first_cursors(&plan.logs, StartAt::Now).await?,
            None => Vec::new(),
        };
        if let Some(bytes) = change.component.clone() {
            self.keep_component(after.digest, bytes, &change.actor, &name)
                .await?;
        }
        let (operation, target) = describe(&change, &before, &after);
        let audit = Admin::new(&change.actor, operation, &name)
            .on(target)
            .with(after.digest);
        self.store
            .put_installation(after.clone(), cursors, audit.record())
            .await?;

        if let (Some(grants), Some(loaded)) = (&change.grants, &loaded_before) {
            // The turn that is under way is held to them as well.
            loaded.set_grants(grants.clone());
        }
        self.put_in_effect(after, loaded, plan, instance, is_reloaded)
            .await;
        if let Some(loaded) = self
            .table()
            .get(&name)
            .and_then(|entry| entry.loaded.clone())
        {
            warnings.extend(loaded.warnings());
        }
        let previous = (is_reloaded).then_some(before.digest);
        self.installed(&name, previous, warnings)
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
        self.table_mut().remove(&name);
        self.repoint_watchers(&name, actor).await;
        Ok(())
    }

    /// Puts on the table, and to the runner, what the store now says.
    async fn put_in_effect(
        &self,
        after: Installation,
        loaded: Option<Arc<Loaded>>,
        plan: Option<Plan>,
        instance: Option<Instance>,
        is_reloaded: bool,
    ) {
        let (name, is_on) = (after.name.clone(), after.enabled);
        let stopped = {
            let mut table = self.table_mut();
            let Some(entry) = table.get_mut(&name) else {
                return;
            };
            entry.installation = after;
            entry.loaded = loaded;
            match (&entry.task, plan) {
                (Some(task), Some(plan)) if is_on && is_reloaded => {
                    task.swap(plan, instance);
                    None
                }
                (None, Some(plan)) if is_on && !self.stopping.is_cancelled() => {
                    // Ticks that were due while it was off are not made up for.
                    entry.start(
                        &self.threads.handle(),
                        plan,
                        instance,
                        self.config.clock.now(),
                    );
                    None
                }
                (Some(_), _) if !is_on => entry.task.take(),
                _ => None,
            }
        };
        if let Some(task) = stopped {
            task.stop(self.config.grace).await;
        }
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
            .filter(|entry| entry.installation.enabled)
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
            .put_installation(installation, cursors, audit.record())
            .await?;
        Ok(())
    }

    /// Where cursors begin that are not set yet.
    async fn first_cursors(
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

    async fn keep_component(
        &self,
        digest: Digest,
        bytes: Bytes,
        actor: &str,
        name: &Name,
    ) -> Result<(), EngineError> {
        let kept = self.store.components().await?;
        if kept.iter().any(|(known, ..)| *known == digest) {
            return Ok(());
        }
        let audit = Admin::new(actor, "upload", name)
            .on(digest.to_string())
            .with(digest);
        Ok(self
            .store
            .put_component(digest, bytes, audit.record())
            .await?)
    }

    /// Refuses a component of another artifact than the one that is installed.
    async fn check_artifact(
        &self,
        before: &Installation,
        loaded: Option<&Loaded>,
        found: &Name,
    ) -> Result<(), EngineError> {
        let artifact = match loaded {
            Some(loaded) => Some(loaded.component.manifest().name.clone()),
            // What can't be loaded can often still be looked into.
            None => self
                .store
                .component(before.digest)
                .await?
                .and_then(|bytes| watchbox_sandbox::inspect(&bytes).ok())
                .and_then(|inspection| inspection.manifest)
                .map(|manifest| manifest.name),
        };
        match artifact {
            Some(artifact) if artifact != *found => Err(EngineError::Artifact {
                installed: before.name.clone(),
                artifact,
                found: found.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// The settings after `change`. Secrets that can't be opened any more may all be given anew.
    fn settings_after(
        &self,
        after: &Installation,
        change: &Change,
    ) -> Result<Settings, EngineError> {
        let mut settings = match self.kept_settings(after) {
            Err(EngineError::Key(_)) if !change.secrets.is_empty() => {
                self.kept_settings(&Installation {
                    secrets: Vec::new(),
                    ..after.clone()
                })?
            }
            settings => settings?,
        };
        if let Some(parameters) = &change.parameters {
            settings.parameters = parameters.clone();
        }
        settings.secrets.extend(change.secrets.clone());
        Ok(settings)
    }

    /// A warning where events are kept under what is to be an installation's name.
    async fn warn_of_events(&self, name: &Name) -> Result<Option<String>, EngineError> {
        let events = LogKey::events(name.clone());
        let logs = self.store.logs().await?;
        Ok(logs.iter().any(|info| info.log == events).then(|| {
            format!("clients have sent events as `{name}`: from now on these are refused")
        }))
    }

    fn installed(
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

/// Makes an instance, to see that the artifact takes its parameters. What is the host's fault is no reason to refuse it.
async fn try_out(
    loaded: &Loaded,
    host: &Arc<InstallationHost>,
) -> Result<Option<Instance>, EngineError> {
    match loaded.instantiate(host).await {
        Ok(instance) => Ok(Some(instance)),
        Err(TurnFailure::Host(_)) => Ok(None),
        Err(failure) => Err(EngineError::Configure(failure)),
    }
}

/// What the trail calls `change`, and all that it is about.
fn describe(
    change: &Change,
    before: &Installation,
    after: &Installation,
) -> (&'static str, String) {
    let mut parts = Vec::new();
    if before.digest != after.digest {
        parts.push(format!(
            "component {} -> {}",
            before.digest.short(),
            after.digest.short()
        ));
    }
    if let Some(parameters) = &change.parameters {
        let names: Vec<&str> = parameters.keys().map(String::as_str).collect();
        parts.push(format!("parameters {}", names.join(", ")));
    }
    if !change.secrets.is_empty() {
        let names: Vec<&str> = change.secrets.keys().map(String::as_str).collect();
        parts.push(format!("secrets {}", names.join(", ")));
    }
    if change.grants.is_some() {
        parts.push(format!("grants {} -> {}", before.grants, after.grants));
    }
    if before.enabled != after.enabled {
        parts.push(if after.enabled { "on" } else { "off" }.to_owned());
    }
    let operation = if before.digest != after.digest {
        "upgrade"
    } else if before.enabled != after.enabled && parts.len() == 1 {
        if after.enabled { "enable" } else { "disable" }
    } else {
        "change"
    };
    (operation, parts.join("; "))
}
