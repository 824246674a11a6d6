//! Artifacts in C: `make`, by the rules of the SDK's `artifact.mk`, has clang make a core module, which becomes a component.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, bail};

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

/// What clang needs to make WebAssembly: the question that it answers with a file, what that file is called, and what installs it.
const PARTS: [(&str, &str, &str); 3] = [
    (
        "-print-prog-name=wasm-ld",
        "wasm-ld",
        "apt-get install lld-19",
    ),
    (
        "-print-file-name=libc.a",
        "wasi-libc",
        "apt-get install wasi-libc",
    ),
    (
        "-print-libgcc-file-name",
        "libclang_rt.builtins-wasm32.a",
        "apt-get install libclang-rt-19-dev-wasm32",
    ),
];

/// Builds the artifact in `dir`.
pub(super) fn build(dir: &Path, contract: &Contract) -> anyhow::Result<Vec<u8>> {
    if !dir.join("Makefile").exists() {
        bail!(
            "{} has no Makefile: one line is wanted, `include sdk/artifact.mk`, with the path to the SDK for C; `watchbox new` makes both",
            dir.display()
        );
    }
    let clang = CLANG.find(&[])?;
    for (question, what, install) in PARTS {
        let file = tool::ask(Command::new(&clang).args(["--target=wasm32-wasi", question]));
        if !file.is_some_and(|file| Path::new(&file).is_file()) {
            return Err(tool::missing(what, install));
        }
    }
    let module = contract.work().join("module.wasm");
    let mut command = Command::new(MAKE.find(&[])?);
    command
        .args(["--silent", "--no-print-directory"])
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
