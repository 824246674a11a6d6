//! `watchbox audit`: what was done, by whom, and whether it was allowed.

mod report;
mod trail;
mod verify;

use watchbox_model::{Time, audit::Decision};
use watchbox_server::api::types::{AuditEntry, Timestamp};

use crate::{
    api::{Api, Query},
    args::{self, AuditCommand, DecisionArgument},
    output::{Cell, Output, Table, Tone, stamp},
};

/// Shows the trail, or does with it what was said.
pub async fn audit(args: args::Audit, output: &Output) -> anyhow::Result<()> {
    match args.command {
        None => newest(args.list, output).await,
        Some(AuditCommand::Report(args)) => report::report(&args, output).await,
        Some(AuditCommand::Tail(args)) => trail::tail(args, output).await,
        Some(AuditCommand::Export(args)) => trail::export(args).await,
        Some(AuditCommand::Verify(args)) => verify::verify(args, output).await,
        Some(AuditCommand::Checkpoints(args)) => trail::checkpoints(args, output).await,
    }
}

async fn newest(args: args::AuditList, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let limit = usize::try_from(args.limit)?;
    let query = query(&args, Time::now());
    let entries: Vec<AuditEntry> = api.list(&["audit"], &query, "before", limit).await?;
    if output.json() {
        return Ok(output.document(&entries)?);
    }
    if entries.is_empty() {
        output.remark("the trail holds nothing of that kind");
        return Ok(());
    }
    Ok(output.table(&list(&entries))?)
}

fn query(args: &args::AuditList, now: Time) -> Query {
    let time = |when: args::When| Timestamp(when.resolve(now)).to_string();
    let mut query = filter(&args.filter);
    query.extend(args.since.map(|since| ("since", time(since))));
    query.extend(args.until.map(|until| ("until", time(until))));
    query
}

fn filter(args: &args::AuditFilter) -> Query {
    let decision = args.decision.map(|decision| match decision {
        DecisionArgument::Allowed => "allowed",
        DecisionArgument::Denied => "denied",
    });
    let parts = [
        ("artifact", args.artifact.as_ref().map(ToString::to_string)),
        ("capability", args.capability.clone()),
        ("decision", decision.map(str::to_owned)),
    ];
    parts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn list(entries: &[AuditEntry]) -> Table {
    let mut table = Table::new([
        "NUMBER", "TIME", "ACTOR", "WHAT", "TARGET", "DECISION", "REASON", "OUTCOME", "MS",
    ])
    .below(["TARGET", "REASON", "OUTCOME"]);
    for entry in entries {
        table.row(row(entry));
    }
    table
}

fn row(entry: &AuditEntry) -> [Cell; 9] {
    let decision = match entry.decision {
        Decision::Allowed => Cell::from("allowed").tone(Tone::Good),
        Decision::Denied => Cell::from("denied").tone(Tone::Bad),
    };
    [
        entry.number.into(),
        stamp(entry.at.0).into(),
        entry.actor.as_str().into(),
        format!("{}.{}", entry.capability, entry.operation).into(),
        Cell::parts(&parts(&entry.target)),
        decision,
        entry.reason.as_str().into(),
        entry.outcome.as_str().into(),
        format!("{:.1}", entry.ms).into(),
    ]
}

/// What an act was about; of a change of grants, rule by rule.
fn parts(target: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let is_change = target.contains("grants ");
    for piece in target.split(", ") {
        let begins = ["+ ", "- ", "~ "]
            .iter()
            .any(|sign| piece.starts_with(sign));
        match parts.last_mut() {
            Some(last) if !(is_change && begins) => {
                last.push_str(", ");
                last.push_str(piece);
            }
            _ => parts.push(piece.to_owned()),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::Look;

    #[test]
    fn the_trail_is_a_line_an_act() {
        let entries: Vec<AuditEntry> = serde_json::from_value(json!([
            {
                "number": 8, "at": "2025-11-25T04:00:00.5Z", "actor": "Slack.Night", "artifact": "Slack.Night",
                "capability": "http", "operation": "send", "target": "POST https://evil.example/\u{202e}x",
                "decision": "denied", "reason": "no grant covers it", "outcome": "", "bytes": 0, "ms": 0.02,
            },
            {
                "number": 7, "at": "2025-11-25T03:00:00Z", "actor": "token:admin", "artifact": "Slack.Night",
                "capability": "admin", "operation": "install", "target": "Slack.Night",
                "decision": "allowed", "reason": "role admin", "outcome": "ok", "bytes": 0, "ms": 12.5,
            },
        ]))
        .unwrap();
        assert_eq!(parts("A, B of C.1"), ["A, B of C.1"]);
        assert_eq!(
            parts("grants - labels: remove: Slack, + http: POST https://h.example/ (secrets a, b)"),
            [
                "grants - labels: remove: Slack",
                "+ http: POST https://h.example/ (secrets a, b)"
            ]
        );
        let look = Look {
            color: false,
            width: None,
        };
        insta::assert_snapshot!(list(&entries).render(look), @r"
        NUMBER  TIME                  ACTOR        WHAT           TARGET                               DECISION  REASON              OUTCOME  MS
             8  2025-11-25T04:00:00Z  Slack.Night  http.send      POST https://evil.example/\u{202e}x  denied    no grant covers it           0.0
             7  2025-11-25T03:00:00Z  token:admin  admin.install  Slack.Night                          allowed   role admin          ok       12.5
        ");
        let narrow = Look {
            color: false,
            width: Some(100),
        };
        insta::assert_snapshot!(list(&entries).render(narrow), @r"
        NUMBER  TIME                  ACTOR        WHAT           DECISION  MS
             8  2025-11-25T04:00:00Z  Slack.Night  http.send      denied    0.0
            target  POST https://evil.example/\u{202e}x
            reason  no grant covers it
             7  2025-11-25T03:00:00Z  token:admin  admin.install  allowed   12.5
            target   Slack.Night
            reason   role admin
            outcome  ok
        ");
    }
}
