//! A component as it came: nothing is known of it but what it says.

use bytes::Bytes;
use watchbox_model::Digest;

use crate::{InspectError, Inspection, inspect};

/// The bytes of a component, and what it says of itself. [`crate::Sandbox::load`] checks them.
#[derive(Clone, Debug)]
pub struct Unchecked {
    wasm: Bytes,
    digest: Digest,
    said: Result<Inspection, InspectError>,
}

impl Unchecked {
    /// Hashes and reads `wasm`. A large one takes some tens of milliseconds: a server does it on a thread apart.
    pub fn new(wasm: impl Into<Bytes>) -> Self {
        let wasm = wasm.into();
        let digest = Digest::of(&wasm);
        Self {
            said: inspect::skim(&wasm, digest),
            wasm,
            digest,
        }
    }

    /// Its bytes.
    pub fn wasm(&self) -> &Bytes {
        &self.wasm
    }

    /// The digest of its bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What it says of itself: the manifest, imports and exports, as [`crate::inspect()`] gives them; without a look at its code.
    pub fn said(&self) -> Result<&Inspection, InspectError> {
        self.said.as_ref().map_err(Clone::clone)
    }
}
