//! What is shown as it happens: decoded rows, and what the webhook received.

use std::{sync::Arc, thread, time::Duration};

use anyhow::Result;
use console::style;
use indicatif::ProgressBar;
use serde_json::Value;
use watchbox_tests::{Received, Reply, Sink};

use super::stage::{POWERSHELL, Stage};

/// How much of a script is shown.
const WIDTH: usize = 110;

/// The two watchers. They end with the server and the sink.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) sink: Arc<Sink>,
}

impl Shown {
    /// Starts to show what comes, above `bar`.
    pub(crate) fn start(stage: &Stage, sink: Sink, bar: &ProgressBar) -> Result<Self> {
        let sink = Arc::new(sink);
        let rows = stage
            .server
            .api()
            .live(&format!("rows/{POWERSHELL}"), None)?;
        let row_bar = bar.clone();
        thread::spawn(move || {
            rows.for_each(|row| row_bar.suspend(|| println!("{}", show_row(&row.row))))
        });
        let watched = Arc::downgrade(&sink);
        let bar = bar.clone();
        thread::spawn(move || {
            let mut shown = 0;
            while let Some(sink) = watched.upgrade() {
                // Comes back now and then without news, to see whether the demo is over.
                let news = sink.wait(Duration::from_millis(500), |received| {
                    received.len() > shown
                });
                for message in news.iter().flatten().skip(shown) {
                    bar.suspend(|| println!("{}", show_message(message)));
                    shown += 1;
                }
            }
        });
        Ok(Self { sink })
    }
}

fn show_row(row: &Value) -> String {
    let word = |column: &str| printable(row[column].as_str().unwrap_or_default());
    format!(
        "{} {}  {}",
        style("row    ").green(),
        style(word("ClientId")).dim(),
        word("Script")
    )
}

fn show_message(message: &Received) -> String {
    let text = match &message.text {
        Ok(text) => printable(text),
        Err(problem) => problem.clone(),
    };
    match message.reply {
        Reply::Accept => format!("{} {text}", style("message").magenta()),
        Reply::TooMany(seconds) => {
            let answer = format!("answered 429, Retry-After: {seconds}");
            format!(
                "{} {text}  {}",
                style("message").yellow(),
                style(answer).yellow()
            )
        }
        _ => format!("{} refused: {text}", style("message").red()),
    }
}

/// A command to try.
pub(crate) fn hint(what: &str, command: &str) -> String {
    format!("  {} {command}", style(format!("# {what}\n ")).dim())
}

/// Text of a stranger's on one line of the terminal: nothing in it acts on the terminal.
fn printable(text: &str) -> String {
    let mut line: String = text
        .chars()
        .take(WIDTH)
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect();
    if text.chars().nth(WIDTH).is_some() {
        line.push('\u{2026}');
    }
    line
}
