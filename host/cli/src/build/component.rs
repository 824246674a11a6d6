//! From a core module to a component, its manifest in it, judged.

use anyhow::{Context as _, bail};
use wasm_encoder::{ComponentSection as _, CustomSection};
use watchbox_model::{Capability, Manifest, manifest};
use watchbox_sandbox::inspect::{ImportClass, inspect};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use super::{contract::Contract, language::Language};

/// What every artifact exports, but for the version.
const HANDLER: &str = "watchbox:artifact/handler";

/// What a component imports, and what is to be said of it.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) imports: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Makes a component of a module whose bindings were generated from the contract.
pub(super) fn of_module(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .context("the module can't become a component")
}

/// WASI for modules whose language can't do without, as a module of its own.
const WASI_STUB: &str = include_str!("wasi_stub.wat");

/// Makes a component of a module that does not say itself what world it is for, and may ask for WASI. Whatever it imports of the contract
/// is found; whether the manifest declares it is judged afterwards.
pub(super) fn of_plain_module(mut module: Vec<u8>, contract: &Contract) -> anyhow::Result<Vec<u8>> {
    let (resolve, world) = contract.whole()?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.adapter("wasi_snapshot_preview1", &wat::parse_str(WASI_STUB)?))
        .and_then(|encoder| encoder.encode())
        .context("the module can't become a component")
}

/// Puts the manifest's text in as a custom section.
pub(super) fn with_manifest(component: &[u8], yaml: &str) -> Vec<u8> {
    let mut component = component.to_vec();
    CustomSection {
        name: manifest::SECTION.into(),
        data: yaml.as_bytes().into(),
    }
    .append_to_component(&mut component);
    component
}

/// Refuses what the host would refuse at install, with the remedy.
pub(super) fn judge(
    component: &[u8],
    manifest: &Manifest,
    language: Language,
) -> anyhow::Result<Judged> {
    let inspection = inspect(component)?;
    let handles = |export: &String| export.starts_with(HANDLER);
    if !inspection.exports.iter().any(handles) {
        bail!("it does not export `{HANDLER}`: {}", language.export());
    }
    let mut imported = Vec::new();
    let mut warnings = Vec::new();
    for import in &inspection.imports {
        match import.class {
            ImportClass::Gated(capability) if manifest.capabilities.contains_key(&capability) => {
                imported.push(capability);
            }
            ImportClass::Gated(capability) => bail!(
                "it imports `{}`, which the manifest does not declare: add `{capability}: {{ reason: ... }}` under `capabilities`",
                import.name
            ),
            ImportClass::Inert => warnings.push(format!(
                "it imports `{}`: WASI came along, and is backed by nothing",
                import.name
            )),
            ImportClass::Unknown => bail!(
                "it imports `{}`, which watchbox does not serve",
                import.name
            ),
        }
    }
    let unused = |capability: &&Capability| !imported.contains(*capability);
    for capability in manifest.capabilities.keys().filter(unused) {
        warnings.push(format!("`{capability}` is declared and not imported"));
    }
    let imports = inspection.imports.into_iter().map(|import| import.name);
    Ok(Judged {
        imports: imports.collect(),
        warnings,
    })
}

#[cfg(test)]
mod tests {
    use wit_component::dummy_module;
    use wit_parser::{ManglingAndAbi, Resolve};

    use super::*;

    /// A module that imports the whole contract and exports its handler.
    fn module() -> Vec<u8> {
        let mut resolve = Resolve::default();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit");
        let (package, _) = resolve.push_dir(folder).unwrap();
        let world = resolve.select_world(&[package], Some("artifact")).unwrap();
        let mut module = dummy_module(
            &resolve,
            world,
            ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync),
        );
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
            .unwrap();
        module
    }

    fn built(module: &[u8], yaml: &str) -> Vec<u8> {
        with_manifest(&of_module(module).unwrap(), yaml)
    }

    fn yaml(capabilities: &str) -> String {
        format!(
            "name: Server.Test\nversion: 1.0.0\ntype: SERVER_EVENT\ndescription: d\nauthor: a\nschedule: {{ every: 60s }}\ncapabilities: {capabilities}\n"
        )
    }

    const ALL: &str = "{ clients: { reason: r }, labels: { reason: r }, http: { reason: r }, mail: { reason: r }, state: { reason: r }, log: { reason: r }, clock: { reason: r } }";

    #[test]
    fn the_manifest_is_embedded_and_the_same_input_gives_the_same_bytes() {
        let yaml = yaml(ALL);
        let component = built(&module(), &yaml);
        assert_eq!(component, built(&module(), &yaml));
        let manifest = Manifest::parse("artifact.yaml", &yaml).unwrap();
        assert_eq!(
            inspect(&component).unwrap().manifest,
            Some(manifest.clone())
        );
        let judged = judge(&component, &manifest, Language::Rust).unwrap();
        assert_eq!(judged.imports.len(), 7, "{judged:?}");
        assert!(judged.warnings.is_empty(), "{judged:?}");
    }

    #[test]
    fn an_undeclared_import_is_refused() {
        let yaml = yaml(&ALL.replace("state: { reason: r }, ", ""));
        let component = built(&module(), &yaml);
        let manifest = Manifest::parse("artifact.yaml", &yaml).unwrap();
        let error = judge(&component, &manifest, Language::Rust)
            .unwrap_err()
            .to_string();
        assert!(error.contains("add `state: { reason: ... }`"), "{error}");
    }

    #[test]
    fn what_is_no_artifact_is_refused_with_the_remedy() {
        let yaml = yaml(ALL);
        let component = built(b"\0asm\x01\0\0\0", &yaml);
        let manifest = Manifest::parse("artifact.yaml", &yaml).unwrap();
        let error = judge(&component, &manifest, Language::Rust)
            .unwrap_err()
            .to_string();
        assert!(error.contains("watchbox_sdk::export!"), "{error}");
    }
}
