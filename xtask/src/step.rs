//! Headings, so that one sees how far a long task has come.

use std::time::Instant;

use anyhow::{Context as _, Result};
use console::style;

/// Counts the steps of a task.
#[derive(Debug)]
pub(crate) struct Steps {
    total: usize,
    done: usize,
    began: Instant,
}

impl Steps {
    /// A task of `total` steps.
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            done: 0,
            began: Instant::now(),
        }
    }

    /// Does the next step under its heading.
    pub(crate) fn step<T>(&mut self, title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.done += 1;
        let count = format!("[{}/{}]", self.done, self.total);
        eprintln!("\n{} {}", style(&count).cyan().bold(), style(title).bold());
        work().with_context(|| format!("step {count} failed: {title}"))
    }

    /// Says that all went well.
    pub(crate) fn finish(self, what: &str) {
        let seconds = self.began.elapsed().as_secs();
        eprintln!("\n{} {what} ({seconds} s)", style("ok").green().bold());
    }
}
