//! What a component is and wants, read off its bytes. Nothing of the guest is run.

use serde::Serialize;
use watchbox_model::{Capability, Digest, Manifest};

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// How many bytes.
    pub size: u64,
    /// The manifest, where one is embedded and right.
    #[serde(skip)]
    pub manifest: Option<Manifest>,
    /// Why the manifest is missing or wrong.
    pub manifest_error: Option<String>,
    /// Every import: full name, and what it is to us.
    pub imports: Vec<Import>,
    /// Every export's full name.
    pub exports: Vec<String>,
}

/// An import of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Import {
    /// The full name, with its version.
    pub name: String,
    /// What serves it.
    pub class: ImportClass,
}

/// What an import is to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "kind", content = "capability")]
pub enum ImportClass {
    /// A capability: served where it is declared and granted.
    Gated(Capability),
    /// WASI, backed by nothing.
    Inert,
    /// Nothing serves it: the component can't be installed.
    Unknown,
}

/// Why bytes can't be inspected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// Not WebAssembly, or cut short, or malformed.
    #[error("this is no WebAssembly component: {0}")]
    Malformed(String),
    /// A core module.
    #[error(
        "this is a core WebAssembly module, not a component: build it with `watchbox build`, or wrap it with `wasm-tools component new`"
    )]
    CoreModule,
}

/// Reads `wasm`.
pub fn inspect(wasm: &[u8]) -> Result<Inspection, InspectError> {
    let _ = wasm;
    todo!()
}
