//! `watchbox replay`: a version over what is stored, with its effects withheld.

use std::io::{self, Write};

use anyhow::Context;
use reqwest::Method;
use serde::Deserialize;
use watchbox_model::{Digest, Time};
use watchbox_server::api::types::{
    ArtifactSummary, DeniedCall, GivenUp, Page, ReplayAnswer, ReplayRequest, ReplayTotal, Side,
};

use super::read_log::{record, spread, whole_lines};
use crate::{
    api::{Api, Query},
    args,
    exit::{Exit, Usage},
    output::{Output, Record, Tone, printable},
};

/// The fewest letters by which a digest may be named.
const SHORTEST: usize = 6;

/// The most failures that are told one by one; the summary counts them all.
const TOLD: u64 = 10;

/// One line of the answer, but for its row; calls are told by the summary.
#[derive(Debug, Deserialize)]
struct Line {
    only: Option<Side>,
    denied: Option<DeniedCall>,
    failure: Option<GivenUp>,
    summary: Option<ReplayTotal>,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The answer's lines as they are, or just their rows.
    Lines,
    /// A table at the end.
    Table,
    /// `+` and `-` before each.
    Signs,
}

/// Replays an installation and prints what comes of it.
pub async fn replay(args: args::Replay, output: &Output) -> anyhow::Result<Exit> {
    let api = Api::new(&args.connection)?;
    let now = Time::now();
    let request = ReplayRequest {
        since: args.since.resolve(now).into(),
        until: args.until.map(|until| until.resolve(now).into()),
        version: match &args.version {
            Some(text) => Some(version(text, &api).await?),
            None => None,
        },
        diff: args.diff,
        limit: Some(args.limit),
        answer: Some(ReplayAnswer {
            status: args.answer,
            body: args.answer_body,
        }),
    };
    let form = match (output.json(), args.diff) {
        (true, _) => Form::Lines,
        (false, true) => Form::Signs,
        (false, false) if output.on_terminal() => Form::Table,
        (false, false) => Form::Lines,
    };
    let path = ["table", args.name.as_str(), "replay"];
    let mut answer = api.stream(Method::POST, &path, &request).await?;
    let mut printer = Printer {
        output,
        form,
        records: Vec::new(),
        failures: 0,
        summary: None,
    };
    let mut text = Vec::new();
    while let Some(piece) = answer.piece().await? {
        text.extend_from_slice(&piece);
        whole_lines(&mut text, |line| printer.line(line))?;
    }
    printer.finish()
}

/// The version that was meant: a digest, or the beginning of that of a component that is kept.
async fn version(text: &str, api: &Api) -> anyhow::Result<Digest> {
    if let Ok(digest) = text.parse() {
        return Ok(digest);
    }
    let is_part = text.len() >= SHORTEST && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_part {
        let reason = format!(
            "--version wants a digest: 64 hexadecimal digits, or the first {SHORTEST} or more of them"
        );
        return Err(Usage(reason).into());
    }
    let kept: Page<ArtifactSummary> = api.get(&["artifacts"], &Query::new()).await?;
    let text = text.to_ascii_lowercase();
    let mut meant = kept
        .items
        .iter()
        .filter(|one| one.digest.to_string().starts_with(&text));
    match (meant.next(), meant.next()) {
        (Some(one), None) => Ok(one.digest),
        (None, _) => anyhow::bail!(Usage(format!("no component's digest begins with {text}"))),
        (Some(_), Some(_)) => anyhow::bail!(Usage(format!(
            "more than one component's digest begins with {text}"
        ))),
    }
}

struct Printer<'o> {
    output: &'o Output,
    form: Form,
    /// The rows of the table.
    records: Vec<Record>,
    failures: u64,
    summary: Option<ReplayTotal>,
}

impl Printer<'_> {
    fn line(&mut self, text: &[u8]) -> anyhow::Result<()> {
        let line: Line =
            serde_json::from_slice(text).context("the server sent a line that can't be read")?;
        if let Some(row) = row_of(text) {
            self.row(text, row, line.only)?;
        }
        if let Some(denied) = line.denied {
            let warn = Tone::Warn.style();
            let what = format!(
                "{}.{} {}: {}",
                denied.capability, denied.operation, denied.target, denied.reason
            );
            self.output
                .remark(&format!("{warn}denied:{warn:#} {}", printable(&what)));
        }
        if let Some(failure) = line.failure {
            self.failures += 1;
            if self.failures <= TOLD {
                let bad = Tone::Bad.style();
                let what = super::dead_letters::trigger(&failure.trigger);
                self.output.remark(&format!(
                    "{bad}failed:{bad:#} {}\n  on {what}",
                    printable(&failure.error)
                ));
            }
        }
        self.summary = line.summary.or(self.summary.take());
        Ok(())
    }

    fn row(&mut self, line: &[u8], row: &[u8], only: Option<Side>) -> anyhow::Result<()> {
        match self.form {
            Form::Table => self.records.push(record(row)?),
            Form::Signs => {
                let (sign, tone) = match only {
                    Some(Side::Stored) => ('-', Tone::Bad),
                    Some(Side::Replayed) | None => ('+', Tone::Good),
                };
                let style = tone.style();
                let row = String::from_utf8_lossy(row);
                let row = printable(&row);
                self.output.text(&format!("{style}{sign}{style:#} {row}"))?;
            }
            Form::Lines => {
                let text = match only {
                    Some(_) => line,
                    None => row,
                };
                let mut stdout = io::stdout().lock();
                stdout.write_all(text)?;
                stdout.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<Exit> {
        if !self.records.is_empty() {
            self.output.table(&spread(&self.records))?;
        }
        let summary = self
            .summary
            .context("the replay broke off: the server's log says why")?;
        if self.output.json() {
            self.output.remark(&serde_json::to_string(&summary)?);
        } else {
            self.output.remark(&told(&summary));
        }
        Ok(match summary.end.as_str() {
            "removed" | "stopping" | "store" => Exit::Unavailable,
            _ if summary.failures > 0 => Exit::Failed,
            _ => Exit::Done,
        })
    }
}

/// The row of a line, as it stands there: the columns of a row keep their order, and it is the last of its line.
fn row_of(line: &[u8]) -> Option<&[u8]> {
    let mut before = [
        br#"{"row":"#.as_slice(),
        br#"{"only":"replayed","row":"#,
        br#"{"only":"stored","row":"#,
    ]
    .into_iter();
    let row = before.find_map(|before| line.strip_prefix(before))?;
    row.strip_suffix(b"}")
}

/// The summary, for people.
fn told(summary: &ReplayTotal) -> String {
    let mut text = format!(
        "{} events, {} turns and {} rows in {:.2} s, by {} {}",
        summary.events,
        summary.turns,
        summary.rows,
        summary.seconds,
        summary.version,
        summary.digest.short()
    );
    if let (Some(replayed), Some(stored)) = (summary.only_replayed, summary.only_stored) {
        text.push_str(&format!(
            "\n{replayed} rows only replayed (+), {stored} rows only stored (-)"
        ));
    }
    for target in &summary.targets {
        text.push_str(&format!(
            "\nwould have sent {} × {} ({} bytes)",
            target.count,
            printable(&target.target),
            target.bytes
        ));
    }
    for (count, what) in [
        (summary.labels, "label changes withheld"),
        (summary.denied, "calls denied"),
        (summary.failures, "events or ticks could not be handled"),
    ] {
        if count > 0 {
            text.push_str(&format!("\n{count} {what}"));
        }
    }
    let why = match summary.end.as_str() {
        "done" => return text,
        "rows" => "it ended early, with as many rows as --limit allows",
        "time" => "it ended early, with the time that a replay may take",
        "removed" => "it ended early: the installation was removed",
        "stopping" => "it ended early: the server stops",
        _ => "it ended early: the store failed",
    };
    let warn = Tone::Warn.style();
    let error = summary.error.as_deref().unwrap_or_default();
    format!("{text}\n{warn}{why}{warn:#} {}", printable(error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_keep_the_order_of_their_columns() {
        let row = |line: &str| row_of(line.as_bytes()).map(<[u8]>::to_vec);
        assert_eq!(
            row(r#"{"row":{"b":1,"a":{}}}"#).unwrap(),
            br#"{"b":1,"a":{}}"#
        );
        assert_eq!(
            row(r#"{"only":"stored","row":{"b":1}}"#).unwrap(),
            br#"{"b":1}"#
        );
        assert_eq!(row(r#"{"summary":{"row":1}}"#), None);
    }

    #[test]
    fn a_summary_tells_what_would_have_been_sent_and_why_it_ended_early() {
        let summary: ReplayTotal = serde_json::from_value(json!({
            "digest": "11".repeat(32), "version": "2.0.0",
            "since": "2025-11-25T03:00:00Z", "until": "2025-11-25T04:00:00Z",
            "end": "rows", "events": 200, "turns": 4, "rows": 20, "only_replayed": 2, "only_stored": 1,
            "calls": 3, "denied": 1, "labels": 3, "state": 0, "failures": 1, "seconds": 0.5,
            "targets": [{"target": "POST https://h.example/\u{1b}", "count": 3, "bytes": 120}],
        }))
        .unwrap();
        insta::assert_snapshot!(anstream::adapter::strip_str(&told(&summary)), @r"
        200 events, 4 turns and 20 rows in 0.50 s, by 2.0.0 111111111111
        2 rows only replayed (+), 1 rows only stored (-)
        would have sent 3 × POST https://h.example/\u{1b} (120 bytes)
        3 label changes withheld
        1 calls denied
        1 events or ticks could not be handled
        it ended early, with as many rows as --limit allows
        ");
    }
}
