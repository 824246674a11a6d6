//! What an artifact says in a turn: the lines it logs, under the limits, and the host's notes beside them.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use watchbox_model::{Level, Limits, Message, limits::Limit, message::Source};

use crate::printable;

const MINUTE: Duration = Duration::from_secs(60);

/// How many lines an installation wrote in the minute at hand, over all its instances and turns.
#[derive(Debug, Default)]
pub struct LineCount(Mutex<Minute>);

#[derive(Debug, Default)]
struct Minute {
    /// When it began: with the first line after the one before was over.
    began: Option<Instant>,
    lines: u32,
    /// Whether it was said that lines are dropped.
    is_told: bool,
}

impl LineCount {
    /// The minute at `now`.
    fn at(&self, now: Instant) -> MutexGuard<'_, Minute> {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |began: Instant| now.saturating_duration_since(began) >= MINUTE;
        if minute.began.is_none_or(is_over) {
            *minute = Minute {
                began: Some(now),
                ..Minute::default()
            };
        }
        minute
    }
}

/// The turn's messages. Clones are the same: the standard streams of an inert WASI, and a request under way, write here as well.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    said: Arc<Mutex<Said>>,
    /// Nothing where they count for no minute.
    count: Option<Arc<LineCount>>,
}

#[derive(Debug, Default)]
struct Said {
    messages: Vec<Message>,
    lines: u32,
    max_lines: u32,
    max_in_minute: u32,
    max_bytes: usize,
    /// Dropped by the turn's limit, and by the minute's.
    dropped: [u32; 2],
    /// Whether the minute's limit is to be told.
    tells_minute: bool,
}

impl Lines {
    /// Those of an instance whose installation counts them in `count`.
    pub(crate) fn counted(count: Arc<LineCount>) -> Self {
        Self {
            count: Some(count),
            ..Self::default()
        }
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        // A panic elsewhere leaves at worst a line too few; there is nothing to protect from it.
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the limits of the turn that begins.
    pub(crate) fn begin(&self, limits: &Limits) {
        let mut said = self.said();
        said.lines = 0;
        said.dropped = [0; 2];
        said.max_lines = limits.log_lines;
        said.max_in_minute = limits.log_lines_per_minute;
        said.max_bytes = limits.log_line_bytes as usize;
    }

    /// A line of the artifact. Says whether it was kept: past the limit it is counted and dropped.
    pub(crate) fn artifact(&self, level: Level, text: &str) -> bool {
        let mut said = self.said();
        let mut minute = self.count.as_ref().map(|count| count.at(Instant::now()));
        // The minute first: that it drops lines is told once in it, so that notes about lines are bounded too.
        if let Some(minute) = &mut minute
            && minute.lines >= said.max_in_minute
        {
            said.tells_minute |= !std::mem::replace(&mut minute.is_told, true);
            said.dropped[1] = said.dropped[1].saturating_add(1);
            return false;
        }
        if said.lines >= said.max_lines {
            said.dropped[0] = said.dropped[0].saturating_add(1);
            return false;
        }
        if let Some(minute) = &mut minute {
            minute.lines += 1;
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
        let [in_turn, in_minute] = said.dropped;
        let mut messages = std::mem::take(&mut said.messages);
        let mut note = |text| {
            messages.push(Message {
                level: Level::Warn,
                source: Source::Host,
                text,
            });
        };
        if in_turn > 0 {
            note(format!(
                "{in_turn} lines were dropped: limit `{}` allows {} a turn",
                Limit::LogLines,
                said.max_lines
            ));
        }
        if std::mem::take(&mut said.tells_minute) {
            note(format!(
                "lines are dropped until the minute is over: limit `{}` allows {} a minute",
                Limit::LogLinesPerMinute,
                said.max_in_minute
            ));
        }
        (messages, in_turn.saturating_add(in_minute))
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

    #[test]
    fn lines_of_a_minute_are_counted_over_all_instances_and_told_once() {
        let count = Arc::new(LineCount::default());
        let lines = || {
            let lines = Lines::counted(count.clone());
            lines.begin(&Limits {
                log_lines: 2,
                log_lines_per_minute: 3,
                ..Limits::default()
            });
            lines
        };
        let write = |lines: &Lines| (0..4).filter(|_| lines.artifact(Level::Info, "x")).count();
        let (one, two, three) = (lines(), lines(), lines());
        assert_eq!([write(&one), write(&two), write(&three)], [2, 1, 0]);
        let told = |lines: &Lines| {
            let (messages, dropped) = lines.finish();
            let notes = messages
                .into_iter()
                .filter(|line| line.source == Source::Host);
            (
                notes.map(|line| line.text).collect::<Vec<_>>().join("\n"),
                dropped,
            )
        };
        insta::assert_snapshot!(told(&one).0, @"2 lines were dropped: limit `log-lines` allows 2 a turn");
        let (text, dropped) = told(&two);
        insta::assert_snapshot!(text, @"lines are dropped until the minute is over: limit `log-lines-per-minute` allows 3 a minute");
        assert_eq!(dropped, 3);
        assert_eq!(told(&three), (String::new(), 4));
        // The next minute.
        count.0.lock().unwrap().began = Instant::now().checked_sub(MINUTE);
        assert_eq!(write(&lines()), 2);
    }
}
