//! What a component is and wants, read off its bytes. Nothing of the guest is run.

mod compare;
mod weight;

use serde::Serialize;
use wasmparser::{Chunk, Parser, Payload, Validator, WasmFeatures};
use watchbox_model::{Capability, Digest, Manifest, manifest::SECTION};

use crate::imports;
use weight::Weight;

/// The most imports, and the most exports, of a component that is looked at.
const EXTERNS: usize = 1_000;

/// The most modules and components that may be nested in one: CPython's is some fifty.
const NESTED: usize = 500;

/// The most that its types may come to, counted wherever they may be copied: each takes some hundred bytes to check.
const TYPES: usize = 300_000;

/// The largest manifest, in bytes.
const MANIFEST: usize = 1 << 20;

/// What the code of a component is checked by: to be counted on when these rules change, since what was compiled is not checked again.
pub(crate) const RULES: u32 = 1;

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

/// Why bytes can't be inspected. What a parser says of them is not repeated: it is about bytes and not about what to do, and may hold names
/// that the component's author chose.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// Nothing at all.
    #[error("this is no WebAssembly component: it is empty")]
    Empty,
    /// Something else.
    #[error(
        "this is no WebAssembly component: it does not begin with the bytes that every one begins with"
    )]
    NotWasm,
    /// A core module.
    #[error(
        "this is a core WebAssembly module, not a component: build it with `watchbox build`, or wrap it with `wasm-tools component new`"
    )]
    CoreModule,
    /// It ends before it is complete.
    #[error(
        "this is no WebAssembly component: it breaks off, {size} bytes are not all of it; was it copied whole?"
    )]
    CutShort {
        /// How many bytes there are.
        size: usize,
    },
    /// It is made for an engine that can do more.
    #[error(
        "this component needs a feature of WebAssembly that watchbox does not run (`{feature}`, first at byte {at}): build it without"
    )]
    Feature {
        /// The feature's name.
        feature: String,
        /// Where it is first needed.
        at: u64,
    },
    /// It is damaged, or was never right.
    #[error(
        "this is no WebAssembly component: what stands at byte {at} is not valid; it is damaged, or made by a tool that is wrong"
    )]
    Invalid {
        /// Where.
        at: u64,
    },
    /// It is more than anybody would write.
    #[error("this component is not looked at: it has more than {most} {what}")]
    TooMany {
        /// How many are looked at.
        most: usize,
        /// Of what.
        what: &'static str,
    },
}

/// Reads `wasm` and checks all of it to be well formed. Imports, exports and manifest are those of the component itself, whatever may be nested in it.
pub fn inspect(wasm: &[u8]) -> Result<Inspection, InspectError> {
    let said = skim(wasm, Digest::of(wasm))?;
    check(wasm)?;
    Ok(said)
}

/// Reads what `wasm`, of this digest, says of itself. What stands in its modules is not looked at, so it may be wrong there.
pub(crate) fn skim(wasm: &[u8], digest: Digest) -> Result<Inspection, InspectError> {
    begins(wasm)?;
    let malformed = |why: wasmparser::Error| malformed(&why, wasm.len());
    let cut_short = || InspectError::CutShort { size: wasm.len() };
    let (mut seen, mut parser, mut rest) = (Seen::default(), Parser::new(0), wasm);
    loop {
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).map_err(malformed)?
        else {
            return Err(cut_short());
        };
        rest = rest.get(consumed..).unwrap_or_default();
        match &payload {
            Payload::ModuleSection {
                unchecked_range, ..
            }
            | Payload::ComponentSection {
                unchecked_range, ..
            } => {
                let end = usize::try_from(unchecked_range.end).unwrap_or(usize::MAX);
                rest = wasm.get(end..).ok_or_else(cut_short)?;
            }
            Payload::End(_) => break,
            own => seen.payload(own, malformed)?,
        }
    }
    let (manifest, manifest_error) = seen.manifest();
    Ok(Inspection {
        digest,
        size: wasm.len() as u64,
        manifest,
        manifest_error,
        imports: seen.imports,
        exports: seen.exports,
    })
}

/// Checks all of `wasm` to be well formed, function by function.
pub(crate) fn check(wasm: &[u8]) -> Result<(), InspectError> {
    let malformed = |why: wasmparser::Error| malformed(&why, wasm.len());
    let (mut nested, mut weight) = (0, Weight::default());
    let mut validator = Validator::new_with_features(features());
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(malformed)?;
        if matches!(
            payload,
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. }
        ) {
            nested += 1;
            few(nested, NESTED, "modules and components in it")?;
        }
        weight.add(&payload).map_err(malformed)?;
        few(
            usize::try_from(weight.total).unwrap_or(usize::MAX),
            TYPES,
            "types, counted where they are used",
        )?;
        let valid = validator.payload(&payload).map_err(malformed)?;
        if let wasmparser::ValidPayload::Func(function, body) = valid {
            let mut function = function.into_validator(Default::default());
            function.validate(&body).map_err(malformed)?;
        }
    }
    Ok(())
}

/// What the engine runs (see `engine.rs`).
fn features() -> WasmFeatures {
    WasmFeatures::WASM2 | WasmFeatures::EXTENDED_CONST | WasmFeatures::COMPONENT_MODEL
}

/// Looks at the first bytes, so that what is something else altogether is told as that.
fn begins(wasm: &[u8]) -> Result<(), InspectError> {
    let size = wasm.len();
    match wasm {
        [] => Err(InspectError::Empty),
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => Err(InspectError::CoreModule),
        [b'\0', b'a', b's', b'm', _, _, _, _, ..] => Ok(()),
        _ if b"\0asm".starts_with(&wasm[..size.min(4)]) => Err(InspectError::CutShort { size }),
        _ => Err(InspectError::NotWasm),
    }
}

fn malformed(why: &wasmparser::Error, size: usize) -> InspectError {
    let at = why.offset();
    if let Some(feature) = why.missing_wasm_feature() {
        let names = feature.iter_names().map(|(name, _)| name.to_lowercase());
        let feature = names.collect::<Vec<_>>().join(", ");
        return InspectError::Feature { feature, at };
    }
    // The parser says so in words alone.
    if why.message().starts_with("unexpected end") {
        return InspectError::CutShort { size };
    }
    InspectError::Invalid { at }
}

/// What was come across so far at the component's own level.
#[derive(Default)]
struct Seen<'a> {
    imports: Vec<Import>,
    exports: Vec<String>,
    manifests: Vec<&'a [u8]>,
}

impl<'a> Seen<'a> {
    fn payload(
        &mut self,
        payload: &Payload<'a>,
        malformed: impl Fn(wasmparser::Error) -> InspectError,
    ) -> Result<(), InspectError> {
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    let name = import.map_err(&malformed)?.name.full_name().into_owned();
                    let class = imports::class(&name);
                    self.imports.push(Import { name, class });
                    few(self.imports.len(), EXTERNS, "imports")?;
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    let name = export.map_err(&malformed)?.name.full_name().into_owned();
                    self.exports.push(name);
                    few(self.exports.len(), EXTERNS, "exports")?;
                }
            }
            Payload::CustomSection(section) if section.name() == SECTION => {
                self.manifests.push(section.data());
                few(self.manifests.len(), EXTERNS, "manifests")?;
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

fn few(count: usize, most: usize, what: &'static str) -> Result<(), InspectError> {
    if count > most {
        return Err(InspectError::TooMany { most, what });
    }
    Ok(())
}

#[cfg(test)]
#[path = "inspect/tests.rs"]
mod tests;
