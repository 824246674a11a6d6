//! How far a run is, on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

/// A progress bar; where stderr is no terminal, none.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
    output: Output,
}

impl Progress {
    /// A bar for `total` bytes, or for nobody knows how many.
    pub fn new(total: Option<u64>, output: &Output) -> Self {
        let shown = output.remarks_on_terminal() && !output.json();
        let target = if shown {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let template = match total {
            Some(_) => "{wide_bar} {bytes}/{total_bytes} {msg} {eta}",
            None => "{spinner} {bytes} {msg}",
        };
        let mut bar = ProgressBar::with_draw_target(total, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar = bar.with_style(style);
        }
        if shown {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Self {
            bar,
            output: *output,
        }
    }

    /// Says what is being done.
    pub fn say(&self, text: impl Into<std::borrow::Cow<'static, str>>) {
        self.bar.set_message(text);
    }

    /// Goes on by so many bytes.
    pub fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Says something above the bar.
    pub fn remark(&self, text: &str) {
        self.bar.suspend(|| self.output.remark(text));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
