//! `watchbox rows`, `events` and `messages`: what the logs hold, and what comes into them.

use std::io::{self, Write};

use anyhow::Context;
use watchbox_model::{LogKind, Time};

use crate::{
    api::{Api, LogQuery, MAX_PAGE, Range, Tail},
    args::{ReadLog, RowFormat},
    exit::Usage,
    output::{Cell, Output, Record, Table, Tone, cut},
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
        (false, RowFormat::Ndjson) => copy(&api, &query, "ndjson", range).await,
        (false, RowFormat::Csv) if range.count() > MAX_PAGE => Err(Usage(format!(
            "--format csv gives at most {MAX_PAGE} rows, since its header must name every column: \
             use --limit, --last or --format ndjson"
        ))
        .into()),
        (false, RowFormat::Csv) => copy(&api, &query, "csv", range).await,
    }
}

/// Prints what the server sends as it is.
async fn copy(api: &Api, query: &LogQuery, format: &str, range: Range) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut pages = api.pages(query, format, range);
    while let Some(mut page) = pages.next().await? {
        while let Some(piece) = page.piece().await? {
            stdout.write_all(&piece)?;
        }
    }
    Ok(stdout.flush()?)
}

async fn table(api: &Api, query: &LogQuery, range: Range, output: &Output) -> anyhow::Result<()> {
    let mut records = Vec::new();
    let mut pages = api.pages(query, "ndjson", range);
    while let Some(page) = pages.next().await? {
        for line in page.text().await?.split(|byte| *byte == b'\n') {
            if !line.is_empty() {
                records.push(record(line)?);
            }
        }
    }
    if records.is_empty() {
        output.remark(&format!("{} has no such rows", query.name));
        return Ok(());
    }
    Ok(output.table(&spread(&records))?)
}

/// A table of all the columns of `records`, in the order in which they first come.
fn spread(records: &[Record]) -> Table {
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
    api.follow(query, |tail| {
        match tail {
            Tail::Rows(rows) => {
                let mut stdout = io::stdout().lock();
                for json in rows {
                    match format {
                        RowFormat::Table => {
                            writeln!(stdout, "{}", record(json.as_bytes())?.line())?;
                        }
                        RowFormat::Ndjson | RowFormat::Csv => writeln!(stdout, "{json}")?,
                    }
                }
                stdout.flush()?;
            }
            Tail::Lost(reason) => {
                output.remark(&format!("the connection broke ({reason}); trying again"))
            }
            Tail::Back => output.remark("connected again"),
        }
        Ok(())
    })
    .await
}

fn record(json: &[u8]) -> anyhow::Result<Record> {
    serde_json::from_slice(json).context("the server sent a row that can't be read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Look;

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
