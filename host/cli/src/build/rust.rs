//! Artifacts in Rust: cargo makes a core module, which becomes a component.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::{
    component,
    tool::{self, Tool},
};

const TARGET: &str = "wasm32-unknown-unknown";

/// The profile, given to cargo in full, so that it is the same in every workspace. Fast first (the guest's speed is the product's), then small.
const PROFILE: [&str; 7] = [
    "profile.plugin.inherits = 'release'",
    "profile.plugin.opt-level = 3",
    "profile.plugin.lto = 'fat'",
    "profile.plugin.codegen-units = 1",
    "profile.plugin.debug = false",
    "profile.plugin.strip = true",
    "profile.plugin.panic = 'abort'",
];

/// What cargo tells of a crate that it has built.
#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    #[serde(default)]
    crate_types: Vec<String>,
}

const CARGO: Tool = Tool {
    names: &["cargo"],
    install: "rustup, by https://rustup.rs, brings it along",
};

/// Builds the artifact in `dir`.
pub(super) fn build(dir: &Path) -> anyhow::Result<Vec<u8>> {
    let module = compile(dir)?;
    let module = fs::read(&module).with_context(|| format!("can't read {}", module.display()))?;
    component::of_module(&module)
}

/// Compiles the crate in `folder` and gives where its core module is.
fn compile(folder: &Path) -> anyhow::Result<PathBuf> {
    let manifest = folder.join("Cargo.toml");
    // Where cargo itself runs this, by that cargo.
    let cargo = match env::var_os("CARGO") {
        Some(cargo) => cargo.into(),
        None => CARGO.find(&[])?,
    };
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut question = Command::new(rustc);
    question.current_dir(folder);
    question.args(["--print", "target-libdir", "--target", TARGET]);
    if tool::ask(&mut question).is_some_and(|library| !Path::new(&library).exists()) {
        return Err(tool::missing(
            TARGET,
            &format!("rustup target add {TARGET}"),
        ));
    }
    let mut command = Command::new(&cargo);
    command
        .current_dir(folder)
        .args(["build", "--lib", "--profile", "plugin", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics")
        .arg("--manifest-path")
        .arg(&manifest)
        .stdout(Stdio::piped());
    for setting in PROFILE {
        command.args(["--config", setting]);
    }
    command.args(["--config", &flags()?]);

    let child = command.spawn();
    let mut child = child.with_context(|| format!("can't run {}", cargo.display()))?;
    let mut module = None;
    if let Some(messages) = child.stdout.take() {
        for line in BufReader::new(messages).lines() {
            // Lines that are no message are what a build script printed.
            if let Ok(message) = serde_json::from_str::<Message>(&line?) {
                module = message.module(&manifest).or(module);
            }
        }
    }
    if !child.wait()?.success() {
        bail!("cargo could not build {}", folder.display());
    }
    module.with_context(|| {
        format!(
            "{} makes no module: it needs `[lib] crate-type = [\"cdylib\", \"rlib\"]`",
            manifest.display()
        )
    })
}

impl Message {
    /// The module that it tells of, if it is of the crate at `manifest`.
    fn module(self, manifest: &Path) -> Option<PathBuf> {
        let ours = self.reason == "compiler-artifact"
            && self.manifest_path.as_deref() == Some(manifest)
            && self.target?.crate_types.iter().any(|kind| kind == "cdylib");
        let wasm = |file: &PathBuf| {
            file.extension()
                .is_some_and(|extension| extension == "wasm")
        };
        ours.then(|| self.filenames.into_iter().find(wasm))
            .flatten()
    }
}

/// The compiler's flags, as a setting of cargo: SIMD, which every host has, and no path of this machine in the component.
fn flags() -> anyhow::Result<String> {
    let mut flags = vec!["-Ctarget-feature=+simd128".to_owned()];
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let default = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    if let Some(home) = home.or_else(default) {
        flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
    }
    let flags = serde_json::to_string(&flags)?;
    Ok(format!("target.{TARGET}.rustflags = {flags}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_module_among_cargos_messages() {
        let find = |line: &str| {
            let message: Message = serde_json::from_str(line).unwrap();
            message.module(Path::new("/a/Cargo.toml"))
        };
        let ours = r#"{"reason":"compiler-artifact","manifest_path":"/a/Cargo.toml",
            "target":{"kind":["cdylib","rlib"],"crate_types":["cdylib","rlib"],"name":"a"},
            "filenames":["/t/a.wasm","/t/liba.rlib"],"fresh":true}"#;
        assert_eq!(find(ours), Some("/t/a.wasm".into()));
        assert_eq!(find(&ours.replace("/a/", "/b/")), None);
        assert_eq!(find(&ours.replace("cdylib", "lib")), None);
        assert_eq!(find(r#"{"reason":"build-finished","success":true}"#), None);
    }

    #[test]
    fn flags_are_a_setting_that_toml_reads() {
        let flags = flags().unwrap();
        assert!(
            flags.starts_with(r#"target.wasm32-unknown-unknown.rustflags = ["-Ctarget"#),
            "{flags}"
        );
    }
}
