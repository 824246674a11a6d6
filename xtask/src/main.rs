//! `cargo xtask`: what a developer of watchbox runs.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people at a terminal"
)]

mod artifacts;
mod bench;
#[cfg(test)]
mod bindings;
mod cargo;
mod demo;
mod dependencies;
mod faults;
mod languages;
mod step;
mod test;
mod toolchains;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

/// What a developer of watchbox runs.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
enum Task {
    /// Build everything, show it at work: server, artifacts, events, a webhook.
    Demo(demo::Options),
    /// Check formatting and lints, build everything, run every test.
    Test,
    /// Kill the server again and again while events, labels, upgrades and a bad webhook keep it busy; check after each kill.
    Faults(faults::Options),
    /// Measure, beside the same job done natively and in Python.
    Bench(bench::Options),
    /// Build the artifacts of plugins/ into components.
    BuildPlugins,
    /// Install the toolchains of the languages, run the tests of the SDKs, build the same artifact in each.
    Languages,
}

fn main() -> ExitCode {
    match perform(Task::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    match task {
        Task::Demo(options) => demo::run(&options),
        Task::Test => test::run(),
        Task::Faults(options) => faults::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::BuildPlugins => artifacts::build_plugins(),
        Task::Languages => languages::run(),
    }
}
