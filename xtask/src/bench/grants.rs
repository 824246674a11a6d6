//! `cargo xtask bench grants`: what the decision costs that stands before every call of a guest.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use watchbox_tests::Build;

use crate::{cargo, step::Steps};

/// What the docs promise, in nanoseconds, at the 95th percentile.
const PROMISED: u64 = 1_500;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {}

/// What `bench-grants` prints.
#[derive(Debug, Deserialize)]
pub(crate) struct Figures {
    rules: u64,
    rounds: u64,
    #[serde(flatten)]
    kinds: std::collections::BTreeMap<String, Figure>,
}

/// Of one kind of decision: nanoseconds, and allocations in all.
#[derive(Debug, Deserialize)]
struct Figure {
    p50: u64,
    p95: u64,
    p99: u64,
    allocations: u64,
}

pub(crate) fn run(_: &Options) -> Result<()> {
    let build = Build::current()?.release();
    let mut steps = Steps::new(2);
    steps.step("Release build", || {
        cargo::cargo(&build, &["build", "--release", "--package", "bench-grants"])
    })?;
    let figures = steps.step("Decisions", || measure(&build))?;
    steps.finish("measured");
    print(&figures);
    Ok(())
}

/// Runs it; the program is built.
pub(crate) fn measure(build: &Build) -> Result<Figures> {
    let output = Command::new(build.program("bench-grants")?).output()?;
    ensure!(
        output.status.success(),
        "bench-grants failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("bench-grants printed something else")
}

pub(crate) fn print(figures: &Figures) {
    println!(
        "\nA decision of the grants, {} rules, {} of each kind, all allowed; {PROMISED} ns at p95 are promised",
        figures.rules, figures.rounds
    );
    println!(
        "{:<42}{:>12}{:>12}{:>12}{:>14}",
        "", "p50", "p95", "p99", "allocations"
    );
    for (kind, figure) in &figures.kinds {
        println!(
            "{kind:<42}{:>9} ns{:>9} ns{:>9} ns{:>14}",
            figure.p50, figure.p95, figure.p99, figure.allocations
        );
    }
}
