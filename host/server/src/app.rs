//! The application: everything that requests need, opened from the settings.

use std::{fs, io, path::PathBuf, sync::Arc};

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use watchbox_engine::{Engine, EngineError};
use watchbox_sandbox::{Sandbox, SandboxError};
use watchbox_store::{SqliteStore, Store, StoreError};

use crate::{
    Config,
    api::{Inspections, StoreCheck},
    auth::{Denials, Tokens, admin},
    ingest::{Bounds, InFlight},
    metrics,
};

/// The server, opened and not yet serving. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) config: Arc<Config>,
    pub(crate) engine: Engine,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) denials: Arc<Denials>,
    pub(crate) in_flight: InFlight,
    pub(crate) bounds: Bounds,
    pub(crate) inspections: Arc<Inspections>,
    pub(crate) store_check: Arc<StoreCheck>,
    /// One permit a live stream.
    pub(crate) live_streams: Arc<Semaphore>,
    pub(crate) metrics: PrometheusHandle,
    /// Cancelled when the server begins to stop: live streams end then.
    pub(crate) stopping: CancellationToken,
}

/// Why the server can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder can't be made.
    #[error("the data folder {path} can't be made: {error}")]
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The artifacts folder is not to be used.
    #[error(transparent)]
    ArtifactsFolder(#[from] crate::FolderError),
    /// There is no sandbox.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The engine can't be started.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The mail relay can't be used as it is set.
    #[error(transparent)]
    Mail(#[from] crate::config::MailSettingsError),
    /// There is no admin token.
    #[error(transparent)]
    AdminToken(#[from] admin::AdminTokenError),
}

impl App {
    /// Opens the data folder, starts the engine with what is installed, and makes the admin token where this is the first start.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        // The engine keeps handles of its metrics, so the recorder must be there before it.
        let metrics = metrics::recorder();
        if let Some(folder) = &config.artifacts_folder {
            crate::folder::check(folder)?;
        }
        make_folder(&config.data).map_err(|error| OpenError::Folder {
            path: config.data.clone(),
            error,
        })?;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(config.sqlite()).await?);
        admin::ensure(store.as_ref(), &config.data).await?;
        let tokens = Tokens::load(store.clone()).await?;
        let sandbox = Sandbox::new(config.sandbox()?)?;
        let engine = Engine::start(config.engine(), store, sandbox).await?;
        let in_flight = config.ingest.in_flight_mib.saturating_mul(1 << 20);
        Ok(Self {
            engine,
            tokens: Arc::new(tokens),
            denials: Arc::default(),
            in_flight: InFlight::new(usize::try_from(in_flight).unwrap_or(usize::MAX)),
            bounds: Bounds::from(&config.ingest),
            inspections: Arc::default(),
            store_check: Arc::default(),
            live_streams: Arc::new(Semaphore::new(config.http.live_streams)),
            metrics,
            stopping: CancellationToken::new(),
            config: Arc::new(config),
        })
    }

    /// The engine that runs the artifacts.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The store.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        self.engine.store()
    }
}

/// Makes the folder, for its owner only: it holds every event, and the secrets' key.
fn make_folder(path: &std::path::Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
