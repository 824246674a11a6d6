//! From an event to its row, at a steady thousand events a second, one event a request.

use std::{
    collections::HashMap,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use watchbox_tests::{
    Home,
    sample::{self, Fleet},
};

use super::Work;

/// What the artifact is installed as.
pub(crate) const ARTIFACT: &str = "Server.Powershell.EncodedCommand";

/// Events a second.
pub(crate) const RATE: u32 = 1_000;

/// Connections among which they are shared.
const SENDERS: u32 = 4;

/// How long it took until the row came over the live stream: half of them at most so long, and all but one in a hundred.
#[derive(Debug)]
pub(crate) struct Latency {
    /// From when the event was sent.
    pub(crate) sent: (Duration, Duration),
    /// From when its answer was there: it is accepted, and on disk.
    pub(crate) accepted: (Duration, Duration),
}

/// When an event was sent, and when its answer was there.
type Times = (Instant, Instant);

/// Measures for so many seconds. Every event has a row, by which it is known.
pub(crate) fn measure(work: &Work, seconds: u32) -> Result<Latency> {
    let home = Home::new()?;
    let server = work.server(&home)?;
    let rows = server.api().live(&format!("rows/{ARTIFACT}"), None)?;
    let count = RATE * seconds;
    let began = Instant::now();
    let times = thread::scope(|scope| -> Result<HashMap<String, Times>> {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let api = server.api().clone();
                scope.spawn(move || -> Result<Vec<(String, Times)>> {
                    let mut fleet = Fleet::new(sender.into(), 20);
                    let mut times = Vec::new();
                    for number in (sender..count).step_by(SENDERS as usize) {
                        let script = format!("Write-Output {number}");
                        let event = fleet.encoded(&script).json;
                        wait_until(began + Duration::from_secs(1) * number / RATE);
                        let sent = Instant::now();
                        api.accept_events(sample::ARTIFACT, event.as_bytes())?;
                        times.push((script, (sent, Instant::now())));
                    }
                    Ok(times)
                })
            })
            .collect();
        let mut times = HashMap::new();
        for sender in senders {
            times.extend(sender.join().ok().context("a sender panicked")??);
        }
        Ok(times)
    })?;
    let (mut sent, mut accepted) = (Vec::new(), Vec::new());
    for row in rows.take_within(count as usize, Duration::from_secs(60))? {
        let script = row.row["Script"]
            .as_str()
            .context("a row without its script")?;
        let times = times
            .get(script)
            .with_context(|| format!("`{script}` was never sent"))?;
        sent.push(row.at - times.0);
        // A row may be seen before the answer is.
        accepted.push(row.at.saturating_duration_since(times.1));
    }
    server.stop()?;
    Ok(Latency {
        sent: percentiles(sent)?,
        accepted: percentiles(accepted)?,
    })
}

fn wait_until(due: Instant) {
    let mut left = due.saturating_duration_since(Instant::now());
    while !left.is_zero() {
        thread::park_timeout(left);
        left = due.saturating_duration_since(Instant::now());
    }
}

/// The 50th and the 99th.
fn percentiles(mut times: Vec<Duration>) -> Result<(Duration, Duration)> {
    times.sort_unstable();
    let at = |hundredth: usize| {
        times
            .get(times.len() * hundredth / 100)
            .copied()
            .context("nothing was measured")
    };
    Ok((at(50)?, at(99)?))
}
