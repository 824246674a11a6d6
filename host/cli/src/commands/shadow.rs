//! `watchbox shadow`: a new version that runs beside an installation.

use reqwest::Method;
use watchbox_model::Time;
use watchbox_server::api::types;

use super::upgrade;
use crate::{
    api::{Api, Query},
    args::{self, ShadowCommand},
    output::{Cell, Details, Output, Tone, ago, printable},
};

/// Does what was said with a shadow.
pub async fn shadow(args: args::Shadow, output: &Output) -> anyhow::Result<()> {
    match args.command {
        ShadowCommand::Report(args) => {
            let api = Api::new(&args.connection)?;
            let path = ["table", args.name.as_str(), "shadow"];
            let shadow: types::Shadow = api.get(&path, &Query::new()).await?;
            show(&shadow, output)
        }
        ShadowCommand::Promote(args) => {
            let api = Api::new(&args.connection)?;
            let path = ["table", args.name.as_str(), "shadow", "promote"];
            let installed: types::Installed = api.ask_json(Method::POST, &path).await?;
            let now = &installed.installation;
            // A version that waits ends its shadow as one that runs does.
            let waits = now.pending.as_ref().map(|pending| pending.digest);
            upgrade::tell(&installed, waits.or(Some(now.digest)), output)
        }
        ShadowCommand::Stop(args) => {
            let api = Api::new(&args.connection)?;
            let path = ["table", args.name.as_str(), "shadow"];
            api.act(Method::DELETE, &path).await?;
            output.remark(&format!("the shadow of {} is gone", args.name));
            Ok(())
        }
    }
}

/// Says that a shadow runs.
pub(super) fn started(shadow: &types::Shadow, output: &Output) -> anyhow::Result<()> {
    if output.json() {
        return Ok(output.document(shadow)?);
    }
    Ok(output.text(&printable(&format!(
        "{} has a shadow: {}, {}; `watchbox shadow report {}` shows how it compares",
        shadow.name,
        shadow.version,
        shadow.digest.short(),
        shadow.name
    )))?)
}

fn show(shadow: &types::Shadow, output: &Output) -> anyhow::Result<()> {
    if output.json() {
        return Ok(output.document(shadow)?);
    }
    output.text(&details(shadow, Time::now()).render(output.look()))?;
    for (sign, difference) in [('-', &shadow.only_live), ('+', &shadow.only_shadow)] {
        for row in &difference.examples {
            let tone = if sign == '-' { Tone::Bad } else { Tone::Good };
            let style = tone.style();
            let row = printable(&row.to_string()).into_owned();
            output.text(&format!("{style}{sign}{style:#} {row}"))?;
        }
    }
    Ok(())
}

fn details(shadow: &types::Shadow, now: Time) -> Details {
    let mut details = Details::new();
    let differs =
        |rows: u64| Cell::from(rows).tone(if rows == 0 { Tone::Good } else { Tone::Warn });
    let turns = match shadow.turns {
        0 => "none".to_owned(),
        turns => format!(
            "{turns}, {:.1} ms each",
            shadow.busy_seconds * 1e3 / turns as f64
        ),
    };
    details
        .line("Shadow of", shadow.name.as_str())
        .line(
            "Version",
            format!("{}, {}", shadow.version, shadow.digest.short()),
        )
        .line(
            "Since",
            format!("{} by {}", ago(shadow.since.0, now), shadow.started_by),
        )
        .line_if(
            "Trouble",
            shadow
                .trouble
                .as_ref()
                .map(|trouble| Cell::from(trouble.as_str()).tone(Tone::Bad)),
        )
        .line("Lag", shadow.lag)
        .line("Events", shadow.events)
        .line("Turns", turns)
        .line("Rows", shadow.rows)
        .line("Same in both", shadow.same)
        .line("Only live (-)", differs(shadow.only_live.rows))
        .line("Only shadow (+)", differs(shadow.only_shadow.rows))
        .line("Failures", differs(shadow.failures))
        .line_if(
            "Last failure",
            shadow.last_failure.as_ref().map(|failure| {
                let error = failure.given_up.error.as_str();
                Cell::from(format!("{error} ({})", ago(failure.at.0, now))).tone(Tone::Bad)
            }),
        );
    for target in &shadow.targets {
        details.line(
            "Would send",
            format!(
                "{} × {} ({} bytes)",
                target.count, target.target, target.bytes
            ),
        );
    }
    for denied in &shadow.denials {
        details.line(
            "Denied",
            format!(
                "{}.{} {}: {}",
                denied.capability, denied.operation, denied.target, denied.reason
            ),
        );
    }
    details
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::Look;

    #[test]
    fn a_report_shows_what_would_change() {
        let shadow: types::Shadow = serde_json::from_value(json!({
            "name": "Server.A", "digest": "11".repeat(32), "version": "2.0.0",
            "since": "2025-11-25T03:00:00Z", "started_by": "token:admin", "running": true,
            "events": 200, "turns": 4, "rows": 20, "same": 18,
            "only_live": {"rows": 1, "examples": [{"A": 1}]},
            "only_shadow": {"rows": 2, "examples": [{"A": 2}, {"A": 3}]},
            "calls": 3, "denied": 1, "failures": 1, "busy_seconds": 0.5, "lag": 0,
            "targets": [{"target": "POST secret(url) -> https://h.example", "count": 3, "bytes": 120}],
            "denials": [{"capability": "labels", "operation": "add", "target": "x of C.1", "reason": "no grant covers it"}],
            "last_failure": {
                "at": "2025-11-25T03:59:00Z", "error": "the artifact trapped: unreachable",
                "trigger": {"events": {"log": "events/X", "from": 41, "to": 42}}
            }
        }))
        .unwrap();
        let look = Look {
            color: false,
            width: None,
        };
        let now = Time::from_seconds(1_764_043_200.0);
        insta::assert_snapshot!(details(&shadow, now).render(look), @r"
        Shadow of        Server.A
        Version          2.0.0, 111111111111
        Since            1 h ago by token:admin
        Lag              0
        Events           200
        Turns            4, 125.0 ms each
        Rows             20
        Same in both     18
        Only live (-)    1
        Only shadow (+)  2
        Failures         1
        Last failure     the artifact trapped: unreachable (1 min ago)
        Would send       3 × POST secret(url) -> https://h.example (120 bytes)
        Denied           labels.add x of C.1: no grant covers it
        ");
    }
}
