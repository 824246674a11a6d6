//! Differences, as people read them: what is wanted with `-`, what came with `+`, and some of what stands around it.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::{Difference, PlayedTurn};
use crate::output::{Tone, printable, printable_lines};

/// How many lines around a difference are shown.
const AROUND: usize = 3;

/// All that is wrong with a turn, as lines that begin with `indent`.
pub fn differences(turn: &PlayedTurn, indent: &str) -> String {
    let mut lines = Vec::new();
    for difference in &turn.differences {
        describe(difference, &mut lines);
    }
    let warn = Tone::Warn.style();
    for denial in &turn.denials {
        lines.push(format!("{warn}denied:{warn:#} {}", printable(denial)));
    }
    let lines = lines.iter().map(|line| format!("{indent}{line}\n"));
    lines.collect()
}

fn describe(difference: &Difference, lines: &mut Vec<String>) {
    if difference.part == "failure" {
        return failure(difference, lines);
    }
    lines.push(format!("{} (- wanted, + got):", difference.part));
    let (wanted, got) = (text(&difference.wanted), text(&difference.got));
    let diff = TextDiff::from_lines(&wanted, &got);
    for (nth, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if nth > 0 {
            lines.push("  ...".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, tone) = match change.tag() {
                ChangeTag::Delete => ('-', Tone::Bad),
                ChangeTag::Insert => ('+', Tone::Good),
                ChangeTag::Equal => (' ', Tone::Dim),
            };
            let (style, line) = (tone.style(), change.value().trim_end_matches('\n'));
            lines.push(format!("{style}{sign} {}{style:#}", printable(line)));
        }
    }
}

fn failure(difference: &Difference, lines: &mut Vec<String>) {
    match (difference.wanted.as_str(), difference.got.as_str()) {
        (None, Some(got)) => lines.push("it failed:".to_owned() + &below(got)),
        (Some(wanted), None) => {
            lines.push("it did not fail, as it must with:".to_owned() + &below(wanted))
        }
        (wanted, got) => {
            lines.push("it failed otherwise:".to_owned() + &below(got.unwrap_or_default()));
            lines.push("than it must:".to_owned() + &below(wanted.unwrap_or_default()));
        }
    }
}

/// A text that may have several lines, where it reads well.
fn below(text: &str) -> String {
    format!(" {}", printable_lines(text).replace('\n', "\n    "))
}

/// JSON with a line a value, so that what differs is a line.
fn text(value: &Value) -> String {
    // A `Value` can always be written.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_shown_with_what_stands_around_it() {
        let row = |at: u32, script: &str| json!({"ClientId": "C.1", "At": at, "Script": script});
        let turn = PlayedTurn {
            name: "a turn".to_owned(),
            line: 3,
            differences: vec![
                Difference {
                    part: "rows",
                    wanted: json!([row(1, "whoami"), row(2, "dir"), row(3, "x")]),
                    got: json!([row(1, "whoami\u{1b}"), row(2, "dir"), row(3, "x")]),
                },
                Difference {
                    part: "labels",
                    wanted: json!({}),
                    got: json!({"C.1": []}),
                },
                Difference {
                    part: "failure",
                    wanted: json!(null),
                    got: json!("it broke\nin two"),
                },
            ],
            denials: vec!["http.send POST https://h/: no grant".to_owned()],
            time: Duration::ZERO,
        };
        let shown = anstream::adapter::strip_str(&differences(&turn, "")).to_string();
        insta::assert_snapshot!(shown, @r#"
        rows (- wanted, + got):
            {
              "At": 1,
              "ClientId": "C.1",
        -     "Script": "whoami"
        +     "Script": "whoami\u001b"
            },
            {
              "At": 2,
        labels (- wanted, + got):
        - {}
        + {
        +   "C.1": []
        + }
        it failed: it broke
            in two
        denied: http.send POST https://h/: no grant
        "#);
    }
}
