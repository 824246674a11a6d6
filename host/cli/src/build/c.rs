//! Artifacts in C: `make`, by the rules of the SDK's `artifact.mk`, has clang make a core module, which becomes a component.

use std::{fs, path::Path, process::Command};

use anyhow::Context as _;

use super::{
    component,
    contract::Contract,
    tool::{self, Tool},
};

const MAKE: Tool = Tool {
    names: &["make"],
    install: "apt-get install make",
};

const CLANG: Tool = Tool {
    names: &["clang-19", "clang"],
    install: "apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32",
};

/// Builds the artifact in `dir`.
pub(super) fn build(dir: &Path, contract: &Contract) -> anyhow::Result<Vec<u8>> {
    let clang = CLANG.find(&[])?;
    let module = contract.work().join("module.wasm");
    let mut command = Command::new(MAKE.find(&[])?);
    command
        .arg("--no-print-directory")
        .arg(format!("CLANG={}", clang.display()))
        .arg(format!("MODULE={}", module.display()))
        .arg(&module);
    tool::run(
        &mut command,
        dir,
        "make a module by the rules of the SDK's artifact.mk, which the Makefile includes",
    )?;
    let module = fs::read(&module).with_context(|| format!("can't read {}", module.display()))?;
    component::of_plain_module(module, contract)
}
