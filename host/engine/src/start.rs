//! What happens after the engine has started: components are loaded and runners begin; the lag is measured.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use watchbox_model::{Grants, Name};
use watchbox_store::{Installation, Quarantine};

use crate::{
    EngineError, Phase,
    engine::Inner,
    loading::{Loaded, Settings},
    metrics::LAG_PERIOD,
    oversight::ITSELF,
    runner::Post,
    table,
};

impl Post {
    /// How old the oldest event is that was not come to yet; zero where there is none, or where the store can't say.
    async fn behind(&self) -> Duration {
        let positions = self.progress.facts().positions.clone();
        let mut oldest = Duration::ZERO;
        for position in positions.into_iter().filter(|position| position.lag() > 0) {
            let blocks = self.store.read(&position.log, position.at, 1).await;
            if let Some(block) = blocks.unwrap_or_default().first() {
                oldest = oldest.max(self.clock.now().since(block.from));
            }
        }
        oldest
    }
}

impl Inner {
    /// Loads what is on the table, some at a time, each independent of the others.
    pub(crate) fn load_all(self: &Arc<Self>) {
        let slots = Arc::new(Semaphore::new(self.config.threads.max(1)));
        let names: Vec<Name> = self.table().keys().cloned().collect();
        for name in names {
            let inner = Arc::clone(self);
            let slots = Arc::clone(&slots);
            self.threads.handle().spawn(async move {
                let slot = slots.acquire_owned().await;
                inner.load_at_start(&name).await;
                drop(slot);
            });
        }
    }

    /// Loads `name` and starts its runner, or says why that can't be.
    async fn load_at_start(&self, name: &Name) {
        let mut failures = 0;
        loop {
            let installation = match self.table().get(name) {
                Some(entry) if entry.loaded.is_none() => entry.installation.clone(),
                _ => return,
            };
            match self.load_kept(&installation).await {
                Ok(loaded) => match self.attach(&installation, loaded).await {
                    Ok(true) => return,
                    Ok(false) => continue,
                    Err(error) => self.not_loaded_yet(name, &error),
                },
                // What the store can't give now it may give later; everything else stays as it is.
                Err(error @ EngineError::Store(_)) => self.not_loaded_yet(name, &error),
                Err(error) => {
                    if self.could_not_load(&installation, &error).await {
                        return;
                    }
                    continue;
                }
            }
            failures += 1;
            tokio::select! {
                () = self.stopping.cancelled() => return,
                () = tokio::time::sleep(self.backoff().pause(failures)) => {}
            }
        }
    }

    fn not_loaded_yet(&self, name: &Name, error: &EngineError) {
        tracing::error!(installation = %name, %error, "an installation can't be loaded yet");
        if let Some(entry) = self.table().get(name) {
            entry.post.progress.failed(Phase::Broken, error.to_string());
        }
    }

    /// What `installation` runs, from the store.
    pub(crate) async fn load_kept(
        &self,
        installation: &Installation,
    ) -> Result<Loaded, EngineError> {
        let (name, digest) = (&installation.name, installation.digest);
        let vetted = self.let_in_kept(name, digest, ITSELF).await?;
        let settings = self.kept_settings(installation)?;
        let loaded = Loaded::new(name, vetted, &settings, None)?;
        if installation.probation {
            loaded.conduct.begin_probation();
        }
        Ok(loaded)
    }

    /// The settings of `installation`, its secrets opened.
    pub(crate) fn kept_settings(
        &self,
        installation: &Installation,
    ) -> Result<Settings, EngineError> {
        Ok(Settings {
            parameters: installation.parameters.clone(),
            secrets: self
                .vault
                .unseal(&installation.name, &installation.secrets)?
                .values(),
            grants: self.kept_grants(installation)?,
        })
    }

    /// The grants of `installation`.
    pub(crate) fn kept_grants(&self, installation: &Installation) -> Result<Grants, EngineError> {
        let file = format!("grants of {}", installation.name);
        Ok(Grants::parse(&file, &installation.grants.to_string())?)
    }

    /// Puts `loaded` on the table and starts it; says that it did not where the installation was changed meanwhile.
    async fn attach(
        &self,
        installation: &Installation,
        loaded: Loaded,
    ) -> Result<bool, EngineError> {
        let loaded = Arc::new(loaded);
        let lifted;
        let installation = match &installation.quarantine {
            Some(Quarantine {
                unloadable: true, ..
            }) => {
                lifted = self.lift_quarantine(installation).await?;
                &lifted
            }
            _ => installation,
        };
        let _changes = self.changes.lock().await;
        let mut table = self.table_mut();
        let plan = table::plan(&table, &installation.name, &loaded);
        let Some(entry) = table.get_mut(&installation.name) else {
            return Ok(true);
        };
        if entry.loaded.is_some() || entry.installation != *installation {
            return Ok(false);
        }
        entry.loaded = Some(loaded);
        if installation.runs() && !self.stopping.is_cancelled() {
            // Ticks that were missed while the server was down are run.
            let ticks_after = installation.installed_at;
            entry.start(&self.threads.handle(), plan, None, ticks_after);
        }
        Ok(true)
    }

    /// Measures how far behind each installation is, now and then.
    pub(crate) fn measure_lag(self: &Arc<Self>) {
        let inner = Arc::downgrade(self);
        let stopping = self.stopping.clone();
        self.threads.handle().spawn(async move {
            let mut ticks = tokio::time::interval(LAG_PERIOD);
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    _ = ticks.tick() => {}
                }
                let Some(inner) = inner.upgrade() else {
                    return;
                };
                let posts: Vec<_> = inner
                    .table()
                    .values()
                    .map(|entry| entry.post.clone())
                    .collect();
                for post in posts {
                    let behind = post.behind().await;
                    let mut facts = post.progress.facts();
                    facts.behind = behind;
                    post.metrics.lag(facts.lag(), behind);
                }
            }
        });
    }
}
