//! `cargo xtask bench trail`: how many audit records a second are chained, written and checked.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use watchbox_tests::Build;

use crate::{cargo, step::Steps};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {}

/// What `bench-trail` prints; rates in records a second.
#[derive(Debug, Deserialize)]
struct Figures {
    records: u64,
    lost: u64,
    written: f64,
    checked: f64,
}

pub(crate) fn run(_: &Options) -> Result<()> {
    let build = Build::current()?.release();
    let mut steps = Steps::new(2);
    steps.step("Release build", || {
        cargo::cargo(&build, &["build", "--release", "--package", "bench-trail"])
    })?;
    let figures = steps.step("The trail", || measure(&build))?;
    steps.finish("measured");
    println!("audit records, each chained to the one before");
    println!("  written      {:>10.0} a second", figures.written);
    println!("  checked      {:>10.0} a second", figures.checked);
    println!("  lost         {:>10} of {}", figures.lost, figures.records);
    Ok(())
}

fn measure(build: &Build) -> Result<Figures> {
    let output = Command::new(build.program("bench-trail")?).output()?;
    ensure!(
        output.status.success(),
        "bench-trail: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("what bench-trail printed")
}
