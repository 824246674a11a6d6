//! From an artifact's source to its component: compiled by its language's toolchain, its manifest embedded, and judged as the host will judge it.
//!
//! In Rust, C and Go the same source, toolchain and dependencies give the same bytes, wherever they are built.

mod c;
mod component;
mod contract;
mod go;
mod javascript;
mod language;
mod places;
mod python;
mod rust;
mod strip;
mod tool;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use contract::Contract;
use language::Language;
use watchbox_model::{Digest, Manifest};

/// The manifest's file in an artifact's folder.
const MANIFEST: &str = "artifact.yaml";

/// What is to be built.
#[derive(Clone, Debug)]
pub struct Options {
    /// The artifact's folder, with its source and `artifact.yaml` in it.
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
    /// The language that it is written in, as people call it.
    pub language: &'static str,
    /// How many bytes the component has.
    pub size: u64,
    /// How long it took.
    pub time: Duration,
    /// The component's digest.
    pub digest: Digest,
    /// The full names of what it imports.
    pub imports: Vec<String>,
    /// What its author should look at: WASI that came along, capabilities declared and not used.
    pub warnings: Vec<String>,
}

/// Builds the artifact in `options.dir`. What the toolchain says goes to stderr as it says it.
pub fn build(options: &Options) -> anyhow::Result<Built> {
    let began = Instant::now();
    let file = match &options.manifest {
        Some(file) => file.clone(),
        None => options.dir.join(MANIFEST),
    };
    let yaml = fs::read_to_string(&file).with_context(|| {
        format!(
            "no manifest at {}: an artifact's folder holds {MANIFEST} and its source",
            file.display()
        )
    })?;
    let manifest = Manifest::parse(&file.display().to_string(), &yaml)?;
    let out = match &options.out {
        Some(out) => out.clone(),
        None => options.dir.join(format!("{}.wasm", manifest.name)),
    };

    let dir = fs::canonicalize(&options.dir)
        .with_context(|| format!("no folder at {}", options.dir.display()))?;
    let language = Language::of(&dir)?;
    if manifest.encoding != language.encoding() {
        bail!(
            "the SDK for {language} reads and writes rows as {wanted}: set `encoding: {wanted}` in {file}",
            wanted = language.encoding_name(),
            file = file.display()
        );
    }
    let contract = Contract::for_manifest(&manifest)?;
    let built = language.build(&dir, &contract)?;
    let component = component::with_manifest(&strip::strip(&built)?, &yaml);
    let judged = component::judge(&component, &manifest, language)?;
    write(&out, &component).with_context(|| format!("can't write {}", out.display()))?;

    Ok(Built {
        out,
        name: manifest.name,
        version: manifest.version.to_string(),
        language: language.name(),
        size: component.len() as u64,
        time: began.elapsed(),
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
