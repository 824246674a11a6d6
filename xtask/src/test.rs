//! `cargo xtask test`: all that must hold before a change is merged.

use anyhow::Result;
use watchbox_tests::Build;

use crate::{
    artifacts,
    cargo::{add_wasm_target, build_watchbox, cargo},
    dependencies, languages,
    step::Steps,
    toolchains,
};

pub(crate) fn run() -> Result<()> {
    let build = Build::current()?;
    let mut steps = Steps::new(9);
    steps.step("Toolchain", || add_wasm_target(&build))?;
    steps.step("Formatting", || cargo(&build, &["fmt", "--all", "--check"]))?;
    steps.step("Lints", || {
        cargo(
            &build,
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "--deny",
                "warnings",
            ],
        )
    })?;
    steps.step("Dependencies", || dependencies::check(&build))?;
    steps.step("The program", || build_watchbox(&build))?;
    steps.step("The artifacts, and the guests that tests use", || {
        artifacts::build_all(&build, "plugins")?;
        artifacts::build_hurried_slack(&build)?;
        artifacts::build_next_versions(&build)?;
        artifacts::build_all(&build, "tests/guests")
    })?;
    steps.step("The same artifact in every language", || {
        languages::build_examples(&build)
    })?;
    steps.step("Tests of the SDKs and artifacts in their languages", || {
        languages::test(&build)
    })?;
    steps.step("Tests", || {
        toolchains::opensearch(&build)?;
        toolchains::mailpit()?;
        cargo(&build, &["test", "--workspace"])
    })?;
    steps.finish("everything holds");
    Ok(())
}
