//! What an artifact says in a turn: the lines it logs, under the limits, and the host's notes beside them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use watchbox_model::{Level, Limits, Message, limits::Limit, message::Source};

use crate::printable;

/// The turn's messages. Clones are the same: the standard streams of an inert WASI write here as well.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(Arc<Mutex<Said>>);

#[derive(Debug, Default)]
struct Said {
    messages: Vec<Message>,
    lines: u32,
    dropped: u32,
    max_lines: u32,
    max_bytes: usize,
}

impl Lines {
    fn said(&self) -> MutexGuard<'_, Said> {
        // A panic elsewhere leaves at worst a line too few; there is nothing to protect from it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the limits of the turn that begins.
    pub(crate) fn begin(&self, limits: &Limits) {
        let mut said = self.said();
        said.lines = 0;
        said.dropped = 0;
        said.max_lines = limits.log_lines;
        said.max_bytes = limits.log_line_bytes as usize;
    }

    /// A line of the artifact. Says whether it was kept: past the limit it is counted and dropped.
    pub(crate) fn artifact(&self, level: Level, text: &str) -> bool {
        let mut said = self.said();
        if said.lines >= said.max_lines {
            said.dropped = said.dropped.saturating_add(1);
            return false;
        }
        said.lines += 1;
        let text = printable::lines(text, said.max_bytes);
        said.messages.push(Message {
            level,
            source: Source::Artifact,
            text,
        });
        true
    }

    /// A note of the host. No limit holds it: the host writes a bounded number a turn.
    pub(crate) fn host(&self, level: Level, text: String) {
        self.said().messages.push(Message {
            level,
            source: Source::Host,
            text,
        });
    }

    /// The longest line that is kept.
    pub(crate) fn max_bytes(&self) -> usize {
        self.said().max_bytes
    }

    /// Ends the turn: all messages, and how many lines were dropped.
    pub(crate) fn finish(&self) -> (Vec<Message>, u32) {
        let mut said = self.said();
        let dropped = said.dropped;
        let mut messages = std::mem::take(&mut said.messages);
        if dropped > 0 {
            messages.push(Message {
                level: Level::Warn,
                source: Source::Host,
                text: format!(
                    "{dropped} lines were dropped: limit `{}` allows {} a turn",
                    Limit::LogLines,
                    said.max_lines
                ),
            });
        }
        (messages, dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(log_lines: u32, log_line_bytes: u32) -> Lines {
        let lines = Lines::default();
        lines.begin(&Limits {
            log_lines,
            log_line_bytes,
            ..Limits::default()
        });
        lines
    }

    #[test]
    fn lines_past_the_limit_are_counted_and_told_once() {
        let lines = lines(2, 100);
        let kept: Vec<bool> = (0..5)
            .map(|n| lines.artifact(Level::Info, &format!("line {n}")))
            .collect();
        assert_eq!(kept, [true, true, false, false, false]);
        let (messages, dropped) = lines.finish();
        assert_eq!(dropped, 3);
        let texts: Vec<&str> = messages
            .iter()
            .map(|message| message.text.as_str())
            .collect();
        insta::assert_snapshot!(texts.join("\n"), @r"
        line 0
        line 1
        3 lines were dropped: limit `log-lines` allows 2 a turn
        ");
        assert_eq!(messages[2].source, Source::Host);
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_turn_starts_afresh() {
        let lines = lines(1, 8);
        lines.artifact(Level::Error, "0123456789");
        let (messages, _) = lines.finish();
        assert_eq!(messages[0].text, "01234…");
        lines.begin(&Limits::default());
        assert!(lines.artifact(Level::Info, "again"));
        assert_eq!(lines.finish().0.len(), 1);
    }
}
