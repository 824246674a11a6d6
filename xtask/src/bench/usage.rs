//! Time on the clock and on the processors.

use std::{
    fs,
    ops::Sub,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use nix::sys::{
    resource::{Usage, UsageWho, getrusage},
    time::TimeValLike as _,
};

/// What something took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    /// On the clock.
    pub(crate) elapsed: Duration,
    /// On the processors, in the program and in the kernel for it.
    pub(crate) cpu: Duration,
}

/// Runs a command to its end, which must be a good one.
pub(crate) fn run(command: &mut Command) -> Result<Took> {
    let (began, before) = (Instant::now(), children()?);
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(Took {
        elapsed: began.elapsed(),
        cpu: children()?.sub(before),
    })
}

/// The processor time of the children that were waited for.
pub(crate) fn children() -> Result<Duration> {
    Ok(of(&getrusage(UsageWho::RUSAGE_CHILDREN)?))
}

/// The processor time of this program.
pub(crate) fn own() -> Result<Duration> {
    Ok(of(&getrusage(UsageWho::RUSAGE_SELF)?))
}

fn of(usage: &Usage) -> Duration {
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros.unsigned_abs())
}

/// The processor time of a running program, in hundredths of a second.
pub(crate) fn process(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The program's name stands in parentheses and may hold anything; the fields after it are numbers.
    let (_, fields) = stat.rsplit_once(") ").context("/proc/PID/stat")?;
    let ticks: u64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_millis(ticks * 10))
}
