//! From an artifact's source to its component: compiled by cargo, componentized, its manifest embedded, and judged as the host will judge it.
//!
//! The same source, toolchain and dependencies give the same bytes, wherever they are built.

mod compile;
mod component;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use watchbox_model::{Digest, Manifest};

/// The manifest's file in an artifact's folder.
const MANIFEST: &str = "artifact.yaml";

/// What is to be built.
#[derive(Clone, Debug)]
pub struct Options {
    /// The artifact's folder, with `Cargo.toml` and `artifact.yaml` in it.
    pub dir: PathBuf,
    /// Another manifest to embed in the place of `artifact.yaml`.
    pub manifest: Option<PathBuf>,
    /// Where the component goes; by default the artifact's name and `.wasm`, in `dir`.
    pub out: Option<PathBuf>,
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// Where the component is.
    pub out: PathBuf,
    /// The artifact's name.
    pub name: watchbox_model::Name,
    /// Its version.
    pub version: String,
    /// How many bytes the component has.
    pub size: u64,
    /// The component's digest.
    pub digest: Digest,
    /// The full names of what it imports.
    pub imports: Vec<String>,
    /// What its author should look at: WASI that came along, capabilities declared and not used.
    pub warnings: Vec<String>,
}

/// Builds the artifact in `options.dir`. What cargo says goes to stderr as it says it.
pub fn build(options: &Options) -> anyhow::Result<Built> {
    let file = match &options.manifest {
        Some(file) => file.clone(),
        None => options.dir.join(MANIFEST),
    };
    let yaml = fs::read_to_string(&file).with_context(|| {
        format!(
            "no manifest at {}: an artifact's folder holds {MANIFEST} and Cargo.toml",
            file.display()
        )
    })?;
    let manifest = Manifest::parse(&file.display().to_string(), &yaml)?;
    let out = match &options.out {
        Some(out) => out.clone(),
        None => options.dir.join(format!("{}.wasm", manifest.name)),
    };

    let module = compile::compile(&options.dir)?;
    let module = fs::read(&module).with_context(|| format!("can't read {}", module.display()))?;
    let component = component::of_module(&module, &yaml)?;
    let judged = component::judge(&component, &manifest)?;
    write(&out, &component).with_context(|| format!("can't write {}", out.display()))?;

    Ok(Built {
        out,
        name: manifest.name,
        version: manifest.version.to_string(),
        size: component.len() as u64,
        digest: Digest::of(&component),
        imports: judged.imports,
        warnings: judged.warnings,
    })
}

/// Writes a file whole or not at all: a watched folder must never see half a component.
fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = file.as_os_str().to_owned();
    beside.push(".partial");
    fs::write(&beside, bytes)?;
    fs::rename(&beside, file)?;
    Ok(())
}
