//! What a run came to.

use std::time::Duration;

use indicatif::HumanCount;
use serde::Serialize;
use watchbox_model::event::Refusal;

use crate::output::{Tone, printable};

/// The most refused lines that are told one by one.
const TOLD: usize = 5;

/// What a run came to, so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Events read.
    pub events: u64,
    /// Lines refused.
    pub refused: u64,
    /// The first of them.
    pub refusals: Vec<RefusedLine>,
    /// Events that passed the filter.
    pub matched: u64,
    /// Rows emitted.
    pub rows: u64,
    /// Turns that succeeded.
    pub turns: u64,
    /// Tries that were discarded.
    pub discarded: u64,
    /// Events, or ticks, that could not be handled.
    pub failures: u64,
    /// Calls to the host that were denied.
    pub denied: u64,
    /// Labels put on or taken off.
    pub labels: u64,
    /// Keys of the state set or removed.
    pub state: u64,
    /// Requests that were withheld.
    pub withheld: u64,
    /// How long it took, without the loading of the artifact.
    pub seconds: f64,
    /// Events read a second.
    pub events_per_second: f64,
}

/// A line that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedLine {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl Summary {
    /// Takes note of refused lines.
    pub fn refuse(&mut self, total: u64, refused: Vec<Refusal>) {
        self.refused += total;
        let room = TOLD - self.refusals.len();
        self.refusals
            .extend(refused.into_iter().take(room).map(|refusal| RefusedLine {
                line: refusal.line,
                reason: refusal.reason,
            }));
    }

    /// Takes note of the time.
    pub fn took(&mut self, time: Duration) {
        self.seconds = time.as_secs_f64();
        if self.seconds > 0.0 {
            self.events_per_second = self.events as f64 / self.seconds;
        }
    }

    /// For people, with the unhandled counted as `unit`s.
    pub fn text(&self, unit: &str) -> String {
        let mut text = format!("{} in {:.2} s", counted(self.turns, "turn"), self.seconds);
        if self.events > 0 {
            text = format!(
                "{} in {:.2} s ({} a second), {} matched, {}",
                counted(self.events, "event"),
                self.seconds,
                HumanCount(self.events_per_second as u64),
                HumanCount(self.matched),
                counted(self.turns, "turn"),
            );
        }
        text.push_str(&format!(", {}", counted(self.rows, "row")));
        for (count, what) in [
            (self.labels, "label change"),
            (self.state, "state change"),
            (self.withheld, "request withheld"),
        ] {
            if count > 0 {
                text.push_str(&format!(", {}", counted(count, what)));
            }
        }
        let bad = Tone::Bad.style();
        let warn = Tone::Warn.style();
        if self.refused > 0 {
            text.push_str(&format!(
                "\n{warn}{} refused{warn:#}",
                counted(self.refused, "line")
            ));
            for refusal in &self.refusals {
                text.push_str(&format!(
                    "\n  line {}: {}",
                    refusal.line,
                    printable(&refusal.reason)
                ));
            }
            if self.refused > self.refusals.len() as u64 {
                text.push_str("\n  …");
            }
        }
        if self.discarded > self.failures {
            text.push_str(&format!(
                "\n{warn}{} discarded{warn:#}",
                counted(self.discarded, "try")
            ));
        }
        if self.denied > 0 {
            text.push_str(&format!(
                "\n{warn}{} denied{warn:#}",
                counted(self.denied, "call")
            ));
        }
        if self.failures > 0 {
            text.push_str(&format!(
                "\n{bad}{} could not be handled{bad:#}",
                counted(self.failures, unit)
            ));
        }
        text
    }
}

/// `2,000 rows`.
fn counted(count: u64, what: &str) -> String {
    let plural = match (count, what) {
        (1, _) => what.to_owned(),
        (_, "try") => "tries".to_owned(),
        (_, "request withheld") => "requests withheld".to_owned(),
        _ => format!("{what}s"),
    };
    format!("{} {plural}", HumanCount(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_run_is_one_line() {
        let mut summary = Summary {
            events: 200_000,
            matched: 2_000,
            turns: 2,
            rows: 1_999,
            ..Summary::default()
        };
        summary.took(Duration::from_millis(250));
        insta::assert_snapshot!(summary.text("event"), @"200,000 events in 0.25 s (800,000 a second), 2,000 matched, 2 turns, 1,999 rows");
    }

    #[test]
    fn what_went_wrong_is_counted_and_the_first_of_it_told() {
        let mut summary = Summary {
            events: 10,
            turns: 1,
            discarded: 5,
            failures: 1,
            denied: 2,
            labels: 1,
            ..Summary::default()
        };
        let refusal = |line| Refusal {
            line,
            reason: "this is no \u{1b}object".to_owned(),
        };
        summary.refuse(4, (1..=4).map(refusal).collect());
        summary.refuse(3, (5..=7).map(refusal).collect());
        assert_eq!(summary.refusals.len(), TOLD);
        insta::assert_snapshot!(anstream::adapter::strip_str(&summary.text("event")), @r"
        10 events in 0.00 s (0 a second), 0 matched, 1 turn, 0 rows, 1 label change
        7 lines refused
          line 1: this is no \u{1b}object
          line 2: this is no \u{1b}object
          line 3: this is no \u{1b}object
          line 4: this is no \u{1b}object
          line 5: this is no \u{1b}object
          …
        5 tries discarded
        2 calls denied
        1 event could not be handled
        ");
    }
}
