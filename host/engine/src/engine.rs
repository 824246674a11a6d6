//! The engine: one handle for all that the server asks.

use std::{
    future::Future,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc},
};
use tokio_util::sync::CancellationToken;
use watchbox_model::{
    ComponentSignature, Digest, LogKey, Name, Rows, Secret, Time, client::Seen, signing::PublicKey,
};
use watchbox_sandbox::Sandbox;
use watchbox_store::{Append, Store, Version};

use crate::{
    Approve, Change, EngineConfig, EngineError, Install, Installed, Replay, Replayed, Rollback,
    Rotated, SecretFacts, ShadowReport, SignatureFacts, Status,
    audit::Admin,
    backoff::Backoff,
    host::InstallationHost,
    metrics::{self, AcceptedEvents, TurnMetrics},
    notary::Notary,
    oversight::{Notices, oversee},
    progress::Progress,
    replay,
    runner::Post,
    table::{Entry, Table},
    threads::Threads,
    vault::Vault,
};

/// The running engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// What all handles share.
pub(crate) struct Inner {
    pub(crate) config: EngineConfig,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sandbox: Sandbox,
    pub(crate) vault: Vault,
    notary: Notary,
    pub(crate) threads: Threads,
    /// Where replays and shadows run.
    pub(crate) aside: Threads,
    /// The places for replays.
    pub(crate) replays: Arc<Semaphore>,
    table: RwLock<Table>,
    /// Held by who changes the table, over all the steps of the change.
    pub(crate) changes: tokio::sync::Mutex<()>,
    pub(crate) stopping: CancellationToken,
    /// Where runners tell what they find of their versions.
    notices: Notices,
    accepted: AcceptedEvents,
}

impl Inner {
    /// The table, to look at. Not to be held over an await.
    pub(crate) fn table(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table, to change. Not to be held over an await.
    pub(crate) fn table_mut(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What belongs to the installation `name` whatever it runs.
    pub(crate) fn post(&self, name: &Name, phase: crate::Phase) -> Post {
        Post {
            name: name.clone(),
            store: Arc::clone(&self.store),
            host: Arc::new(InstallationHost::new(Arc::clone(&self.store), name.clone())),
            progress: Arc::new(Progress::new(phase)),
            metrics: Arc::new(TurnMetrics::new(name)),
            backoff: self.backoff(),
            clock: self.config.clock.clone(),
            notices: self.notices.clone(),
        }
    }

    pub(crate) fn backoff(&self) -> Backoff {
        Backoff::new(self.config.backoff, self.config.backoff_cap)
    }

    /// Refuses what would begin something while the engine stops.
    pub(crate) fn check_running(&self) -> Result<(), EngineError> {
        if self.stopping.is_cancelled() {
            return Err(EngineError::Stopping);
        }
        Ok(())
    }
}

impl Engine {
    /// Loads the monitoring table and starts what is on it. An installation that can't be loaded is set aside, and keeps nobody else from starting.
    ///
    /// Components are loaded after this has returned. The recorder of metrics must have been installed before.
    pub async fn start(
        config: EngineConfig,
        store: Arc<dyn Store>,
        sandbox: Sandbox,
    ) -> Result<Self, EngineError> {
        metrics::describe();
        match &config.trust {
            Some(policy) => tracing::info!(%policy, "components are run by the trust policy alone"),
            None => tracing::warn!(
                "there is no `trust` in the settings: components are run whoever made them, signed or not"
            ),
        }
        let vault = Vault::open(&config.key_file, &store.sealed().await?)?;
        let notary = Notary::open(&config.trail_key_file, store.as_ref()).await?;
        let installations = store.installations().await?;
        let (notices, told) = tokio::sync::mpsc::unbounded_channel();
        let inner = Arc::new(Inner {
            threads: Threads::start(config.threads)?,
            aside: Threads::start_aside()?,
            replays: replay::places(),
            config,
            store,
            sandbox,
            vault,
            notary,
            table: RwLock::default(),
            changes: tokio::sync::Mutex::new(()),
            stopping: CancellationToken::new(),
            notices,
            accepted: AcceptedEvents::default(),
        });
        for installation in installations {
            let name = installation.name.clone();
            let entry = Entry {
                post: inner.post(&name, crate::Phase::Idle),
                installation,
                loaded: None,
                task: None,
                shadow: None,
            };
            let is_set_aside = entry.installation.quarantine.is_some();
            entry.post.metrics.quarantined(is_set_aside);
            inner.table_mut().insert(name, entry);
        }
        let overseen = Arc::downgrade(&inner);
        inner.threads.handle().spawn(oversee(overseen, told));
        inner.load_all();
        inner.measure_lag();
        Ok(Self { inner })
    }

    /// The store, to read from.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// Accepts events of the client artifact `log`. They are on disk when this returns.
    pub async fn accept(
        &self,
        log: Name,
        rows: Rows,
        at: Time,
        seen: Vec<Seen>,
    ) -> Result<(), EngineError> {
        let inner = &self.inner;
        inner.check_running()?;
        if inner.table().contains_key(&log) {
            return Err(EngineError::RowLog(log));
        }
        let events = rows.len() as u64;
        let append = Append {
            log: LogKey::events(log.clone()),
            rows,
            at,
        };
        inner.store.append(vec![append], seen).await?;
        inner.accepted.add(&log, events);
        Ok(())
    }

    /// Installs an artifact and starts it.
    pub async fn install(&self, install: Install) -> Result<Installed, EngineError> {
        self.see_through(|inner| async move { inner.install(install).await })
            .await
    }

    /// Changes an installation between two of its turns, its cursors and state kept.
    pub async fn change(&self, name: &Name, change: Change) -> Result<Installed, EngineError> {
        let name = name.clone();
        self.see_through(|inner| async move { inner.change(name, change).await })
            .await
    }

    /// The history of an installation, newest first.
    pub async fn versions(&self, name: &Name) -> Result<Vec<Version>, EngineError> {
        self.status(name).await?;
        Ok(self.inner.store.versions(name).await?)
    }

    /// Goes back to an earlier version of an installation between two of its turns: its component, and the settings that it ran with.
    pub async fn rollback(
        &self,
        name: &Name,
        rollback: Rollback,
    ) -> Result<Installed, EngineError> {
        let name = name.clone();
        self.see_through(|inner| async move { inner.rollback(name, rollback).await })
            .await
    }

    /// Lets a version run that waits for approval.
    pub async fn approve(&self, name: &Name, approve: Approve) -> Result<Installed, EngineError> {
        let name = name.clone();
        self.see_through(|inner| async move { inner.approve(name, approve).await })
            .await
    }

    /// Drops a version that waits for approval.
    pub async fn reject(&self, name: &Name, actor: &str) -> Result<Installed, EngineError> {
        let (name, actor) = (name.clone(), actor.to_owned());
        self.see_through(|inner| async move { inner.reject(name, &actor).await })
            .await
    }

    /// Stops and removes an installation.
    pub async fn remove(&self, name: &Name, actor: &str) -> Result<(), EngineError> {
        let (name, actor) = (name.clone(), actor.to_owned());
        self.see_through(|inner| async move { inner.remove(name, &actor).await })
            .await
    }

    /// Keeps a signature of a component that was uploaded.
    pub async fn keep_signature(
        &self,
        digest: Digest,
        signature: ComponentSignature,
        actor: &str,
    ) -> Result<(), EngineError> {
        let actor = actor.to_owned();
        self.see_through(|inner| async move {
            inner.check_running()?;
            inner.keep_signature(digest, signature, &actor).await
        })
        .await
    }

    /// The signatures of a component that was uploaded.
    pub async fn signatures(&self, digest: Digest) -> Result<Vec<SignatureFacts>, EngineError> {
        self.inner.signatures(digest).await
    }

    /// What may be told of the secrets of an installation: never the values.
    pub async fn secrets(&self, name: &Name) -> Result<Vec<SecretFacts>, EngineError> {
        self.inner.secrets(name)
    }

    /// Sets one secret of an installation, between two of its turns.
    pub async fn set_secret(
        &self,
        name: &Name,
        parameter: String,
        secret: Secret,
        actor: &str,
    ) -> Result<Installed, EngineError> {
        let (name, actor) = (name.clone(), actor.to_owned());
        self.see_through(
            |inner| async move { inner.set_secret(name, parameter, secret, actor).await },
        )
        .await
    }

    /// Makes a new key for the secrets, seals all of them anew and destroys the old key. The server can be killed at any point of it.
    pub async fn rotate_key(&self, actor: &str) -> Result<Rotated, EngineError> {
        let actor = actor.to_owned();
        self.see_through(|inner| async move { inner.rotate_key(&actor).await })
            .await
    }

    /// Runs a version of an installation over what is stored, with its effects withheld. What comes of it is received; to let go of the
    /// receiver ends it.
    pub async fn replay(
        &self,
        name: &Name,
        replay: Replay,
    ) -> Result<mpsc::Receiver<Replayed>, EngineError> {
        let name = name.clone();
        // To load it and to count what is stored may take a while as well.
        let handle = self.inner.aside.handle();
        self.see_through_on(
            handle,
            |inner| async move { inner.replay(name, replay).await },
        )
        .await
    }

    /// Runs a new version beside an installation from now on, with its effects withheld. Another shadow of it ends.
    pub async fn shadow(&self, name: &Name, change: Change) -> Result<ShadowReport, EngineError> {
        let name = name.clone();
        self.see_through(|inner| async move { inner.shadow(name, change).await })
            .await
    }

    /// How the shadow of an installation compares with it so far.
    pub fn shadow_report(&self, name: &Name) -> Result<ShadowReport, EngineError> {
        self.inner.shadow_report(name)
    }

    /// Ends the shadow of an installation, and has the installation run that version.
    pub async fn promote_shadow(
        &self,
        name: &Name,
        actor: &str,
        may_widen: bool,
    ) -> Result<Installed, EngineError> {
        let (name, actor) = (name.clone(), actor.to_owned());
        self.see_through(|inner| async move { inner.promote_shadow(name, actor, may_widen).await })
            .await
    }

    /// Ends the shadow of an installation.
    pub async fn stop_shadow(&self, name: &Name, actor: &str) -> Result<(), EngineError> {
        let (name, actor) = (name.clone(), actor.to_owned());
        self.see_through(|inner| async move { inner.stop_shadow(&name, &actor).await })
            .await
    }

    /// The monitoring table, by name.
    pub async fn table(&self) -> Result<Vec<Status>, EngineError> {
        Ok(self.inner.table().values().map(Entry::status).collect())
    }

    /// One line of it.
    pub async fn status(&self, name: &Name) -> Result<Status, EngineError> {
        self.inner
            .table()
            .get(name)
            .map(Entry::status)
            .ok_or_else(|| EngineError::Missing(name.clone()))
    }

    /// Gives a dead letter's trigger to its installation again; it is dropped once that turn is committed.
    pub async fn redrive(&self, id: u64, actor: &str) -> Result<(), EngineError> {
        let actor = actor.to_owned();
        self.see_through(|inner| async move { inner.redrive(id, &actor).await })
            .await
    }

    /// Drops a dead letter.
    pub async fn drop_dead_letter(&self, id: u64, actor: &str) -> Result<(), EngineError> {
        let letter = self.inner.letter(id).await?;
        let audit = Admin::new(actor, "drop", &letter.installation).on(format!("dead letter {id}"));
        self.inner
            .store
            .drop_dead_letter(id, audit.record())
            .await?;
        if let Some(entry) = self.inner.table().get(&letter.installation) {
            entry.post.progress.facts().seen_to(&letter.trigger);
        }
        Ok(())
    }

    /// Signs the audit trail as it is now, where it is not signed yet; with that, records that are no longer kept may go.
    pub async fn sign_trail(&self) -> Result<(), EngineError> {
        let inner = &self.inner;
        let now = inner.config.clock.now();
        inner.notary.sign(inner.store.as_ref(), now).await
    }

    /// The key that checks the signatures of the trail.
    pub fn trail_key(&self) -> &PublicKey {
        self.inner.notary.key()
    }

    /// Stops: no new turns, those under way get the grace, the trail is signed, then the store is closed.
    pub async fn stop(&self) {
        let inner = &self.inner;
        inner.stopping.cancel();
        let tasks: Vec<_> = inner
            .table_mut()
            .values_mut()
            .filter_map(|entry| entry.task.take())
            .collect();
        for task in &tasks {
            task.ask_to_stop();
        }
        let stops = tasks.into_iter().map(|task| task.stop(inner.config.grace));
        futures::future::join_all(stops).await;
        if let Err(error) = self.sign_trail().await {
            tracing::warn!(%error, "the audit trail was not signed at the end");
        }
        inner.store.close().await;
        inner.aside.stop();
        inner.threads.stop();
    }

    /// Does `work` on the engine's threads, to its end even if whoever asked for it goes away.
    async fn see_through<T, F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, EngineError>> + Send + 'static,
    {
        let handle = self.inner.threads.handle();
        self.see_through_on(handle, work).await
    }

    async fn see_through_on<T, F>(
        &self,
        handle: Handle,
        work: impl FnOnce(Arc<Inner>) -> F,
    ) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, EngineError>> + Send + 'static,
    {
        handle
            .spawn(work(Arc::clone(&self.inner)))
            .await
            .unwrap_or(Err(EngineError::Stopping))
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("installed", &self.inner.table().len())
            .finish_non_exhaustive()
    }
}
