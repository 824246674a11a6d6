//! The sandbox itself: loads components, each once.

use std::{
    collections::HashMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::Semaphore;
use wasmtime::Engine;
use watchbox_model::{Digest, Manifest};

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

    /// Takes a component from the cache, or checks and compiles it, and links it; on a thread of its own, never on the runtime's.
    pub async fn load(&self, wanted: Unchecked) -> Result<Arc<Component>, LoadError> {
        let digest = wanted.digest();
        if let Some(component) = self.0.loaded(digest) {
            return Ok(component);
        }
        // What is in the cache waits for no compilation.
        let wanted = Arc::new(wanted);
        let kept = self.apart(&wanted, Shared::kept).await?;
        if let Some(component) = kept {
            return Ok(component);
        }
        let permit = self.0.compiling.acquire().await;
        let _permit = permit.map_err(|why| given_up(&why))?;
        if let Some(component) = self.0.loaded(digest) {
            return Ok(component);
        }
        // Another one may have been compiled, and let go of, meanwhile.
        self.apart(&wanted, |shared, wanted| match shared.kept(wanted)? {
            Some(kept) => Ok(kept),
            None => shared.compile(wanted),
        })
        .await
    }

    async fn apart<T: Send + 'static>(
        &self,
        wanted: &Arc<Unchecked>,
        work: impl FnOnce(&Shared, &Unchecked) -> Result<T, LoadError> + Send + 'static,
    ) -> Result<T, LoadError> {
        let (shared, wanted) = (self.0.clone(), wanted.clone());
        let done = tokio::task::spawn_blocking(move || work(&shared, &wanted)).await;
        done.map_err(|why| given_up(&why))?
    }
}

fn given_up(why: &dyn fmt::Display) -> LoadError {
    LoadError::Compile(format!("it was given up: {why}"))
}

impl Shared {
    fn loaded(&self, digest: Digest) -> Option<Arc<Component>> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.get(&digest)?.upgrade()
    }

    /// Keeps a component in mind, unless another one of the same digest was faster, which is given then.
    fn remember(&self, component: Component) -> Arc<Component> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.retain(|_, component| component.strong_count() > 0);
        let known = loaded.get(&component.digest()).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let component = Arc::new(component);
            loaded.insert(component.digest(), Arc::downgrade(&component));
            component
        })
    }

    /// Makes a component of the code that is in the cache. It was checked before it was compiled.
    fn kept(&self, wanted: &Unchecked) -> Result<Option<Arc<Component>>, LoadError> {
        let manifest = component::check(wanted.said()?)?;
        let cache = self.cache.as_ref();
        let code = cache.and_then(|cache| cache.load(&self.engine, wanted.digest()));
        code.map(|code| self.link(wanted, manifest, &code))
            .transpose()
    }

    fn compile(&self, wanted: &Unchecked) -> Result<Arc<Component>, LoadError> {
        let manifest = component::check(wanted.said()?)?;
        inspect::check(wanted.wasm())?;
        let code = wasmtime::component::Component::from_binary(&self.engine, wanted.wasm());
        let code = code.map_err(|why| {
            LoadError::Compile(crate::printable::line(&format!("{why:#}"), 1_000))
        })?;
        if let Some(cache) = &self.cache {
            cache.store(&code, wanted.digest());
        }
        self.link(wanted, manifest, &code)
    }

    fn link(
        &self,
        wanted: &Unchecked,
        manifest: Manifest,
        code: &wasmtime::component::Component,
    ) -> Result<Arc<Component>, LoadError> {
        let component = Component::link(
            &self.engine,
            code,
            wanted.said()?.clone(),
            manifest,
            self.egress.clone(),
            self.ticker.clone(),
        )?;
        Ok(self.remember(component))
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
