//! `cargo xtask bench`: how fast it is, beside the same job done without it.
//!
//! Compare the ratios: they hold from machine to machine, the figures do not.

mod file;
mod grants;
mod languages;
mod latency;
mod report;
mod through;
mod trail;
mod usage;

use std::{fs, path::PathBuf};

use anyhow::Result;
use watchbox_tests::{Build, Home, sample::Fleet};

use crate::{
    artifacts::{POWERSHELL_FOLDER, build_one},
    cargo::{add_wasm_target, cargo},
    step::Steps,
};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: Option<What>,
    /// How many events the file holds
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    events: usize,
    /// How often each job over the file is run; the best run counts
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: u32,
    /// How many events go through the server
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    through: usize,
    /// For how many seconds latency is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    latency: u32,
}

/// What else can be measured.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// The same artifact in every language
    Languages(languages::Options),
    /// The decision that stands before every call of a guest
    Grants(grants::Options),
    /// The audit trail: records a second, written and checked
    Trail(trail::Options),
}

/// What is measured, and with what.
#[derive(Debug)]
struct Work {
    build: Build,
    component: PathBuf,
    grants: PathBuf,
    /// The events, as NDJSON.
    file: PathBuf,
    events: usize,
    /// How many rows must come of them.
    rows: usize,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    match &options.what {
        Some(What::Languages(options)) => return languages::run(options),
        Some(What::Grants(options)) => return grants::run(options),
        Some(What::Trail(options)) => return trail::run(options),
        None => {}
    }
    let build = Build::current()?.release();
    let mut steps = Steps::new(7);
    steps.step("Toolchain", || add_wasm_target(&build))?;
    steps.step("Release builds (some minutes, the first time)", || {
        cargo(
            &build,
            &[
                "build",
                "--release",
                "--package",
                "watchbox",
                "--package",
                "bench-native",
                "--package",
                "bench-grants",
            ],
        )?;
        let folder = build.root().join("plugins").join(POWERSHELL_FOLDER);
        build_one(
            &build,
            &folder,
            None,
            &build.artifact_path(POWERSHELL_FOLDER),
        )
    })?;
    let work = steps.step("Events", || Work::make(build, options.events))?;
    let file = steps.step("Over a file", || file::measure(&work, options.runs))?;
    let through = steps.step("Through the server", || {
        through::measure(&work, options.through)
    })?;
    let latency = steps.step("Event to row", || latency::measure(&work, options.latency))?;
    let decisions = steps.step("Decisions", || grants::measure(&work.build))?;
    steps.finish("measured");
    report::print(&work, &file, &through, &latency);
    grants::print(&decisions);
    Ok(())
}

impl Work {
    fn make(build: Build, events: usize) -> Result<Self> {
        let file = build.target().join("bench").join("events.ndjson");
        fs::create_dir_all(build.target().join("bench"))?;
        let (ndjson, scripts) = Fleet::new(1, 20).ndjson(events);
        fs::write(&file, &ndjson)?;
        Ok(Self {
            component: build.artifact(POWERSHELL_FOLDER)?,
            grants: build
                .root()
                .join("plugins")
                .join(POWERSHELL_FOLDER)
                .join("grants.yaml"),
            build,
            file,
            events,
            rows: scripts.len(),
        })
    }

    /// A server with the artifact installed.
    fn server(&self, home: &Home) -> Result<watchbox_tests::Server> {
        let server = watchbox_tests::Server::start(&self.build, &home.data())?;
        server.run_ok(&[
            "install".as_ref(),
            self.component.as_os_str(),
            "--grants".as_ref(),
            self.grants.as_os_str(),
        ])?;
        Ok(server)
    }
}
