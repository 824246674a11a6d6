//! `watchbox audit report`: what is imported, declared, granted and used, and what could be taken away.

use std::fs;

use anyhow::Context;
use watchbox_model::{Grants, Time};
use watchbox_server::api::types::{AuditReport, Page, Timestamp, UseReport};

use crate::{
    api::{Api, Query},
    args,
    commands::grants::line,
    output::{Cell, Details, Look, Output, Table, Tone, ago, stamp},
};

/// How many kinds of uses are shown to people; scripts get all.
const SHOWN: usize = 20;

/// Prints it, and writes the grants that it proposes where that is wanted.
pub(super) async fn report(args: &args::AuditReport, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let now = Time::now();
    let mut query = Query::new();
    query.extend(
        args.artifact
            .iter()
            .map(|name| ("artifact", name.to_string())),
    );
    query.extend(
        args.since
            .map(|since| ("since", Timestamp(since.resolve(now)).to_string())),
    );
    let reports: Page<AuditReport> = api.get(&["audit", "report"], &query).await?;
    for idle in reports
        .items
        .iter()
        .filter(|one| one.used.is_empty() && !one.rules.is_empty())
    {
        output.warning(&format!(
            "{} used nothing in that time: if it had nothing to do, look again another day",
            idle.name
        ));
    }
    if let Some(file) = &args.propose {
        let proposals = reports.items.iter().map(proposal);
        let text = proposals.collect::<anyhow::Result<String>>()?;
        if file.as_os_str() == "-" {
            return Ok(output.text(text.trim_end())?);
        }
        fs::write(file, text).with_context(|| format!("{} can't be written", file.display()))?;
        output.remark(&format!(
            "written to {}: read it, then `watchbox grants apply {} {}`",
            file.display(),
            reports
                .items
                .iter()
                .map(|one| one.name.as_str())
                .collect::<String>(),
            file.display()
        ));
    }
    if output.json() {
        return Ok(output.document(&reports.items)?);
    }
    if reports.items.is_empty() {
        output.remark("nothing is installed: `watchbox install FILE.wasm` installs an artifact");
        return Ok(());
    }
    let shown = reports.items.iter();
    let shown: Vec<String> = shown.map(|one| describe(one, now, output.look())).collect();
    Ok(output.text(&shown.join("\n\n\n"))?)
}

/// The grants that a report proposes, as a file, with what is to be known of it.
fn proposal(report: &AuditReport) -> anyhow::Result<String> {
    let grants = Grants::parse("the proposed grants", &report.proposal.to_string())?;
    let mut text = format!(
        "# What {} {} used, {}; proposed by `watchbox audit report`. It can't tell what will be used some other day.\n",
        report.name,
        report.version,
        span(report)
    );
    for kept in &report.kept {
        text.push_str(&format!("# Kept: {}, for {}.\n", kept.rule, kept.why));
    }
    text.push_str(&grants.to_yaml());
    Ok(text)
}

/// Which uses are counted.
fn span(report: &AuditReport) -> String {
    let until = stamp(report.until.0);
    match report.since {
        Some(since) => format!("from {} to {until}", stamp(since.0)),
        None => format!("up to {until}"),
    }
}

fn describe(report: &AuditReport, now: Time, look: Look) -> String {
    let mut heading = Details::new();
    heading
        .line("Installed as", report.name.as_str())
        .line(
            "Version",
            format!("{}, {}", report.version, report.digest.short()),
        )
        .line("Uses", span(report))
        .lines("Inert imports", report.inert.clone());
    let tables = [
        capabilities(report, now),
        rules(report, now),
        used(report, now),
        denied(report, now),
    ];
    let tables = tables.into_iter().filter(|table| !table.is_empty());
    let mut parts = vec![heading.render(look)];
    parts.extend(tables.map(|table| table.render(look)));
    parts.push(proposed(report));
    parts.join("\n\n")
}

fn yes(is: bool) -> Cell {
    if is {
        Cell::from("yes")
    } else {
        Cell::from("no").tone(Tone::Dim)
    }
}

fn capabilities(report: &AuditReport, now: Time) -> Table {
    let mut table = Table::new([
        "CAPABILITY",
        "IMPORTED",
        "DECLARED",
        "GRANTED",
        "USED",
        "LAST USED",
        "DENIED",
        "REASON",
    ])
    .below(["REASON"]);
    for one in &report.capabilities {
        let denied = if one.denied > 0 { Tone::Bad } else { Tone::Dim };
        table.row([
            one.capability.as_str().into(),
            yes(one.imported),
            yes(one.declared),
            yes(one.granted),
            one.used.into(),
            one.last_used.map(|last| ago(last.0, now)).into(),
            Cell::from(one.denied).tone(denied),
            one.reason.as_str().into(),
        ]);
    }
    table
}

fn rules(report: &AuditReport, now: Time) -> Table {
    let mut table = Table::new(["GRANTED", "USED", "LAST USED"]);
    for one in &report.rules {
        let last = match one.last_used {
            Some(last) => Cell::from(ago(last.0, now)),
            None => Cell::from("never").tone(Tone::Warn),
        };
        table.row([one.rule.as_str().into(), one.used.into(), last]);
    }
    table
}

fn denied(report: &AuditReport, now: Time) -> Table {
    let mut table =
        Table::new(["DENIED", "TRIED", "LAST TRIED", "WHAT", "REASON"]).below(["WHAT", "REASON"]);
    for one in &report.denied {
        table.row([
            Cell::from(format!("{}.{}", one.capability, one.operation)).tone(Tone::Bad),
            one.count.into(),
            ago(one.last.0, now).into(),
            target(one).into(),
            one.reason.as_str().into(),
        ]);
    }
    table
}

fn target(one: &UseReport) -> String {
    one.target.clone().unwrap_or_else(|| "others".to_owned())
}

/// What it did, the most at last.
fn used(report: &AuditReport, now: Time) -> Table {
    let mut table =
        Table::new(["DID", "TIMES", "LAST", "WHAT", "ALLOWED BY"]).below(["WHAT", "ALLOWED BY"]);
    let mut used: Vec<&UseReport> = report.used.iter().collect();
    used.sort_by_key(|one| std::cmp::Reverse(one.last));
    for one in used.iter().take(SHOWN) {
        table.row([
            format!("{}.{}", one.capability, one.operation).into(),
            one.count.into(),
            ago(one.last.0, now).into(),
            target(one).into(),
            one.reason.as_str().into(),
        ]);
    }
    table
}

/// What could be taken away.
fn proposed(report: &AuditReport) -> String {
    if report.changes.is_empty() {
        return "All that is granted was used: nothing could be taken away.".to_owned();
    }
    let mut lines = vec!["Narrower grants would have been enough:".to_owned()];
    lines.extend(report.changes.iter().map(|one| format!("  {}", line(one))));
    for kept in &report.kept {
        lines.push(format!("  kept      {}: {}", kept.rule, kept.why));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Time {
        Time::from_seconds(1_764_043_200.0)
    }

    fn sample() -> AuditReport {
        serde_json::from_value(json!({
            "name": "Slack.Night", "version": "1.0.0", "digest": "22".repeat(32),
            "changed_at": "2025-11-24T03:00:00Z", "since": "2025-11-24T04:00:00Z", "until": "2025-11-25T04:00:00Z",
            "capabilities": [
                { "capability": "clients", "imported": true, "declared": true, "reason": "Looks the clients up.",
                  "granted": true, "used": 1440, "last_used": "2025-11-25T03:59:30Z", "denied": 0 },
                { "capability": "http", "imported": true, "declared": true, "reason": "Posts the messages.",
                  "granted": true, "used": 2, "last_used": "2025-11-25T02:00:00Z", "denied": 1, "last_denied": "2025-11-25T01:00:00Z" },
                { "capability": "log", "imported": false, "declared": false, "granted": true, "used": 0, "denied": 0 },
            ],
            "inert": ["wasi:io/poll@0.2.6"],
            "rules": [
                { "rule": "clients: label:Slack", "used": 1440, "last_used": "2025-11-25T03:59:30Z" },
                { "rule": "http: POST https://hooks.slack.com/services/* (secrets token_url)", "used": 2, "last_used": "2025-11-25T02:00:00Z" },
                { "rule": "log: true", "used": 0 },
            ],
            "used": [
                { "capability": "clients", "operation": "search", "target": "label:Slack", "count": 1440,
                  "first": "2025-11-24T04:00:30Z", "last": "2025-11-25T03:59:30Z", "reason": "clients: label:Slack" },
                { "capability": "http", "operation": "send", "target": "POST secret(token_url) -> https://hooks.slack.com", "count": 2,
                  "first": "2025-11-24T05:00:00Z", "last": "2025-11-25T02:00:00Z", "reason": "http: POST https://hooks.slack.com/services/*" },
            ],
            "denied": [
                { "capability": "http", "operation": "send", "target": "GET https://evil.example/\u{1b}[2J", "count": 1,
                  "first": "2025-11-25T01:00:00Z", "last": "2025-11-25T01:00:00Z", "reason": "no grant covers it" },
            ],
            "grants": {}, "proposal": { "clients": ["label:Slack"] },
            "changes": [ { "mark": "narrower", "what": "log", "old": "true" } ],
            "kept": [ { "rule": "http: POST https://hooks.slack.com/services/*", "why": "its URL is a secret" } ],
        }))
        .unwrap()
    }

    #[test]
    fn imported_declared_granted_and_used_stand_side_by_side() {
        let look = Look {
            color: false,
            width: Some(100),
        };
        let text = describe(&sample(), now(), look);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text), @r"
        Installed as   Slack.Night
        Version        1.0.0, 222222222222
        Uses           from 2025-11-24T04:00:00Z to 2025-11-25T04:00:00Z
        Inert imports  wasi:io/poll@0.2.6

        CAPABILITY  IMPORTED  DECLARED  GRANTED  USED  LAST USED  DENIED  REASON
        clients     yes       yes       yes      1440  30 s ago        0  Looks the clients up.
        http        yes       yes       yes         2  2 h ago         1  Posts the messages.
        log         no        no        yes         0  -               0

        GRANTED                                                            USED  LAST USED
        clients: label:Slack                                               1440  30 s ago
        http: POST https://hooks.slack.com/services/* (secrets token_url)     2  2 h ago
        log: true                                                             0  never

        DID             TIMES  LAST
        clients.search   1440  30 s ago
            what        label:Slack
            allowed by  clients: label:Slack
        http.send           2  2 h ago
            what        POST secret(token_url) -> https://hooks.slack.com
            allowed by  http: POST https://hooks.slack.com/services/*

        DENIED     TRIED  LAST TRIED  WHAT                                REASON
        http.send      1  3 h ago     GET https://evil.example/\u{1b}[2J  no grant covers it

        Narrower grants would have been enough:
          narrower  - log: true
          kept      http: POST https://hooks.slack.com/services/*: its URL is a secret
        ");
    }

    #[test]
    fn a_proposal_is_a_file_that_says_what_it_is() {
        insta::assert_snapshot!(proposal(&sample()).unwrap(), @r#"
        # What Slack.Night 1.0.0 used, from 2025-11-24T04:00:00Z to 2025-11-25T04:00:00Z; proposed by `watchbox audit report`. It can't tell what will be used some other day.
        # Kept: http: POST https://hooks.slack.com/services/*, for its URL is a secret.
        clients: ["label:Slack"]
        "#);
    }
}
