//! `cargo xtask demo`: the whole of it at work on this machine, from event to row and from clock to webhook.

mod check;
mod events;
mod show;
mod stage;

use std::{
    path::PathBuf,
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use watchbox_tests::{Build, Reply, Sink, sample::ARTIFACT};

use events::Events;
use stage::Stage;

/// How many made-up events `--once` sends.
const ONCE: usize = 2_000;

/// How often events are sent: each time, as many as are due.
const BEAT: Duration = Duration::from_millis(100);

/// How often one of the commands to try is shown again.
const HINT: Duration = Duration::from_secs(20);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// One round: send the events once, check what came out, and end
    #[arg(long)]
    once: bool,
    /// Your own process-creation events, one JSON object a line, in place of made-up ones
    #[arg(long, value_name = "FILE.ndjson")]
    events: Option<PathBuf>,
    /// Events a second [default: 100, with --once 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: Option<u32>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let build = Build::current()?;
    let events = match &options.events {
        Some(file) => Events::read(file)?,
        None => Events::made_up(),
    };
    let components = stage::build(&build)?;
    let (stopped, stop) = channel();
    ctrlc::set_handler(move || _ = stopped.send(())).context("Ctrl-C can't be caught")?;

    let sink = Sink::start()?;
    // The webhook's first answer is "too many": one sees that the artifact waits as long as it is told to.
    sink.answer_next([Reply::TooMany(1)]);
    let stage = Stage::set_up(&build, &components, &sink, &events)?;
    let bar = bar(options.once, events.len());
    let shown = show::Shown::start(&stage, sink, &bar)?;
    let rate = options
        .rate
        .unwrap_or(if options.once { 1_000 } else { 100 });
    if options.once {
        let sent = send(&stage, events.once(), rate, &stop, &bar)?;
        bar.finish_and_clear();
        check::check(
            &build,
            &stage,
            &components,
            &shown,
            &events,
            sent,
            options.events.as_deref(),
        )?;
    } else {
        stage.say_what_to_try();
        send(&stage, events.for_ever(), rate, &stop, &bar)?;
        bar.finish_and_clear();
        eprintln!("stopping");
    }
    stage.tear_down()
}

fn bar(once: bool, total: usize) -> ProgressBar {
    let (bar, template) = if once {
        (
            ProgressBar::new(total as u64),
            "{bar:40.cyan} {pos}/{len} events sent  {msg}",
        )
    } else {
        (
            ProgressBar::new_spinner(),
            "{spinner:.cyan} {pos} events sent  {msg}  (Ctrl-C stops)",
        )
    };
    // The template is one of the two above; both are right.
    bar.with_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}

/// Sends events at a steady rate until there are no more, or Ctrl-C; gives how many the server accepted.
fn send<'a>(
    stage: &Stage,
    events: impl Iterator<Item = &'a str>,
    rate: u32,
    stop: &Receiver<()>,
    bar: &ProgressBar,
) -> Result<u64> {
    let mut events = events.peekable();
    let (began, mut hinted, mut hints) = (
        Instant::now(),
        Instant::now(),
        stage.hints().into_iter().cycle(),
    );
    let (mut due_before, mut accepted) = (0, 0);
    while events.peek().is_some() && stop.recv_timeout(BEAT).is_err() {
        let due = (began.elapsed().as_secs_f64() * f64::from(rate)) as usize;
        let body: String = events
            .by_ref()
            .take(due - due_before)
            .flat_map(|event| [event, "\n"])
            .collect();
        due_before = due;
        if !body.is_empty() {
            accepted += stage
                .server
                .api()
                .accept_events(ARTIFACT, body.as_bytes())?;
            bar.set_position(accepted);
        }
        if bar.length().is_none() && hinted.elapsed() > HINT {
            hinted = Instant::now();
            if let Some((what, command)) = hints.next() {
                bar.suspend(|| eprintln!("{}", show::hint(what, &command)));
            }
        }
    }
    Ok(accepted)
}
