//! The job over a file: by `watchbox run`, natively in Rust, and in Python.

use std::{
    fs::{self, File},
    process::Command,
};

use anyhow::{Result, ensure};

use super::{
    Work,
    usage::{self, Took},
};

/// One way to do it, and its best run.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) took: Took,
}

/// All ways, `watchbox run` first, native second.
pub(crate) fn measure(work: &Work, runs: u32) -> Result<Vec<Job>> {
    let run = || -> Result<Command> {
        let mut command = Command::new(work.build.program("watchbox")?);
        command
            .arg("run")
            .arg(&work.component)
            .arg("--grants")
            .arg(&work.grants)
            .arg("--events")
            .arg(&work.file);
        Ok(command)
    };
    let native = || -> Result<Command> {
        let mut command = Command::new(work.build.program("bench-native")?);
        command
            .arg(
                work.build
                    .root()
                    .join("plugins/server-powershell-encodedcommand/artifact.yaml"),
            )
            .arg(&work.file);
        Ok(command)
    };
    let python = || -> Result<Command> {
        let mut command = Command::new("python3");
        command
            .arg(work.build.root().join("tests/bench/peer.py"))
            .arg(&work.file);
        Ok(command)
    };
    let jobs: [(&'static str, &dyn Fn() -> Result<Command>); 3] = [
        ("watchbox run", &run),
        ("native Rust, the same code", &native),
        ("CPython, json + re", &python),
    ];
    // In turns, so that what else the machine does falls on all of them.
    let mut best: Vec<Option<Took>> = vec![None; jobs.len()];
    for nth in 1..=runs {
        for ((name, command), best) in jobs.iter().zip(&mut best) {
            let took = once(work, command()?)?;
            eprintln!(
                "  {nth}/{runs} {name}: {:.0} ms on the clock, {:.0} ms of CPU",
                millis(took.elapsed),
                millis(took.cpu)
            );
            let kept = best.get_or_insert(took);
            kept.elapsed = kept.elapsed.min(took.elapsed);
            kept.cpu = kept.cpu.min(took.cpu);
        }
    }
    Ok(jobs
        .iter()
        .zip(best)
        .filter_map(|((name, _), took)| Some(Job { name, took: took? }))
        .collect())
}

/// One run; its rows must be all that there are.
fn once(work: &Work, mut command: Command) -> Result<Took> {
    let rows = work.file.with_file_name("rows.ndjson");
    let took = usage::run(
        command
            .stdout(File::create(&rows)?)
            .stderr(File::create(work.file.with_file_name("stderr"))?),
    )?;
    let found = fs::read_to_string(&rows)?.lines().count();
    ensure!(
        found == work.rows,
        "{command:?} wrote {found} rows, where {} must come out",
        work.rows
    );
    Ok(took)
}

fn millis(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
