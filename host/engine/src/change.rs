//! Changing an installation: what it is to become is checked in full first, then kept in one store transaction, then put in effect between two turns.
//!
//! Operators' changes, ways back, approvals and what the server does by itself all take this way.

use std::{sync::Arc, time::Duration};

use watchbox_model::{Name, parameter::ParameterChange};
use watchbox_sandbox::{Instance, TurnFailure};
use watchbox_store::{How, Installation, VersionNote};

use crate::{
    Change, EngineError, Installed, StartAt,
    audit::Admin,
    changed::{Changed, names_that_differ},
    changes::named_by,
    engine::Inner,
    host::InstallationHost,
    loading::{Loaded, Settings},
    runner::Plan,
    table,
    trust::{Vetted, unchecked},
    vault::Stamp,
};

/// What two changes are apart at least.
const TICK: Duration = Duration::from_micros(1);

/// An installation that is to be changed.
pub(crate) struct Before {
    pub(crate) installation: Installation,
    pub(crate) loaded: Option<Arc<Loaded>>,
    host: Arc<InstallationHost>,
}

/// What an installation may become: it was loaded with its settings, takes its parameters, and makes no circle.
pub(crate) struct Candidate {
    pub(crate) loaded: Arc<Loaded>,
    instance: Option<Instance>,
    settings: Settings,
    pub(crate) warnings: Vec<String>,
}

/// Who changes it, and what is written down of that.
pub(crate) struct Act<'a> {
    pub(crate) actor: &'a str,
    /// What the trail calls it; where `None`, it follows from what was changed.
    pub(crate) operation: Option<&'static str>,
    /// How it came, for the history.
    pub(crate) how: How,
    pub(crate) reason: Option<String>,
    pub(crate) back_to: Option<u64>,
    /// The secret that is set, whether it has another value now or not.
    pub(crate) sets: Option<&'a str>,
}

impl Before {
    /// Whether there is something to go back to from the version that comes after this one: it could be loaded, and was not set aside.
    pub(crate) fn proves_its_successor(&self) -> bool {
        self.loaded.is_some() && self.installation.quarantine.is_none()
    }
}

impl Inner {
    /// The installation `name`, to be changed.
    pub(crate) fn before(&self, name: &Name) -> Result<Before, EngineError> {
        let table = self.table();
        let entry = table
            .get(name)
            .ok_or_else(|| EngineError::Missing(name.clone()))?;
        Ok(Before {
            installation: entry.installation.clone(),
            loaded: entry.loaded.clone(),
            host: Arc::clone(&entry.post.host),
        })
    }

    /// See [`crate::Engine::change`].
    pub(crate) async fn change(
        &self,
        name: Name,
        change: Change,
    ) -> Result<Installed, EngineError> {
        let given = match &change.component {
            Some(bytes) => {
                let signature = change.signature.as_ref();
                let wanted = unchecked(bytes.clone()).await?;
                let given = self.let_in(&name, wanted, signature, &change.actor);
                Some(given.await?)
            }
            None => None,
        };
        let _changes = self.changes.lock().await;
        self.check_running()?;
        let before = self.before(&name)?;
        change.check_unchanged(&before.installation)?;
        let grants = change.grants.as_ref();
        self.check_widening(&before.installation, grants, change.may_widen)?;
        let mut after = before.installation.clone();
        after.enabled = change.enabled.unwrap_or(after.enabled);
        after.files = change.files.or(after.files);
        if change.enabled != Some(false) {
            after.quarantine = None;
        }
        let digest = given.as_ref().map(|vetted| vetted.component.digest());
        let is_upgrade = digest.is_some_and(|digest| digest != after.digest);
        let act = Act {
            actor: &change.actor,
            operation: None,
            how: if is_upgrade {
                How::Upgrade
            } else {
                How::Change
            },
            reason: None,
            back_to: None,
            sets: None,
        };
        // What is off and broken may be left as it is; it is loaded anew when it is switched on.
        let is_reloaded = given.is_some()
            || change.parameters != ParameterChange::Stay
            || !change.secrets.is_empty()
            || (before.loaded.is_none() && after.enabled);
        if !is_reloaded {
            if let Some(grants) = &change.grants {
                after.grants = grants.to_json();
            }
            return self.keep(&before, after, None, act).await;
        }

        let vetted = match (given, &before.loaded) {
            (Some(vetted), _) => vetted,
            (None, Some(loaded)) => loaded.vetted(),
            (None, None) => {
                let digest = before.installation.digest;
                self.let_in_kept(&name, digest, &change.actor).await?
            }
        };
        change.check_names(vetted.component.manifest(), &before.installation)?;
        let settings = self.settings_after(&before.installation, &change)?;
        let candidate = self.candidate(&before, vetted, settings).await?;
        if let (Some(bytes), Some(digest)) = (&change.component, digest) {
            let signature = change.signature.clone();
            self.keep_component(digest, bytes.clone(), signature, &change.actor, &name)
                .await?;
            after.pending = None;
        }
        if is_upgrade {
            // Whoever gives grants with it has said what it may do.
            let lacks = candidate.asks_for_more(&before);
            if change.grants.is_none() && !lacks.is_empty() {
                if change
                    .enabled
                    .is_some_and(|on| on != before.installation.enabled)
                {
                    return Err(EngineError::WaitsAndSwitches(name));
                }
                return self.let_wait(&before, candidate, &change, lacks).await;
            }
            after.probation = before.proves_its_successor();
        }
        self.keep(&before, after, Some(candidate), act).await
    }

    /// Checks whether the installation may run this component with these settings.
    pub(crate) async fn candidate(
        &self,
        before: &Before,
        vetted: Vetted,
        mut settings: Settings,
    ) -> Result<Candidate, EngineError> {
        let name = &before.installation.name;
        let found = &vetted.component.manifest().name;
        self.check_artifact(&before.installation, before.loaded.as_deref(), found)
            .await?;
        let warnings = settings.keep_secrets_apart(&vetted.component);
        let loaded = Arc::new(Loaded::new(
            name,
            vetted,
            &settings,
            before.loaded.as_deref(),
        )?);
        table::refuse_circle(&self.table(), name, &loaded)?;
        let instance = try_out(&loaded, &before.host).await?;
        Ok(Candidate {
            loaded,
            instance,
            settings,
            warnings,
        })
    }

    /// Keeps `after`, running `candidate` or, where there is none, what runs already; and puts that in effect.
    pub(crate) async fn keep(
        &self,
        before: &Before,
        mut after: Installation,
        candidate: Option<Candidate>,
        act: Act<'_>,
    ) -> Result<Installed, EngineError> {
        let name = after.name.clone();
        let is_reloaded = candidate.is_some();
        let mut changed = Changed::default();
        let (loaded, instance, mut warnings) = match candidate {
            None => (before.loaded.clone(), None, Vec::new()),
            Some(candidate) => {
                let Settings {
                    parameters,
                    secrets,
                    grants,
                } = candidate.settings;
                after.digest = candidate.loaded.component.digest();
                if after.digest != before.installation.digest {
                    after.previous = Some(before.installation.digest);
                }
                after.parameters = parameters;
                after.grants = grants.to_json();
                let kept = &before.installation.secrets;
                let mut known = self.vault.unseal(&name, kept).unwrap_or_default();
                if let Some(parameter) = act.sets {
                    known.forget(parameter);
                }
                changed.secrets = names_that_differ(&known.values(), &secrets);
                after.secrets = if changed.secrets.is_empty() {
                    kept.clone()
                } else {
                    let stamp = self.stamp(act.actor);
                    self.vault.seal(&name, &known.with(&secrets, &stamp))?
                };
                if after.probation {
                    candidate.loaded.conduct.begin_probation();
                }
                (
                    Some(candidate.loaded),
                    candidate.instance,
                    candidate.warnings,
                )
            }
        };
        // Never the same twice, even where the clock stands still: it tells one change from the next.
        let last = before.installation.changed_at;
        after.changed_at = self.config.clock.now().max(last.plus(TICK));
        after.changed_by = act.actor.to_owned();
        let plan = loaded
            .as_ref()
            .map(|loaded| table::plan(&self.table(), &name, loaded));
        let cursors = match &plan {
            Some(plan) => self.first_cursors(&plan.logs, StartAt::Now).await?,
            None => Vec::new(),
        };
        changed.compare(&before.installation, &after);
        let note = changed.is_another_version().then(|| VersionNote {
            version: loaded.as_ref().map_or_else(String::new, |loaded| {
                loaded.component.manifest().version.to_string()
            }),
            how: act.how,
            changed: changed.briefly(),
            reason: act.reason.clone(),
            back_to: act.back_to,
        });
        let operation = act.operation.unwrap_or_else(|| changed.operation());
        let mut audit = Admin::new(act.actor, operation, &name)
            .on(changed.in_full(&before.installation, &after))
            .with(after.digest);
        if let Some(reason) = &act.reason {
            audit = audit.because(reason);
        }
        let grants_changed = changed.grants;
        let is_forgiven = after.quarantine.is_none() && before.installation.quarantine.is_some();
        let grants = changed.grants.then(|| self.kept_grants(&after));
        let grants = grants.transpose()?;
        self.store
            .put_installation(after.clone(), note, cursors, audit.record())
            .await?;

        if let Some(running) = &before.loaded {
            if let Some(grants) = grants {
                // The turn that is under way is held to them as well.
                running.set_grants(grants);
            }
            if is_forgiven {
                running.conduct.forgive();
            }
        }
        // A turn that waits for what was changed is tried at once, even where what runs stays.
        let is_woken = is_reloaded || grants_changed || is_forgiven;
        self.put_in_effect(after, loaded, plan, instance, is_woken)
            .await;
        if let Some(loaded) = self
            .table()
            .get(&name)
            .and_then(|entry| entry.loaded.clone())
        {
            warnings.extend(loaded.warnings());
        }
        let previous = is_reloaded.then_some(before.installation.digest);
        self.installed(&name, previous, warnings)
    }

    /// Puts on the table, and to the runner, what the store now says.
    async fn put_in_effect(
        &self,
        after: Installation,
        loaded: Option<Arc<Loaded>>,
        plan: Option<Plan>,
        instance: Option<Instance>,
        is_woken: bool,
    ) {
        let (name, is_on) = (after.name.clone(), after.runs());
        let stopped = {
            let mut table = self.table_mut();
            let Some(entry) = table.get_mut(&name) else {
                return;
            };
            entry.post.metrics.quarantined(after.quarantine.is_some());
            entry.installation = after;
            entry.loaded = loaded;
            // It was to be compared with what ran before.
            entry.shadow = None;
            match (&entry.task, plan) {
                (Some(task), Some(plan)) if is_on && is_woken => {
                    task.swap(plan, instance);
                    None
                }
                (None, Some(plan)) if is_on && !self.stopping.is_cancelled() => {
                    // Ticks that were due while it was off are not made up for.
                    let now = self.config.clock.now();
                    entry.start(&self.threads.handle(), plan, instance, now);
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

    /// That `actor` sets a secret now.
    pub(crate) fn stamp(&self, actor: &str) -> Stamp {
        Stamp {
            at: self.config.clock.now(),
            by: actor.to_owned(),
        }
    }

    /// Has a runner that waits for another version go on with the one that it has.
    pub(crate) fn wake(&self, name: &Name) {
        let table = self.table();
        if let Some(entry) = table.get(name)
            && let (Some(task), Some(loaded)) = (&entry.task, &entry.loaded)
        {
            task.swap(table::plan(&table, name, loaded), None);
        }
    }

    /// Refuses a component of another artifact than the one that is installed.
    pub(crate) async fn check_artifact(
        &self,
        before: &Installation,
        loaded: Option<&Loaded>,
        found: &Name,
    ) -> Result<(), EngineError> {
        let artifact = match loaded {
            Some(loaded) => Some(loaded.component.manifest().name.clone()),
            // What can't be loaded can often still be looked into.
            None => match self.store.component(before.digest).await? {
                Some(bytes) => named_by(&unchecked(bytes).await?).ok(),
                None => None,
            },
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
    pub(crate) fn settings_after(
        &self,
        before: &Installation,
        change: &Change,
    ) -> Result<Settings, EngineError> {
        let mut settings = match self.kept_settings(before) {
            Err(EngineError::Key(_)) if !change.secrets.is_empty() => {
                self.kept_settings(&Installation {
                    secrets: Vec::new(),
                    ..before.clone()
                })?
            }
            settings => settings?,
        };
        change.parameters.apply(&mut settings.parameters);
        if let Some(grants) = &change.grants {
            settings.grants = grants.clone();
        }
        // What was an open parameter so far does not take the place of the secret that is given.
        let given = change.parameters.given();
        let is_new = |name: &&String| !given.contains_key(*name);
        for name in change.secrets.keys().filter(is_new) {
            settings.parameters.remove(name);
        }
        settings.secrets.extend(change.secrets.clone());
        Ok(settings)
    }
}

/// Makes an instance, to see that the artifact takes its parameters. What is the host's fault is no reason to refuse it.
pub(crate) async fn try_out(
    loaded: &Loaded,
    host: &Arc<InstallationHost>,
) -> Result<Option<Instance>, EngineError> {
    match loaded.instantiate(host).await {
        Ok(instance) => Ok(Some(instance)),
        Err(TurnFailure::Host(_)) => Ok(None),
        Err(failure) => Err(EngineError::Configure(failure)),
    }
}
