//! What a component is and wants, read off its bytes. Nothing of the guest is run.

use serde::Serialize;
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};
use watchbox_model::{Capability, Digest, Manifest, manifest::SECTION};

use crate::imports;

/// The most imports, and the most exports, of a component that is looked at.
const EXTERNS: usize = 1_000;

/// The largest manifest, in bytes.
const MANIFEST: usize = 1 << 20;

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

/// Reads `wasm`. All of it is checked to be well formed; imports, exports and manifest are those of the component itself, whatever may be nested in it.
pub fn inspect(wasm: &[u8]) -> Result<Inspection, InspectError> {
    let mut seen = Seen::default();
    let mut validator = Validator::new_with_features(features());
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(malformed)?;
        if depth == 0 {
            seen.payload(&payload)?;
        }
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        let valid = validator.payload(&payload).map_err(malformed)?;
        if let wasmparser::ValidPayload::Func(function, body) = valid {
            let mut function = function.into_validator(Default::default());
            function.validate(&body).map_err(malformed)?;
        }
    }
    let (manifest, manifest_error) = seen.manifest();
    Ok(Inspection {
        digest: Digest::of(wasm),
        size: wasm.len() as u64,
        manifest,
        manifest_error,
        imports: seen.imports,
        exports: seen.exports,
    })
}

/// What the engine runs (see `engine.rs`).
fn features() -> WasmFeatures {
    WasmFeatures::WASM2 | WasmFeatures::EXTENDED_CONST | WasmFeatures::COMPONENT_MODEL
}

fn malformed(why: wasmparser::BinaryReaderError) -> InspectError {
    // Names of the component may stand in the message.
    InspectError::Malformed(crate::printable::line(
        &why.to_string(),
        crate::printable::TARGET,
    ))
}

/// What was come across so far at the component's own level.
#[derive(Default)]
struct Seen<'a> {
    imports: Vec<Import>,
    exports: Vec<String>,
    manifests: Vec<&'a [u8]>,
}

impl<'a> Seen<'a> {
    fn payload(&mut self, payload: &Payload<'a>) -> Result<(), InspectError> {
        match payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } => return Err(InspectError::CoreModule),
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    let name = import.map_err(malformed)?.name.full_name().into_owned();
                    let class = imports::class(&name);
                    self.imports.push(Import { name, class });
                    few(self.imports.len(), "imports")?;
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let name = export.map_err(malformed)?.name.full_name().into_owned();
                    self.exports.push(name);
                    few(self.exports.len(), "exports")?;
                }
            }
            Payload::CustomSection(section) if section.name() == SECTION => {
                self.manifests.push(section.data());
                few(self.manifests.len(), "manifests")?;
            }
            _ => {}
        }
        Ok(())
    }

    fn manifest(&self) -> (Option<Manifest>, Option<String>) {
        match self.read_manifest() {
            Ok(manifest) => (Some(manifest), None),
            Err(why) => (None, Some(why)),
        }
    }

    fn read_manifest(&self) -> Result<Manifest, String> {
        let [bytes] = self.manifests[..] else {
            return Err(match self.manifests.len() {
                0 => format!(
                    "it has no manifest: `watchbox build` embeds `artifact.yaml` as the custom section `{SECTION}`"
                ),
                many => {
                    format!("it has {many} manifests (custom sections `{SECTION}`); one is wanted")
                }
            });
        };
        if bytes.len() > MANIFEST {
            return Err(format!(
                "its manifest has {} bytes; {MANIFEST} are allowed",
                bytes.len()
            ));
        }
        let text =
            std::str::from_utf8(bytes).map_err(|_| "its manifest is not UTF-8".to_owned())?;
        Manifest::parse(SECTION, text).map_err(|why| why.to_string())
    }
}

fn few(count: usize, what: &str) -> Result<(), InspectError> {
    if count > EXTERNS {
        let wrong = format!("it has more than {EXTERNS} {what}");
        return Err(InspectError::Malformed(wrong));
    }
    Ok(())
}

#[cfg(test)]
#[path = "inspect/tests.rs"]
mod tests;
