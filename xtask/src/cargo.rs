//! Cargo, called as the developer would.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use watchbox_tests::Build;

/// What artifacts in Rust are compiled for.
const WASM: &str = "wasm32-unknown-unknown";

/// Runs `cargo ARGUMENTS` in the workspace, its output shown.
pub(crate) fn cargo(build: &Build, arguments: &[&str]) -> Result<()> {
    eprintln!("$ cargo {}", arguments.join(" "));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo)
        .args(arguments)
        .current_dir(build.root()))
}

/// Runs a command, its output shown; it must succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_owned();
    let status = command
        .status()
        .with_context(|| format!("{} can't be run", program.display()))?;
    ensure!(
        status.success(),
        "{} ended with {status}",
        program.display()
    );
    Ok(())
}

/// Builds the program `watchbox`; gives its path.
pub(crate) fn build_watchbox(build: &Build) -> Result<PathBuf> {
    cargo(build, &["build", "--workspace", "--bin", "watchbox"])?;
    build.program("watchbox")
}

/// Adds the target that artifacts are compiled for, where it is missing.
pub(crate) fn add_wasm_target(build: &Build) -> Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let library = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", WASM])
        .current_dir(build.root())
        .output()
        .context("rustc can't be run")?;
    if Path::new(String::from_utf8(library.stdout)?.trim()).exists() {
        return Ok(());
    }
    eprintln!("$ rustup target add {WASM}");
    run(Command::new("rustup")
        .args(["target", "add", WASM])
        .current_dir(build.root()))
    .with_context(|| {
        format!("the Rust toolchain lacks the target {WASM}; install it and run this again")
    })
}
