//! From a core module to a component with its manifest in it.

use anyhow::{Context as _, bail};
use wasm_encoder::{ComponentSection as _, CustomSection};
use watchbox_model::{Capability, Manifest, manifest};
use watchbox_sandbox::inspect::{ImportClass, inspect};
use wit_component::ComponentEncoder;

/// What every artifact exports, but for the version.
const HANDLER: &str = "watchbox:artifact/handler";

/// What a component imports, and what is to be said of it.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) imports: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Makes a component of a module whose bindings were generated from the contract, and puts the manifest's text in as a custom section.
pub(super) fn of_module(module: &[u8], yaml: &str) -> anyhow::Result<Vec<u8>> {
    let mut component = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .context(
            "the module can't become a component; does the crate call `watchbox_sdk::export!`?",
        )?;
    CustomSection {
        name: manifest::SECTION.into(),
        data: yaml.as_bytes().into(),
    }
    .append_to_component(&mut component);
    Ok(component)
}

/// Refuses what the host would refuse at install, with the remedy.
pub(super) fn judge(component: &[u8], manifest: &Manifest) -> anyhow::Result<Judged> {
    let inspection = inspect(component)?;
    let handles = |export: &String| export.starts_with(HANDLER);
    if !inspection.exports.iter().any(handles) {
        bail!("it does not export `{HANDLER}`: does the crate call `watchbox_sdk::export!`?");
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
    use wit_component::{StringEncoding, dummy_module, embed_component_metadata};
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

    fn yaml(capabilities: &str) -> String {
        format!(
            "name: Server.Test\nversion: 1.0.0\ntype: SERVER_EVENT\ndescription: d\nauthor: a\nschedule: {{ every: 60s }}\ncapabilities: {capabilities}\n"
        )
    }

    const ALL: &str = "{ clients: { reason: r }, labels: { reason: r }, http: { reason: r }, state: { reason: r }, log: { reason: r }, clock: { reason: r } }";

    #[test]
    fn the_manifest_is_embedded_and_the_same_input_gives_the_same_bytes() {
        let yaml = yaml(ALL);
        let component = of_module(&module(), &yaml).unwrap();
        assert_eq!(component, of_module(&module(), &yaml).unwrap());
        let manifest = Manifest::parse("artifact.yaml", &yaml).unwrap();
        assert_eq!(
            inspect(&component).unwrap().manifest,
            Some(manifest.clone())
        );
        let judged = judge(&component, &manifest).unwrap();
        assert_eq!(judged.imports.len(), 6, "{judged:?}");
        assert!(judged.warnings.is_empty(), "{judged:?}");
    }

    #[test]
    fn an_undeclared_import_is_refused() {
        let yaml = yaml(&ALL.replace("state: { reason: r }, ", ""));
        let component = of_module(&module(), &yaml).unwrap();
        let manifest = Manifest::parse("artifact.yaml", &yaml).unwrap();
        let error = judge(&component, &manifest).unwrap_err().to_string();
        assert!(error.contains("add `state: { reason: ... }`"), "{error}");
    }

    #[test]
    fn what_is_no_artifact_is_refused_with_the_remedy() {
        let yaml = yaml(ALL);
        let component = of_module(b"\0asm\x01\0\0\0", &yaml).unwrap();
        let manifest = Manifest::parse("artifact.yaml", &yaml).unwrap();
        let error = judge(&component, &manifest).unwrap_err().to_string();
        assert!(error.contains("watchbox_sdk::export!"), "{error}");
    }
}
