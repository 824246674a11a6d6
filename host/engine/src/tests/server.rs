//! An engine in a folder of its own, and what tests ask of it.

use std::{future::Future, sync::Arc, time::Duration};

use tempfile::TempDir;
use watchbox_model::{
    Grants, LogKey, Name, RowsBuilder, Time, TrustPolicy, ValueRef, dead_letter::DeadLetter,
    row::TS,
};
use watchbox_sandbox::{Sandbox, SandboxConfig};
use watchbox_store::{Retention, SqliteConfig, SqliteStore, Store};

use super::guest;
use crate::{Clock, Engine, EngineConfig, EngineError, Install, Installed, StartAt, Status};

/// The log that guests watch unless they say otherwise.
pub(super) const LOG: &str = "Test.Events";
/// The lines of a manifest that watches it.
pub(super) const WATCH: &str = "subscribe: [ { artifact: Test.Events, where: [ { column: Text, exists: true } ], batch: { rows: 4 } } ]";
/// The grants that guests get unless they get others.
pub(super) const GRANTS: &str = "{ state: true, limits: { tries: 3, compute: 200ms } }";

/// A name.
pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// Puts a bare installation of this name in a store.
pub(crate) async fn put(store: &dyn Store, text: &str) {
    let installation = watchbox_store::Installation {
        name: name(text),
        digest: watchbox_model::Digest::of(b""),
        previous: None,
        parameters: std::collections::BTreeMap::new(),
        secrets: Vec::new(),
        grants: "{}".parse().unwrap(),
        enabled: true,
        installed_at: Time::default(),
        changed_at: Time::default(),
        changed_by: "test".to_owned(),
        probation: false,
        quarantine: None,
        pending: None,
        files: None,
    };
    let audit = crate::audit::Admin::new("test", "install", &name(text)).record();
    store
        .put_installation(installation, None, Vec::new(), audit)
        .await
        .unwrap();
}

/// An engine over a store.
pub(super) struct Server {
    pub(super) folder: TempDir,
    pub(super) store: Arc<dyn Store>,
    pub(super) engine: Engine,
}

impl Server {
    /// A fresh one.
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).await;
        Self::over(folder, store).await
    }

    /// One over this store.
    pub(super) async fn over(folder: TempDir, store: Arc<dyn Store>) -> Self {
        Self::by(Clock::default(), folder, store).await
    }

    /// One over this store, by this clock.
    pub(super) async fn by(clock: Clock, folder: TempDir, store: Arc<dyn Store>) -> Self {
        let engine = engine(&folder, &store, clock, None).await.unwrap();
        Self {
            folder,
            store,
            engine,
        }
    }

    /// Stops, and starts anew in the same folder with this trust policy.
    pub(super) async fn restart_with(self, trust: Option<TrustPolicy>) -> Self {
        let folder = self.stop().await;
        let store = open(&folder).await;
        let engine = engine(&folder, &store, Clock::default(), trust).await;
        Self {
            engine: engine.unwrap(),
            folder,
            store,
        }
    }

    /// Stops the engine, and gives the folder.
    pub(super) async fn stop(self) -> TempDir {
        self.engine.stop().await;
        self.folder
    }

    /// Stops, and starts anew in the same folder.
    pub(super) async fn restart(self) -> Self {
        let folder = self.stop().await;
        let store = open(&folder).await;
        Self::over(folder, store).await
    }

    /// Installs the guest as `name`.
    pub(super) async fn install(&self, name: &str, triggers: &str) -> Installed {
        self.try_install(install(name, triggers)).await.unwrap()
    }

    /// Installs, or not.
    pub(super) async fn try_install(&self, install: Install) -> Result<Installed, EngineError> {
        self.engine.install(install).await
    }

    /// Sends events with these texts to the log that guests watch.
    pub(super) async fn send<T: AsRef<str>>(&self, texts: impl IntoIterator<Item = T>) {
        self.send_to(LOG, texts).await;
    }

    /// Sends events with these texts.
    pub(super) async fn send_to<T: AsRef<str>>(
        &self,
        log: &str,
        texts: impl IntoIterator<Item = T>,
    ) {
        let at = Time::now();
        let mut rows = RowsBuilder::new();
        for text in texts {
            rows.push_columns([
                (TS, ValueRef::Float(at.seconds())),
                ("ClientId", ValueRef::Str("C.1")),
                ("Text", ValueRef::Str(text.as_ref())),
            ]);
        }
        self.engine
            .accept(name(log), rows.finish(), at, Vec::new())
            .await
            .unwrap();
    }

    /// Waits until `installation` has emitted `count` rows, and gives the texts of all that it has.
    pub(super) async fn rows(&self, installation: &str, count: u64) -> Vec<String> {
        let log = LogKey::rows(name(installation));
        self.reached(&log, count).await;
        self.texts(&log, "Text").await
    }

    /// Waits until `log` has `count` rows.
    pub(super) async fn reached(&self, log: &LogKey, count: u64) {
        let mut end = self.store.watch(log);
        let reached = end.wait_for(|end| *end >= count);
        within(reached).await.unwrap();
    }

    /// A text column of every row of `log`.
    pub(super) async fn texts(&self, log: &LogKey, column: &str) -> Vec<String> {
        let blocks = self.store.read(log, 0, 1_000_000).await.unwrap();
        let texts = blocks.iter().flat_map(|block| {
            block
                .rows
                .iter()
                .map(|row| row.column(column).unwrap().as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        });
        texts.collect()
    }

    /// The `_ts` of every row that `installation` emitted.
    pub(super) async fn times(&self, installation: &str) -> Vec<f64> {
        let log = LogKey::rows(name(installation));
        let blocks = self.store.read(&log, 0, 1_000_000).await.unwrap();
        let times = blocks.iter().flat_map(|block| {
            block
                .rows
                .iter()
                .map(|row| row.ts().unwrap().seconds())
                .collect::<Vec<_>>()
        });
        times.collect()
    }

    /// How `installation` stands.
    pub(super) async fn status(&self, installation: &str) -> Status {
        self.engine.status(&name(installation)).await.unwrap()
    }

    /// Waits until `installation` stands so.
    pub(super) async fn until(
        &self,
        installation: &str,
        holds: impl Fn(&Status) -> bool,
    ) -> Status {
        within(async {
            loop {
                let status = self.status(installation).await;
                if holds(&status) {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await
    }

    /// Waits until there are `count` dead letters, and gives them, oldest first.
    pub(super) async fn letters(&self, installation: &str, count: usize) -> Vec<DeadLetter> {
        let who = name(installation);
        let mut said = self.store.watch(&LogKey::messages(who.clone()));
        within(async {
            loop {
                let page = self.store.dead_letters(Some(&who), None, 1_000);
                let mut letters = page.await.unwrap().items;
                if letters.len() >= count {
                    letters.reverse();
                    return letters;
                }
                said.changed().await.unwrap();
            }
        })
        .await
    }
}

/// Waits for `future`, but not forever: a test that hangs says nothing.
pub(super) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .expect("it should have happened long ago")
}

/// Opens the store of `folder`.
pub(crate) async fn open(folder: &TempDir) -> Arc<dyn Store> {
    let config = SqliteConfig {
        path: folder.path().join("watchbox.db"),
        retention: Retention::default(),
    };
    Arc::new(SqliteStore::open(config).await.unwrap())
}

/// Starts an engine in `folder`.
pub(super) async fn engine(
    folder: &TempDir,
    store: &Arc<dyn Store>,
    clock: Clock,
    trust: Option<TrustPolicy>,
) -> Result<Engine, EngineError> {
    let sandbox = Sandbox::new(SandboxConfig {
        instances: 20,
        memory: 64 << 20,
        ..SandboxConfig::default()
    });
    let config = EngineConfig {
        key_file: folder.path().join("secrets.key"),
        trail_key_file: folder.path().join("audit.key"),
        trust: trust.map(Arc::new),
        threads: 2,
        clock,
        backoff: Duration::from_millis(1),
        backoff_cap: Duration::from_millis(20),
        grace: Duration::from_secs(5),
    };
    Engine::start(config, Arc::clone(store), sandbox.unwrap()).await
}

/// What installs the guest as `name`.
pub(super) fn install(name: &str, triggers: &str) -> Install {
    Install {
        component: guest::component(name, "1.0.0", triggers),
        signature: None,
        name: None,
        parameters: Default::default(),
        secrets: Default::default(),
        grants: grants(GRANTS),
        start: StartAt::Now,
        enabled: true,
        files: None,
        may_widen: true,
        actor: "token:test".to_owned(),
    }
}

/// Grants from YAML.
pub(super) fn grants(yaml: &str) -> Grants {
    Grants::parse("grants", yaml).unwrap()
}

/// `count` numbered texts.
pub(super) fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("event {number}")).collect()
}
