//! Through the server: HTTP, on disk before the answer, filtered, decoded in the sandbox, rows stored.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use watchbox_tests::{Home, sample};

use super::{
    Work,
    usage::{self, Took},
};

/// Events a request.
pub(crate) const REQUEST: usize = 1_000;

/// Connections that send at once.
pub(crate) const SENDERS: usize = 2;

/// What it took, from the first event sent to the last row stored.
#[derive(Debug)]
pub(crate) struct Through {
    pub(crate) events: usize,
    pub(crate) took: Took,
    /// Of the processor time, the server's.
    pub(crate) server: Duration,
}

/// Sends the file's events again and again until `events` are sent.
pub(crate) fn measure(work: &Work, events: usize) -> Result<Through> {
    let home = Home::new()?;
    let server = work.server(&home)?;
    let text = fs::read(&work.file)?;
    let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let bodies: Vec<Vec<u8>> = lines.chunks_exact(REQUEST).map(<[_]>::concat).collect();
    ensure!(!bodies.is_empty(), "at least {REQUEST} events are needed");
    let rounds = events.div_ceil(bodies.len() * REQUEST);
    let events = rounds * bodies.len() * REQUEST;
    let rows_due = rounds * work.rows;

    let bar = ProgressBar::new(events as u64);
    bar.set_style(ProgressStyle::with_template(
        "  {bar:40.cyan} {human_pos}/{human_len} events",
    )?);
    let rows = server
        .api()
        .live(&format!("rows/{}", super::latency::ARTIFACT), None)?;
    let (began, own, server_before) =
        (Instant::now(), usage::own()?, usage::process(server.pid())?);
    thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let (bodies, bar, api) = (&bodies, &bar, server.api().clone());
                scope.spawn(move || -> Result<()> {
                    for body in
                        (0..rounds).flat_map(|_| bodies.iter().skip(sender).step_by(SENDERS))
                    {
                        bar.inc(api.accept_events(sample::ARTIFACT, body)?);
                    }
                    Ok(())
                })
            })
            .collect();
        senders
            .into_iter()
            .try_for_each(|sender| sender.join().ok().context("a sender panicked")?)
    })?;
    let last = rows
        .take_within(rows_due, Duration::from_secs(600))?
        .pop()
        .context("no rows")?;
    bar.finish_and_clear();
    let server_cpu = usage::process(server.pid())?.saturating_sub(server_before);
    let took = Took {
        elapsed: last.at - began,
        cpu: server_cpu + usage::own()?.saturating_sub(own),
    };
    ensure!(
        server.api().rows(super::latency::ARTIFACT)?.len() == rows_due,
        "rows were lost or doubled"
    );
    server.stop()?;
    Ok(Through {
        events,
        took,
        server: server_cpu,
    })
}
