//! The contract as toolchains want it: a folder with a world of the artifact's own, narrowed to what its manifest declares.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Context as _;
use tempfile::TempDir;
use watchbox_model::{Capability, Manifest};
use wit_parser::{Resolve, WorldId};

/// The files of `wit/`.
const FILES: [(&str, &str); 9] = [
    ("clients.wit", include_str!("../../../../wit/clients.wit")),
    ("clock.wit", include_str!("../../../../wit/clock.wit")),
    ("handler.wit", include_str!("../../../../wit/handler.wit")),
    ("http.wit", include_str!("../../../../wit/http.wit")),
    ("labels.wit", include_str!("../../../../wit/labels.wit")),
    ("log.wit", include_str!("../../../../wit/log.wit")),
    ("mail.wit", include_str!("../../../../wit/mail.wit")),
    ("state.wit", include_str!("../../../../wit/state.wit")),
    ("world.wit", include_str!("../../../../wit/world.wit")),
];

/// The world's name, in the contract and in the folder.
pub(super) const WORLD: &str = "artifact";

/// A folder with the narrowed world, gone when dropped.
#[derive(Debug)]
pub(super) struct Contract {
    folder: TempDir,
    version: &'static str,
    capabilities: Vec<Capability>,
}

impl Contract {
    /// Writes it for the capabilities that `manifest` declares.
    pub(super) fn for_manifest(manifest: &Manifest) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("watchbox-build-")
            .tempdir()?;
        let deps = folder.path().join("wit/deps/watchbox");
        fs::create_dir_all(&deps)?;
        for (name, text) in FILES {
            fs::write(deps.join(name), without_docs(text))?;
        }
        let (_, version) = FILES[8]
            .1
            .split_once("package watchbox:artifact@")
            .context("the contract has no version")?;
        let (version, _) = version
            .split_once(';')
            .context("the contract's version has no end")?;
        let capabilities = manifest.capabilities.keys().copied().collect();
        let contract = Self {
            folder,
            version,
            capabilities,
        };
        fs::write(contract.wit().join("world.wit"), contract.world()?)?;
        Ok(contract)
    }

    /// The capabilities that the world imports, and the full names of their interfaces.
    pub(super) fn imports(&self) -> impl Iterator<Item = (Capability, String)> {
        let named = |capability: &Capability| {
            (
                *capability,
                format!("watchbox:artifact/{capability}@{}", self.version),
            )
        };
        self.capabilities.iter().map(named)
    }

    /// The world that imports what is declared, and exports the handler.
    fn world(&self) -> anyhow::Result<String> {
        let mut world = format!("package local:artifact;\n\nworld {WORLD} {{\n");
        for (_, interface) in self.imports() {
            writeln!(world, "    import {interface};")?;
        }
        writeln!(
            world,
            "    export watchbox:artifact/handler@{};\n}}",
            self.version
        )?;
        Ok(world)
    }

    /// The folder with the world, and with the contract in its `deps/`.
    pub(super) fn wit(&self) -> std::path::PathBuf {
        self.folder.path().join("wit")
    }

    /// All of the contract, and its world that imports every capability.
    pub(super) fn whole(&self) -> anyhow::Result<(Resolve, WorldId)> {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(self.wit().join("deps/watchbox"))?;
        let world = resolve.select_world(&[package], Some(WORLD))?;
        Ok((resolve, world))
    }

    /// A folder for what the toolchain makes.
    pub(super) fn work(&self) -> &Path {
        self.folder.path()
    }
}

/// The text without its comments: a generator of bindings may take a `\u` in one for an escape.
fn without_docs(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(capabilities: &str) -> Manifest {
        let yaml = format!(
            "name: Server.Test\nversion: 1.0.0\ntype: SERVER_EVENT\ndescription: d\nschedule: {{ every: 60s }}\ncapabilities: {capabilities}\n"
        );
        Manifest::parse("artifact.yaml", &yaml).unwrap()
    }

    #[test]
    fn every_file_of_the_contract_is_in() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(files, FILES.map(|(name, _)| name.to_owned()));
    }

    #[test]
    fn the_world_imports_what_is_declared_and_parses() {
        for (capabilities, imports) in [
            ("{}", 0),
            ("{ http: { reason: r }, log: { reason: r } }", 2),
            (
                "{ clients: { reason: r }, labels: { reason: r }, http: { reason: r }, mail: { reason: r }, state: { reason: r }, log: { reason: r }, clock: { reason: r } }",
                7,
            ),
        ] {
            let contract = Contract::for_manifest(&manifest(capabilities)).unwrap();
            let mut resolve = Resolve::default();
            let (package, _) = resolve.push_dir(contract.wit()).unwrap();
            let world = resolve.select_world(&[package], Some(WORLD)).unwrap();
            assert_eq!(
                resolve.worlds[world].imports.len(),
                imports,
                "{capabilities}"
            );
            assert_eq!(resolve.worlds[world].exports.len(), 1);
        }
    }
}
