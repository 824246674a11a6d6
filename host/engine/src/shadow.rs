//! Shadows: a new version that runs beside an installation on the same events and ticks, its effects withheld, so that one sees what would change.
//!
//! A shadow is in memory alone. It has an instance, cursors and a state of its own and runs where nothing waits for it, so that neither its
//! slowness nor its failures reach the installation. It ends with any change of the installation, and with the server.

mod report;
mod run;
mod tally;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use watchbox_model::{Digest, LogKey, Name, Time};
use watchbox_sandbox::CannedAnswer;
use watchbox_store::{Store, StoreError};

use crate::{
    Change, EngineError, Installed,
    audit::Admin,
    engine::Inner,
    host::InstallationHost,
    loading::Loaded,
    stage::Stage,
    table::{self, Entry},
    trust::unchecked,
};
use report::Facts;
pub use report::{Difference, ShadowFacts, ShadowReport};
use run::Run;

/// How often the beginning is looked for again while the installation commits turns meanwhile.
const LOOKS: usize = 100;

/// A shadow at work; it ends when this is dropped.
pub(crate) struct Shadow {
    /// What would make the installation run it.
    change: Change,
    digest: Digest,
    version: String,
    since: Time,
    facts: Arc<Mutex<Facts>>,
    task: JoinHandle<()>,
    _stop: DropGuard,
}

impl Shadow {
    /// Digest and version.
    pub(crate) fn version(&self) -> (Digest, String) {
        (self.digest, self.version.clone())
    }

    fn report(&self, name: &Name) -> ShadowReport {
        ShadowReport {
            name: name.clone(),
            digest: self.digest,
            version: self.version.clone(),
            since: self.since,
            started_by: self.change.actor.clone(),
            is_running: !self.task.is_finished(),
            facts: facts(&self.facts).so_far(),
        }
    }
}

/// Where a shadow begins.
struct Beginning {
    /// The end of the installation's rows: those from there on are compared.
    rows: u64,
    /// For each of the shadow's logs, where the installation is in it.
    cursors: Vec<u64>,
    /// The last tick that the installation has done.
    tick: Time,
}

impl Inner {
    /// See [`crate::Engine::shadow`].
    pub(crate) async fn shadow(
        self: Arc<Self>,
        name: Name,
        change: Change,
    ) -> Result<ShadowReport, EngineError> {
        let bytes = match (&change.component, change.enabled) {
            (Some(bytes), None) => bytes.clone(),
            _ => return Err(EngineError::Shadow),
        };
        let wanted = unchecked(bytes.clone()).await?;
        let signature = change.signature.as_ref();
        let vetted = self.let_in(&name, wanted, signature, &change.actor).await?;
        let _changes = self.changes.lock().await;
        self.check_running()?;
        let (installation, before, host) = self.installation(&name)?;
        let before = before
            .filter(|_| installation.runs())
            .ok_or_else(|| EngineError::NotRunning(name.clone()))?;
        change.check_unchanged(&installation)?;
        self.check_widening(&installation, change.grants.as_ref(), change.may_widen)?;
        let found = &vetted.component.manifest().name;
        self.check_artifact(&installation, Some(&before), found)
            .await?;
        change.check_names(vetted.component.manifest(), &installation)?;
        let mut settings = self.settings_after(&installation, &change)?;
        // Without grants of its own it has those of the installation, also when they change.
        let shared = match &change.grants {
            Some(grants) => {
                settings.grants = grants.clone();
                None
            }
            None => Some(before.as_ref()),
        };
        settings.keep_secrets_apart(&vetted.component);
        let loaded = Loaded::new(&name, vetted, &settings, shared)?;
        table::refuse_circle(&self.table(), &name, &loaded)?;
        let mut stage = Stage::new(&name, &loaded, host, CannedAnswer::default());
        stage.warm().await.map_err(EngineError::Configure)?;

        let digest = loaded.component.digest();
        let signature = change.signature.clone();
        self.keep_component(digest, bytes, signature, &change.actor, &name)
            .await?;
        let audit = Admin::new(&change.actor, "shadow", &name)
            .on(format!("beside {}", installation.digest.short()))
            .with(digest);
        self.store.record(Vec::new(), vec![audit.record()]).await?;

        let loaded = Arc::new(loaded);
        let plan = table::plan(&self.table(), &name, &loaded);
        let beginning = self.beginning(&name, &plan.logs).await?;
        let stop = CancellationToken::new();
        let shared = Arc::new(Mutex::new(Facts::default()));
        let run = Run::new(&self, &name, plan, beginning, Arc::clone(&shared));
        let shadow = Shadow {
            version: loaded.component.manifest().version.to_string(),
            digest,
            // What is promoted later is promoted over whatever the installation is by then.
            change: Change {
                unchanged_since: None,
                ..change
            },
            since: Time::now(),
            facts: shared,
            task: self.threads.handle().spawn(run.until(stage, stop.clone())),
            _stop: stop.drop_guard(),
        };
        let report = shadow.report(&name);
        match self.table_mut().get_mut(&name) {
            Some(entry) => entry.shadow = Some(shadow),
            None => return Err(EngineError::Missing(name)),
        }
        Ok(report)
    }

    /// See [`crate::Engine::shadow_report`].
    pub(crate) fn shadow_report(&self, name: &Name) -> Result<ShadowReport, EngineError> {
        let table = self.table();
        let entry = table
            .get(name)
            .ok_or_else(|| EngineError::Missing(name.clone()))?;
        let shadow = entry.shadow.as_ref();
        shadow
            .map(|shadow| shadow.report(name))
            .ok_or_else(|| EngineError::NoShadow(name.clone()))
    }

    /// See [`crate::Engine::promote_shadow`].
    pub(crate) async fn promote_shadow(
        &self,
        name: Name,
        actor: String,
        may_widen: bool,
    ) -> Result<Installed, EngineError> {
        let change = self.of_shadow(&name, |entry| {
            entry.shadow.as_ref().map(|shadow| shadow.change.clone())
        })?;
        let change = Change {
            actor,
            may_widen,
            ..change
        };
        self.change(name, change).await
    }

    /// See [`crate::Engine::stop_shadow`].
    pub(crate) async fn stop_shadow(&self, name: &Name, actor: &str) -> Result<(), EngineError> {
        let shadow = self.of_shadow(name, |entry| entry.shadow.take())?;
        let audit = Admin::new(actor, "stop-shadow", name).with(shadow.digest);
        Ok(self.store.record(Vec::new(), vec![audit.record()]).await?)
    }

    fn of_shadow<T>(
        &self,
        name: &Name,
        get: impl FnOnce(&mut Entry) -> Option<T>,
    ) -> Result<T, EngineError> {
        let mut table = self.table_mut();
        let entry = table
            .get_mut(name)
            .ok_or_else(|| EngineError::Missing(name.clone()))?;
        get(entry).ok_or_else(|| EngineError::NoShadow(name.clone()))
    }

    /// An installation, what it runs and its host.
    #[expect(
        clippy::type_complexity,
        reason = "three parts of one line of the table"
    )]
    pub(crate) fn installation(
        &self,
        name: &Name,
    ) -> Result<
        (
            watchbox_store::Installation,
            Option<Arc<Loaded>>,
            Arc<InstallationHost>,
        ),
        EngineError,
    > {
        let table = self.table();
        let entry = table
            .get(name)
            .ok_or_else(|| EngineError::Missing(name.clone()))?;
        let host = Arc::clone(&entry.post.host);
        Ok((entry.installation.clone(), entry.loaded.clone(), host))
    }

    /// Where the installation is: rows and cursors as of one moment, so that each row that it emits from there on is of an event that the
    /// shadow is given too.
    async fn beginning(&self, name: &Name, logs: &[LogKey]) -> Result<Beginning, StoreError> {
        let store = self.store.as_ref();
        let rows = LogKey::rows(name.clone());
        let mut end = *store.watch(&rows).borrow();
        for _ in 0..LOOKS {
            let tick = store.last_tick(name).await?.unwrap_or_else(Time::now);
            let mut cursors = Vec::with_capacity(logs.len());
            for log in logs {
                cursors.push(self.place(name, log, store).await?);
            }
            let now = *store.watch(&rows).borrow();
            let beginning = Beginning {
                rows: end,
                cursors,
                tick,
            };
            if now == end {
                return Ok(beginning);
            }
            end = now;
        }
        Err(StoreError::Busy(format!(
            "{name} emits rows so fast that no moment between two turns was found"
        )))
    }

    /// How far the installation is in `log`: the cursor, or further, where nothing passed; the end of a log that it does not watch.
    async fn place(&self, name: &Name, log: &LogKey, store: &dyn Store) -> Result<u64, StoreError> {
        let Some(cursor) = store.cursor(name, log).await? else {
            return Ok(*store.watch(log).borrow());
        };
        let table = self.table();
        let Some((entry, loaded)) = table
            .get(name)
            .and_then(|entry| Some((entry, entry.loaded.as_ref()?)))
        else {
            return Ok(cursor);
        };
        let logs = table::plan(&table, name, loaded).logs;
        let facts = entry.post.progress.facts();
        let looked = logs
            .iter()
            .zip(&facts.positions)
            .filter(|(watched, _)| *watched == log)
            .map(|(_, position)| position.at);
        Ok(looked.fold(cursor, u64::max))
    }
}

/// What is known of a shadow.
fn facts(facts: &Mutex<Facts>) -> MutexGuard<'_, Facts> {
    facts.lock().unwrap_or_else(PoisonError::into_inner)
}
