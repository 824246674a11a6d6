//! `watchbox audit tail|export|checkpoints`: the trail as it is written, and as a whole.

use std::io::{self, Write};

use anyhow::Context;
use watchbox_model::audit::Decision;
use watchbox_server::api::types::{AuditEntry, Checkpoints};

use super::filter;
use crate::{
    api::{Api, Query, Tail},
    args,
    output::{Output, Table, Tone, printable, stamp},
};

/// Prints records as they are written, for ever.
pub async fn tail(args: args::AuditTail, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let query = filter(&args.filter);
    let mut print = |tail: Tail| {
        match tail {
            Tail::Rows(records) => records
                .iter()
                .try_for_each(|record| print(record, output))?,
            Tail::Lost(reason) => {
                output.remark(&format!("the connection broke ({reason}); trying again"));
            }
            Tail::Back => output.remark("connected again"),
        }
        Ok(())
    };
    let live = api.follow(&["audit"], &query, None).await?;
    live.each(&mut print).await
}

fn print(record: &str, output: &Output) -> anyhow::Result<()> {
    if output.json() {
        return Ok(output.text(record)?);
    }
    let entry: AuditEntry =
        serde_json::from_str(record).context("the server sent a record that can't be read")?;
    Ok(output.text(&line(&entry))?)
}

/// A record on one line.
fn line(entry: &AuditEntry) -> String {
    let tone = match entry.decision {
        Decision::Allowed => Tone::Good,
        Decision::Denied => Tone::Bad,
    };
    let (style, decision) = (tone.style(), entry.decision.as_str());
    let said = [
        entry.actor.as_str(),
        &format!("{}.{}", entry.capability, entry.operation),
        &entry.target,
        &entry.reason,
        &entry.outcome,
    ];
    let said = said.iter().filter(|text| !text.is_empty());
    let said: Vec<_> = said.map(|text| printable(text)).collect();
    format!(
        "{}  {}  {style}{decision}{style:#}  {}",
        entry.number,
        stamp(entry.at.0),
        said.join("  ")
    )
}

/// Writes the whole trail.
pub async fn export(args: args::AuditExport) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let mut pieces = api.open(&["audit", "export"], &Query::new()).await?;
    let mut out: Box<dyn Write> = match &args.file {
        Some(path) => {
            let name = path.display();
            let file = std::fs::File::create_new(path);
            Box::new(file.with_context(|| format!("{name} can't be made"))?)
        }
        None => Box::new(io::stdout().lock()),
    };
    while let Some(piece) = pieces.piece().await? {
        out.write_all(&piece)?;
    }
    Ok(out.flush()?)
}

/// Lists the checkpoints.
pub async fn checkpoints(args: args::AuditCheckpoints, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let found: Checkpoints = api.get(&["audit", "checkpoints"], &Query::new()).await?;
    if output.json() {
        let mut out = io::stdout().lock();
        for checkpoint in &found.items {
            serde_json::to_writer(&mut out, checkpoint)?;
            out.write_all(b"\n")?;
        }
        return Ok(());
    }
    let mut table = Table::new(["SIGNED", "FROM", "TO", "HASH"]);
    for checkpoint in &found.items {
        table.row([
            stamp(checkpoint.at.0).into(),
            checkpoint.first.into(),
            checkpoint.last.into(),
            checkpoint.hash.to_string().into(),
        ]);
    }
    output.table(&table)?;
    output.remark(&format!("signed with the key {}", found.key));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_that_can_be_printed() {
        let entry = serde_json::from_str(
            r#"{"number": 8, "at": "2025-11-25T04:00:00.5Z", "actor": "Slack.Night", "artifact": "Slack.Night",
            "capability": "http", "operation": "send", "target": "POST https://evil.example/\u202e\nx",
            "decision": "denied", "reason": "no grant covers it", "outcome": "", "bytes": 0, "ms": 0.02}"#,
        )
        .unwrap();
        let line = anstream::adapter::strip_str(&line(&entry)).to_string();
        insta::assert_snapshot!(line, @r"8  2025-11-25T04:00:00Z  denied  Slack.Night  http.send  POST https://evil.example/\u{202e}\nx  no grant covers it");
    }
}
