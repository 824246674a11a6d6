//! A case's file with what came in the place of what was wanted, where that differs. Everything else of it, comments too, stays as it is.

use std::{fmt::Write as _, ops::Range};

use anyhow::bail;
use serde_json::Value;

use super::{Case, Difference, Played, Turn};

/// The fields of a request and of a message, in the order in which they are written.
const CALL: [&str; 8] = [
    "method", "url", "headers", "body", "to", "subject", "text", "once",
];

/// The file's new text; none where nothing is to be changed. Rows are written with `columns` in that order. A failure is never written down: whether one
/// is wanted is the author's to say.
pub fn updated(case: &Case, played: &Played, columns: &[&str]) -> anyhow::Result<Option<String>> {
    let order: Vec<&str> = columns.iter().copied().chain(CALL).collect();
    let mut lines: Vec<String> = case.text.lines().map(str::to_owned).collect();
    let mut is_changed = false;
    // From the last one on, so that the lines of those before stay what they were.
    for (at, (turn, came)) in case.turns.iter().zip(&played.turns).enumerate().rev() {
        let end = match case.turns.get(at + 1) {
            Some(next) => next.line,
            None => end_of_turns(&lines, turn),
        };
        let differences: Vec<&Difference> = came
            .differences
            .iter()
            .filter(|difference| difference.part != "failure")
            .collect();
        if !differences.is_empty() {
            Block::of(case, turn, end, &lines)?.put(&differences, &order, &mut lines);
            is_changed = true;
        }
    }
    Ok(is_changed.then(|| lines.join("\n") + "\n"))
}

/// The line after the last turn's last.
fn end_of_turns(lines: &[String], turn: &Turn) -> usize {
    let indent = indent(&lines[turn.line - 1]);
    let rest = lines.iter().enumerate().skip(turn.line);
    let outside = |line: &str| !is_aside(line) && self::indent(line) <= indent;
    let mut outside = rest.filter(|(_, line)| outside(line));
    outside.next().map_or(lines.len(), |(at, _)| at) + 1
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Whether a line is blank, or a comment.
fn is_aside(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// A turn whose fields begin on lines of their own. Lines are counted from 1.
#[derive(Debug)]
struct Block {
    /// Where each field begins, and where the turn ends.
    fields: Vec<(String, Range<usize>)>,
    /// What stands before a field.
    indent: usize,
}

impl Block {
    fn of(case: &Case, turn: &Turn, end: usize, lines: &[String]) -> anyhow::Result<Self> {
        let first = &lines[turn.line - 1];
        let after_dash = first.trim_start().strip_prefix('-').map(str::trim_start);
        match (fields(turn, lines, end), after_dash) {
            (Some(fields), Some(after_dash)) => Ok(Self {
                fields,
                indent: first.len() - after_dash.len(),
            }),
            _ => bail!(
                "{}:{}: the turn can't be updated: its fields must begin on lines of their own, the first after `- `",
                case.file.display(),
                turn.line
            ),
        }
    }

    /// Puts what came in.
    fn put(&self, differences: &[&Difference], order: &[&str], lines: &mut Vec<String>) {
        let place = |difference: &Difference| {
            let mut fields = self.fields.iter();
            fields.position(|(name, _)| name == difference.part)
        };
        // What is new comes last; what is there is replaced from the last one on, so that the lines of those before stay what they were.
        let (known, new): (Vec<&Difference>, Vec<&Difference>) = differences
            .iter()
            .partition(|difference| place(difference).is_some());
        if let Some((_, last)) = self.fields.last() {
            let new = new
                .iter()
                .flat_map(|difference| self.written(difference, order))
                .collect::<Vec<_>>();
            lines.splice(last.end - 1..last.end - 1, new);
        }
        let mut known: Vec<(usize, &Difference)> = known
            .into_iter()
            .filter_map(|difference| Some((place(difference)?, difference)))
            .collect();
        known.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        for (at, difference) in known {
            let range = &self.fields[at].1;
            let mut written = self.written(difference, order);
            if at == 0 {
                // The first one carries the dash.
                let dash = lines[range.start - 1][..self.indent].to_owned();
                written[0].replace_range(..self.indent, &dash);
            } else if is_empty(&difference.got) && !matches!(difference.part, "log" | "state") {
                written.clear();
            }
            lines.splice(range.start - 1..range.end - 1, written);
        }
    }

    fn written(&self, difference: &Difference, order: &[&str]) -> Vec<String> {
        written(difference.part, &difference.got, order, self.indent)
    }
}

/// Where the fields of a turn are; none where several share a line.
fn fields(turn: &Turn, lines: &[String], end: usize) -> Option<Vec<(String, Range<usize>)>> {
    let starts: Vec<usize> = turn.fields.iter().map(|(_, line)| *line).collect();
    if starts.windows(2).any(|pair| pair[0] >= pair[1]) {
        return None;
    }
    let ends = starts.iter().skip(1).copied().chain([end]);
    let named = turn.fields.iter().zip(ends);
    let field = |((name, start), end): (&(String, usize), usize)| {
        let own = lines[*start..end - 1].iter();
        // What stands between it and the next one is not its own.
        let aside = own.rev().take_while(|line| is_aside(line)).count();
        (name.clone(), *start..end - aside)
    };
    Some(named.map(field).collect())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

/// A field as lines: a list with a line an item, a map on one line.
fn written(name: &str, value: &Value, order: &[&str], indent: usize) -> Vec<String> {
    let space = " ".repeat(indent);
    match value {
        Value::Array(items) if !items.is_empty() => {
            let items = items
                .iter()
                .map(|item| format!("{space}  - {}", flow(item, order)));
            std::iter::once(format!("{space}{name}:"))
                .chain(items)
                .collect()
        }
        value => vec![format!("{space}{name}: {}", flow(value, order))],
    }
}

/// A value on one line; of a map, what `order` names comes first.
fn flow(value: &Value, order: &[&str]) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, &[])).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let place = |key: &str| order.iter().position(|name| *name == key);
            let mut entries: Vec<(&String, &Value)> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| place(key).unwrap_or(usize::MAX));
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", scalar(key), flow(value, &[])))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A text: plain where nothing else can be read in it, else in quotes.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // What YAML can't hold as it is, or an editor would not show.
            c if c.is_control() || hides(c) => {
                let mut units = [0; 2];
                // All of them are in the basic plane, so that each is one unit.
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(quoted, "\\u{unit:04x}");
                }
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn hides(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use proptest::prelude::*;
    use serde_json::json;
    use watchbox_model::document::Document;

    use super::*;
    use crate::cases::PlayedTurn;

    fn update(
        text: &str,
        differences: Vec<Vec<(&'static str, Value)>>,
    ) -> anyhow::Result<Option<String>> {
        let case = Case::parse(Path::new("a.yaml"), text.to_owned())?;
        let turn = |differences: Vec<(&'static str, Value)>| PlayedTurn {
            name: String::new(),
            line: 0,
            differences: differences
                .into_iter()
                .map(|(part, got)| Difference {
                    part,
                    wanted: Value::Null,
                    got,
                })
                .collect(),
            denials: Vec::new(),
            time: Duration::ZERO,
        };
        let played = Played {
            file: case.file.clone(),
            turns: differences.into_iter().map(turn).collect(),
        };
        updated(&case, &played, &["Text", "A"])
    }

    const CASE: &str = "\
# A case.
turns:
  - name: one # the first
    tick: 1
    # What comes out.
    rows:
      - { A: 1 }
      # the other
      - { A: 2 }

  - name: two
    tick: 2
    requests: [ { method: GET, url: x } ]
    labels: { C.1: [] }
  # The last one.
  - name: three
    tick: 3
# The end.
parameters: {}
";

    #[test]
    fn what_differs_is_written_and_the_rest_stays() {
        assert_eq!(update(CASE, vec![vec![], vec![], vec![]]).unwrap(), None);
        let updated = update(
            CASE,
            vec![
                vec![
                    ("rows", json!([{"A": 1.0, "Text": "a: b"}])),
                    ("log", json!(["info: x"])),
                ],
                vec![
                    ("requests", json!([])),
                    ("labels", json!({"C.1": ["Slack", "no"]})),
                ],
                vec![
                    ("rows", json!([{"B": null}])),
                    ("labels", json!({"C.2": []})),
                ],
            ],
        );
        insta::assert_snapshot!(updated.unwrap().unwrap(), @r#"
        # A case.
        turns:
          - name: one # the first
            tick: 1
            # What comes out.
            rows:
              - { Text: "a: b", A: 1.0 }
            log:
              - "info: x"

          - name: two
            tick: 2
            labels: { C.1: [Slack, "no"] }
          # The last one.
          - name: three
            tick: 3
            rows:
              - { B: null }
            labels: { C.2: [] }
        # The end.
        parameters: {}
        "#);
    }

    #[test]
    fn a_turn_on_one_line_is_refused_with_its_place() {
        let text = "turns:\n  - { name: a, tick: 1 }\n";
        let error = update(text, vec![vec![("rows", json!([{}]))]]).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("a.yaml:2: the turn can't be updated"),
            "{error}"
        );
        // As long as it needs no change, it may stand so.
        assert_eq!(update(text, vec![vec![]]).unwrap(), None);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e15..1e15).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[a-z~:#, -]{0,8}".prop_map(Value::from),
            prop_oneof!["true", "No", "null", "1", "1e3", "~", "2026-01-01", "- a"]
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((".{1,6}", inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(value in value()) {
            let text = written("field", &value, &["b"], 2).join("\n");
            let document = Document::read("a.yaml", &text).unwrap();
            let root = document.root();
            let read = root.fields(&["field"]).unwrap().given("field").unwrap().json().unwrap();
            prop_assert_eq!(read, value, "{}", text);
        }
    }
}
