//! The sandbox itself: loads components, each once.

use std::{
    collections::HashMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::Semaphore;
use wasmtime::Engine;
use watchbox_model::Digest;

use crate::{
    LoadError, Unchecked,
    cache::Cache,
    component::{self, Component},
    egress::{Egress, Relay, RelayConfig},
    engine::{self, Ticker},
    inspect,
};

/// How the sandbox is set up.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Where compiled code is kept, by digest and engine; `None` keeps none.
    pub cache: Option<PathBuf>,
    /// The most instances at once.
    pub instances: u32,
    /// The most linear memory that any grant may give an instance, in bytes.
    pub memory: u64,
    /// Where mail is handed to; `None` sends none.
    pub relay: Option<RelayConfig>,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            cache: None,
            instances: 2_000,
            memory: 1 << 30,
            relay: None,
        }
    }
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox can't be set up: {0}")]
pub struct SandboxError(pub String);

/// A wasmtime engine with everything the host serves linked. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

struct Shared {
    engine: Engine,
    ticker: Arc<Ticker>,
    cache: Option<Cache>,
    egress: Arc<Egress>,
    /// Components that are in use: what is loaded twice is compiled and linked once.
    loaded: Mutex<HashMap<Digest, Weak<Component>>>,
    /// One compilation at a time: it takes every core it gets, and events are to be served meanwhile.
    compiling: Semaphore,
}

impl Sandbox {
    /// Sets one up.
    pub fn new(mut config: SandboxConfig) -> Result<Self, SandboxError> {
        let relay = config.relay.take().map(Relay::new).transpose();
        let relay = relay.map_err(|why| SandboxError(format!("the mail relay: {why}")))?;
        Self::with_egress(config, Egress::new().with_relay(relay))
    }

    pub(crate) fn with_egress(config: SandboxConfig, egress: Egress) -> Result<Self, SandboxError> {
        let engine = engine::engine(&config)?;
        let ticker = Arc::new(Ticker::start(&engine)?);
        let open = |folder: PathBuf| {
            let shown = folder.display().to_string();
            Cache::open(folder, &engine).map_err(|why| {
                SandboxError(format!("the cache of compiled code in {shown}: {why}"))
            })
        };
        let cache = config.cache.map(open).transpose()?;
        Ok(Self(Arc::new(Shared {
            engine,
            ticker,
            cache,
            egress: Arc::new(egress),
            loaded: Mutex::default(),
            compiling: Semaphore::new(1),
        })))
    }

    /// Checks and compiles a component, or takes it from the cache, and links it; on a thread of its own, never on the runtime's.
    pub async fn load(&self, wanted: Unchecked) -> Result<Arc<Component>, LoadError> {
        let stopped =
            |why: &dyn fmt::Display| LoadError::Compile(format!("it was given up: {why}"));
        let digest = wanted.digest();
        if let Some(component) = self.0.loaded(digest) {
            return Ok(component);
        }
        let _permit = self
            .0
            .compiling
            .acquire()
            .await
            .map_err(|why| stopped(&why))?;
        if let Some(component) = self.0.loaded(digest) {
            return Ok(component);
        }
        let shared = self.0.clone();
        let made = tokio::task::spawn_blocking(move || shared.make(&wanted)).await;
        let component = Arc::new(made.map_err(|why| stopped(&why))??);
        self.0.remember(&component);
        Ok(component)
    }
}

impl Shared {
    fn loaded(&self, digest: Digest) -> Option<Arc<Component>> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.get(&digest)?.upgrade()
    }

    fn remember(&self, component: &Arc<Component>) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.retain(|_, component| component.strong_count() > 0);
        loaded.insert(component.digest(), Arc::downgrade(component));
    }

    fn make(&self, wanted: &Unchecked) -> Result<Component, LoadError> {
        let said = wanted.said()?;
        let manifest = component::check(said)?;
        Component::link(
            &self.engine,
            &self.code(wanted)?,
            said.clone(),
            manifest,
            self.egress.clone(),
            self.ticker.clone(),
        )
    }

    /// What is in the cache was checked before it was compiled.
    fn code(&self, wanted: &Unchecked) -> Result<wasmtime::component::Component, LoadError> {
        let kept = self
            .cache
            .as_ref()
            .and_then(|cache| cache.load(&self.engine, wanted.digest()));
        if let Some(code) = kept {
            return Ok(code);
        }
        inspect::check(wanted.wasm())?;
        let code = wasmtime::component::Component::from_binary(&self.engine, wanted.wasm());
        let code = code.map_err(|why| {
            LoadError::Compile(crate::printable::line(&format!("{why:#}"), 1_000))
        })?;
        if let Some(cache) = &self.cache {
            cache.store(&code, wanted.digest());
        }
        Ok(code)
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("ticker", &self.0.ticker)
            .field("cache", &self.0.cache)
            .finish_non_exhaustive()
    }
}
