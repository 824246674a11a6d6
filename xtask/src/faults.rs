//! `cargo xtask faults`: the long siege. A short one of the same code is among the tests.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use console::style;
use watchbox_tests::{
    Build, Home, Machine,
    siege::{Death, Siege},
};

use crate::{
    artifacts::{self, POWERSHELL_FOLDER},
    cargo::{add_wasm_target, build_watchbox},
    step::Steps,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How often the server is killed, at least
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// What all is decided by: the same seed does the same again [default: another each time, printed]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Cut the power below SQLite, instead of killing the server alone
    #[arg(long)]
    power: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let build = Build::current()?;
    let mut steps = Steps::new(4);
    steps.step("Toolchain", || add_wasm_target(&build))?;
    steps.step("The program", || build_watchbox(&build))?;
    steps.step("The artifacts, in two versions each", || {
        let folder = build.root().join("plugins").join(POWERSHELL_FOLDER);
        let out = build.artifact_path(POWERSHELL_FOLDER);
        artifacts::build_one(&build, &folder, None, &out)?;
        artifacts::build_hurried_slack(&build)?;
        artifacts::build_next_versions(&build)
    })?;
    let seed = options.seed.unwrap_or_else(by_the_clock);
    let siege = Siege {
        rounds: options.rounds,
        seed,
    };
    let home = Home::new()?;
    let machine = Machine::new(&home)?;
    let death = if options.power {
        Death::PowerCut(&machine)
    } else {
        Death::Kill
    };
    let laid = steps.step(&format!("{} rounds, seed {seed}", siege.rounds), || {
        siege.lay(&home, death, |report| {
            eprintln!(
                "round {:>4}: {} kills, {} events, {} rows, {} messages ({} in the window), {} differences",
                report.rounds,
                report.kills,
                report.events,
                report.rows,
                report.messages,
                report.in_window,
                report.differences.len(),
            );
        })
    });
    match laid {
        Ok(report) if report.differences.is_empty() => {
            println!("{report}");
            steps.finish("nothing lost, nothing twice");
            Ok(())
        }
        Ok(report) => {
            println!("{report}");
            bail!(
                "{} differences; the server's data and log are kept in {}",
                style(report.differences.len()).red(),
                home.keep().display()
            )
        }
        Err(error) => {
            let kept = home.keep();
            Err(error.context(format!(
                "seed {seed}; the server's data and log are kept in {}",
                kept.display()
            )))
        }
    }
}

/// A seed that the last run did not have.
fn by_the_clock() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
