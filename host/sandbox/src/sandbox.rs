//! The sandbox itself: compiles components, and makes instances of them.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use watchbox_model::{Digest, Manifest};

use crate::{
    Authority, Input, InspectError, Inspection, Turn, TurnFailure, TurnReport, host::Host,
    inspect::Import,
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
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            cache: None,
            instances: 2_000,
            memory: 1 << 30,
        }
    }
}

/// A wasmtime engine with everything the host serves linked. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sandbox {}

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
        "it imports `{0}`, which its manifest does not declare: add it under `capabilities`, with the reason"
    )]
    Undeclared(String),
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

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox can't be set up: {0}")]
pub struct SandboxError(pub String);

impl Sandbox {
    /// Sets one up.
    pub fn new(config: SandboxConfig) -> Result<Self, SandboxError> {
        let _ = config;
        todo!()
    }

    /// Inspects, compiles (or takes from the cache) and links a component; on a thread of its own, never on the runtime's.
    pub async fn load(&self, wasm: Bytes) -> Result<Arc<Component>, LoadError> {
        let _ = wasm;
        todo!()
    }
}

/// A component, ready to be instantiated.
#[derive(Debug)]
pub struct Component {}

impl Component {
    /// Its digest.
    pub fn digest(&self) -> Digest {
        todo!()
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        todo!()
    }

    /// What inspection said.
    pub fn inspection(&self) -> &Inspection {
        todo!()
    }

    /// What is declared and not imported, and what else the operator should know.
    pub fn warnings(&self) -> Vec<String> {
        let _: Vec<Import> = Vec::new();
        todo!()
    }

    /// A fresh instance, configured.
    pub async fn instantiate(
        self: &Arc<Self>,
        authority: Arc<Authority>,
        host: Arc<dyn Host>,
    ) -> Result<Instance, TurnFailure> {
        let _ = (authority, host);
        todo!()
    }
}

/// A warm instance. After a turn that failed it must be dropped: what is in its memory is not to be trusted.
#[derive(Debug)]
pub struct Instance {}

impl Instance {
    /// One try of a turn, under the limits.
    pub async fn handle(&mut self, turn: &Turn, input: &Input) -> TurnReport {
        let _ = (turn, input);
        todo!()
    }
}
