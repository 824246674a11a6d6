//! A component: checked, compiled, linked, and the instances made of it.

use std::{sync::Arc, time::Instant};

use wasmtime::{Engine, Store};
use watchbox_model::{Capability, Digest, Manifest, manifest::SECTION};

use crate::{
    Authority, InspectError, Inspection, Instance, TurnFailure, Withheld, bindings::ArtifactPre,
    egress::Egress, engine::Ticker, guest::Guest, host::Host, imports, inspect::ImportClass,
    instance,
};

/// The interface that every artifact exports.
const HANDLER: &str = "watchbox:artifact/handler";
/// The newest version of it that is served.
const HANDLER_VERSION: &str = "0.1.0";

/// Why a component can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Its bytes are wrong.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// It has no manifest, or a wrong one.
    #[error("{0}")]
    Manifest(String),
    /// It imports what its manifest does not declare.
    #[error(
        "it imports `{import}`, which its manifest does not declare: add `{capability}` under `capabilities`, with the reason"
    )]
    Undeclared {
        /// Its full name.
        import: String,
        /// Which capability it belongs to.
        capability: Capability,
    },
    /// It imports what nothing serves.
    #[error("it imports `{0}`, which watchbox does not serve")]
    Unknown(String),
    /// It does not export the handler.
    #[error("it does not export `watchbox:artifact/handler`: {0}")]
    NoHandler(String),
    /// Cranelift refused it.
    #[error("it can't be compiled: {0}")]
    Compile(String),
}

/// A component, ready to be instantiated.
pub struct Component {
    inspection: Inspection,
    manifest: Manifest,
    linked: ArtifactPre<Guest>,
    egress: Arc<Egress>,
    ticker: Arc<Ticker>,
}

/// Checks what was found against what is declared and served, and gives the manifest.
pub(crate) fn check(inspection: &Inspection) -> Result<Manifest, LoadError> {
    for import in &inspection.imports {
        if import.class == ImportClass::Unknown {
            return Err(LoadError::Unknown(import.name.clone()));
        }
    }
    let Some(manifest) = inspection.manifest.clone() else {
        let why = inspection.manifest_error.clone();
        return Err(LoadError::Manifest(
            why.unwrap_or_else(|| format!("no `{SECTION}`")),
        ));
    };
    for import in &inspection.imports {
        if let ImportClass::Gated(capability) = import.class
            && !manifest.capabilities.contains_key(&capability)
        {
            return Err(LoadError::Undeclared {
                import: import.name.clone(),
                capability,
            });
        }
    }
    let exported: Vec<&str> = inspection
        .exports
        .iter()
        .filter_map(|name| name.strip_prefix(HANDLER)?.strip_prefix('@'))
        .collect();
    if !exported
        .iter()
        .any(|version| imports::compatible(HANDLER_VERSION, version))
    {
        return Err(LoadError::NoHandler(match exported.first() {
            Some(version) => format!("it exports version {version}, {HANDLER_VERSION} is served"),
            None => "no export of that name".to_owned(),
        }));
    }
    Ok(manifest)
}

impl Component {
    /// Links compiled code, once for all instances.
    pub(crate) fn link(
        engine: &Engine,
        code: &wasmtime::component::Component,
        inspection: Inspection,
        manifest: Manifest,
        egress: Arc<Egress>,
        ticker: Arc<Ticker>,
    ) -> Result<Self, LoadError> {
        let linked = imports::link(engine)
            .and_then(|linker| linker.instantiate_pre(code))
            // An import of a known name whose functions or types are others.
            .map_err(|why| {
                LoadError::Unknown(crate::printable::line(&format!("{why:#}"), 1_000))
            })?;
        let linked = ArtifactPre::new(linked).map_err(|why| {
            LoadError::NoHandler(crate::printable::line(&format!("{why:#}"), 1_000))
        })?;
        Ok(Self {
            inspection,
            manifest,
            linked,
            egress,
            ticker,
        })
    }

    /// Its digest.
    pub fn digest(&self) -> Digest {
        self.inspection.digest
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What inspection said.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// What is declared and not imported, and what else the operator should know.
    pub fn warnings(&self) -> Vec<String> {
        let imports = |capability: Capability| {
            let class = ImportClass::Gated(capability);
            self.inspection
                .imports
                .iter()
                .any(|import| import.class == class)
        };
        let mut warnings: Vec<String> = self
            .manifest
            .capabilities
            .keys()
            .filter(|capability| !imports(**capability))
            .map(|capability| {
                format!("`{capability}` is declared and not imported: it needs no grant, and its declaration can go")
            })
            .collect();
        if imports(Capability::Mail) && !self.egress.has_relay() {
            warnings.push(
                "it sends mail, and no relay is set: `mail` in the server's settings names one"
                    .to_owned(),
            );
        }
        let inert = self
            .inspection
            .imports
            .iter()
            .filter(|import| import.class == ImportClass::Inert);
        let inert = inert.count();
        if inert > 0 {
            warnings.push(format!(
                "it has {inert} imports of WASI, which are backed by nothing: no files, no environment, no sockets"
            ));
        }
        warnings
    }

    /// A fresh instance, configured. What it said and tried meanwhile is in its first turn's report.
    pub async fn instantiate(
        self: &Arc<Self>,
        authority: Arc<Authority>,
        host: Arc<dyn Host>,
    ) -> Result<Instance, TurnFailure> {
        self.make(authority, host, self.egress.clone()).await
    }

    /// As [`Component::instantiate`], of which nothing leaves the machine: what would have goes to `withheld`.
    pub async fn instantiate_withheld(
        self: &Arc<Self>,
        authority: Arc<Authority>,
        host: Arc<dyn Host>,
        withheld: Arc<Withheld>,
    ) -> Result<Instance, TurnFailure> {
        let egress = Arc::new(Egress::withheld(withheld));
        self.make(authority, host, egress).await
    }

    async fn make(
        &self,
        authority: Arc<Authority>,
        host: Arc<dyn Host>,
        egress: Arc<Egress>,
    ) -> Result<Instance, TurnFailure> {
        let limits = authority.grants().limits.clone();
        let guest = Guest::new(authority, host, egress, self.ticker.clone());
        let mut store = Store::new(self.linked.engine(), guest);
        store.limiter(|guest| &mut guest.memory);
        store.epoch_deadline_callback(|mut cx| cx.data_mut().tick());
        // Of streams, pollables and the like: each costs the host a little memory.
        store.set_max_component_handles(1_000);
        instance::arm(&mut store, None, &limits, Instant::now());
        let made = self.linked.instantiate_async(&mut store);
        let artifact = instance::within(&limits, made).await;
        let artifact = artifact.map_err(|why| why.named(&store))?;
        let mut instance = Instance::new(
            store,
            artifact,
            self.manifest.encoding,
            self.manifest.rows.clone(),
        );
        instance.configure(&limits).await?;
        Ok(instance)
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Component")
            .field("digest", &self.inspection.digest)
            .field("name", &self.manifest.name)
            .finish_non_exhaustive()
    }
}
