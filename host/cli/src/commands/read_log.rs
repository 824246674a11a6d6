//! `watchbox rows`, `events` and `messages`: what the logs hold, and what comes into them.

use std::io::{self, Write};

use anyhow::Context;
use watchbox_model::{LogKind, Time};

use crate::{
    api::{Api, LogQuery, MAX_PAGE, Pages, Query, Range, Tail},
    args::{ReadLog, RowFormat},
    exit::Usage,
    output::{Cell, Output, Record, Table, Tone, cut, print_row},
};

/// How much of a value fits a cell; `--format ndjson` gives all of it.
const VALUE: usize = 200;

/// Reads a log of the kind `kind`.
pub async fn read(kind: LogKind, args: ReadLog, output: &Output) -> anyhow::Result<()> {
    let now = Time::now();
    let query = LogQuery {
        kind,
        name: args.name.clone(),
        since: args.since.map(|since| since.resolve(now)),
        until: args.until.map(|until| until.resolve(now)),
    };
    let format = match args.format {
        Some(format) => format,
        None if output.json() || !output.on_terminal() => RowFormat::Ndjson,
        None => RowFormat::Table,
    };
    let range = match args.last {
        Some(last) => Range::Last(last),
        None if args.limit == 0 => Range::First(u64::MAX),
        None => Range::First(args.limit),
    };
    let api = Api::new(&args.connection)?;
    match (args.follow, format) {
        (true, RowFormat::Csv) => {
            let reason =
                "--follow can't write CSV: columns may still be to come; use --format ndjson";
            Err(Usage(reason.to_owned()).into())
        }
        (true, format) => follow(&api, &query, format, output).await,
        (false, RowFormat::Table) => table(&api, &query, range, output).await,
        (false, RowFormat::Ndjson) => copy(api.ndjson(&query, range)).await,
        (false, RowFormat::Csv) if range.count() > MAX_PAGE => Err(Usage(format!(
            "--format csv gives at most {MAX_PAGE} rows, since its header must name every column: \
             use --limit, --last or --format ndjson"
        ))
        .into()),
        (false, RowFormat::Csv) => copy(api.csv(&query, range)).await,
    }
}

/// Prints what the server sends as it is.
async fn copy(mut pages: Pages<'_>) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    while let Some(piece) = pages.piece().await? {
        stdout.write_all(&piece)?;
    }
    Ok(stdout.flush()?)
}

async fn table(api: &Api, query: &LogQuery, range: Range, output: &Output) -> anyhow::Result<()> {
    let mut records = Vec::new();
    let mut pages = api.ndjson(query, range);
    let mut text = Vec::new();
    while let Some(piece) = pages.piece().await? {
        text.extend_from_slice(&piece);
        whole_lines(&mut text, |line| {
            records.push(record(line)?);
            Ok(())
        })?;
    }
    if records.is_empty() {
        output.remark(&format!("{} has no such rows", query.name));
        return Ok(());
    }
    Ok(output.table(&spread(&records))?)
}

/// Takes the lines that are whole out of `text` and gives each to `line`.
pub(super) fn whole_lines(
    text: &mut Vec<u8>,
    mut line: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Some(end) = text.iter().rposition(|byte| *byte == b'\n') else {
        return Ok(());
    };
    for one in text[..end].split(|byte| *byte == b'\n') {
        line(one)?;
    }
    text.drain(..=end);
    Ok(())
}

/// A table of all the columns of `records`, in the order in which they first come.
pub(super) fn spread(records: &[Record]) -> Table {
    let mut columns: Vec<&str> = Vec::new();
    for (column, _) in records.iter().flat_map(|record| &record.0) {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    let mut table = Table::new(columns.iter().copied());
    for record in records {
        let cells = columns.iter().map(|column| {
            let text = record.text(column);
            Cell::from(cut(&text, VALUE).as_ref()).tone(tone(column, &text))
        });
        table.row(cells);
    }
    table
}

/// What a value means; that of a message's level is all that is known.
fn tone(column: &str, text: &str) -> Tone {
    match (column, text) {
        ("Level", "error") => Tone::Bad,
        ("Level", "warn") => Tone::Warn,
        ("Level", "debug") => Tone::Dim,
        _ => Tone::Plain,
    }
}

async fn follow(
    api: &Api,
    query: &LogQuery,
    format: RowFormat,
    output: &Output,
) -> anyhow::Result<()> {
    let after = match query.since {
        Some(_) => catch_up(api, query, format).await?,
        None => None,
    };
    let live = api.follow(&query.path(), &Query::new(), after).await?;
    live.each(|tail| {
        match tail {
            Tail::Rows(rows) => {
                let mut stdout = io::stdout().lock();
                for row in rows {
                    print_row(row.as_bytes(), format, &mut stdout)?;
                }
                stdout.flush()?;
            }
            Tail::Lost(reason) => {
                output.remark(&format!("the connection broke ({reason}); trying again"));
            }
            Tail::Back => output.remark("connected again"),
        }
        Ok(())
    })
    .await
}

/// Prints what there is since the moment that was said, and gives the position to go on after.
async fn catch_up(
    api: &Api,
    query: &LogQuery,
    format: RowFormat,
) -> anyhow::Result<Option<String>> {
    let mut pages = api.ndjson(query, Range::First(u64::MAX));
    let mut text = Vec::new();
    while let Some(piece) = pages.piece().await? {
        text.extend_from_slice(&piece);
        let mut stdout = io::stdout().lock();
        whole_lines(&mut text, |line| print_row(line, format, &mut stdout))?;
        stdout.flush()?;
    }
    if let Some(position) = pages.position() {
        return Ok(Some(position.to_owned()));
    }
    // Nothing came since then: the log's end is where to go on.
    let whole = LogQuery {
        since: None,
        ..query.clone()
    };
    let mut end = api.ndjson(&whole, Range::Last(1));
    while end.piece().await?.is_some() {}
    Ok(end.position().map(str::to_owned))
}

/// A row as the server sends it.
pub(super) fn record(json: &[u8]) -> anyhow::Result<Record> {
    serde_json::from_slice(json).context("the server sent a row that can't be read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Look;

    #[test]
    fn lines_are_taken_when_they_are_whole() {
        let (mut text, mut lines) = (Vec::new(), Vec::new());
        for piece in ["a", "b\nc\n", "d"] {
            text.extend_from_slice(piece.as_bytes());
            whole_lines(&mut text, |line| {
                lines.push(String::from_utf8(line.to_vec())?);
                Ok(())
            })
            .unwrap();
        }
        assert_eq!(lines, ["ab", "c"]);
        assert_eq!(text, b"d");
    }

    #[test]
    fn rows_of_different_columns_share_a_table() {
        let rows = [
            r#"{"_ts":1764043200.0,"ClientId":"C.1","Script":"whoami"}"#,
            r#"{"_ts":1764043201.0,"ClientId":"C.2","Odd":["truncated"],"Script":"a\u001b[1mb"}"#,
        ];
        let records: Vec<Record> = rows
            .iter()
            .map(|row| record(row.as_bytes()).unwrap())
            .collect();
        let look = Look {
            color: false,
            width: None,
        };
        insta::assert_snapshot!(spread(&records).render(look), @r#"
        _ts                   ClientId  Script       Odd
        2025-11-25T04:00:00Z  C.1       whoami
        2025-11-25T04:00:01Z  C.2       a\u{1b}[1mb  ["truncated"]
        "#);
    }
}
