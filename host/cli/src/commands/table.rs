//! `watchbox table`: what is installed and how it is doing.

use watchbox_engine::Phase;
use watchbox_model::{Grants, Time};
use watchbox_server::api::types::{Installation, Origin, Page, Trust};

use crate::{
    api::{Api, Query},
    args,
    output::{Cell, Details, Output, Table, Tone, ago, cut, stamp},
};

/// How much of an error fits a line of the table.
const ERROR: usize = 100;

/// Shows all that is installed, or one in full.
pub async fn table(args: args::Table, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let Some(name) = args.name else {
        let installed: Page<Installation> = api.get(&["table"], &Query::new()).await?;
        if output.json() {
            return Ok(output.document(&installed.items)?);
        }
        if installed.items.is_empty() {
            output
                .remark("nothing is installed: `watchbox install FILE.wasm` installs an artifact");
            return Ok(());
        }
        return Ok(output.table(&list(&installed.items, Time::now()))?);
    };
    let installation: Installation = api.get(&["table", name.as_str()], &Query::new()).await?;
    show(&installation, output)
}

/// Prints one installation in full.
pub fn show(installation: &Installation, output: &Output) -> anyhow::Result<()> {
    if output.json() {
        return Ok(output.document(installation)?);
    }
    let details = details(installation, Time::now());
    Ok(output.text(&details.render(output.look()))?)
}

fn list(installed: &[Installation], now: Time) -> Table {
    let mut table = Table::new([
        "NAME",
        "VERSION",
        "PHASE",
        "LAG",
        "TURNS",
        "ROWS",
        "FAILURES",
        "LAST TURN",
        "LAST ERROR",
    ])
    .below(["LAST ERROR"]);
    for line in installed {
        table.row([
            line.name.as_str().into(),
            version(line).into(),
            phase_and_more(line),
            line.lag.into(),
            line.turns.into(),
            line.rows.into(),
            failures(line.failures),
            line.last_turn.map(|turn| ago(turn.0, now)).into(),
            line.last_error
                .as_ref()
                .map(|error| Cell::from(cut(&error.error, ERROR).as_ref()).tone(Tone::Bad))
                .into(),
        ]);
    }
    table
}

fn details(installation: &Installation, now: Time) -> Details {
    let mut details = Details::new();
    details
        .line("Name", installation.name.as_str())
        .line(
            "Artifact",
            format!("{} {}", installation.artifact, installation.version),
        )
        .line("Digest", installation.digest.to_string())
        .line_if("Signed", installation.origin.as_ref().map(signed))
        .line_if(
            "Still running",
            installation.running.map(|digest| digest.to_string()),
        )
        .line_if(
            "Shadow",
            installation
                .shadow
                .as_ref()
                .map(|shadow| format!("{}, {}", shadow.version, shadow.digest)),
        )
        .line_if(
            "Before it",
            installation.previous.map(|digest| digest.to_string()),
        )
        .line("Phase", phase(installation.phase))
        .line_if(
            "Quarantine",
            installation.quarantine.as_ref().map(|set_aside| {
                Cell::from(format!(
                    "{} ({})",
                    set_aside.reason,
                    ago(set_aside.at.0, now)
                ))
                .tone(Tone::Bad)
            }),
        )
        .line_if(
            "Probation",
            installation
                .probation
                .then_some("yes: if it fails on its first turns, the version before takes over"),
        )
        .line_if(
            "Pending",
            installation.pending.as_ref().map(|pending| {
                let waits = format!(
                    "{} ({}) waits for approval, by {} ({})",
                    pending.version,
                    pending.digest.short(),
                    pending.by,
                    ago(pending.at.0, now)
                );
                Cell::from(waits).tone(Tone::Warn)
            }),
        );
    let pending = installation.pending.iter();
    for want in pending.flat_map(|pending| &pending.wants) {
        let what = want.need.as_deref().unwrap_or("all of it");
        details.line(
            "It wants",
            format!("{}: {what} ({})", want.capability, want.reason),
        );
    }
    if let Some(pending) = &installation.pending {
        for (name, value) in &pending.set_parameters {
            let value = value
                .as_ref()
                .map_or_else(|| "its default".to_owned(), shown);
            details.line("It sets", format!("{name} = {value}"));
        }
        if pending.resets_parameters {
            details.line("It sets", "every other parameter = its default");
        }
    }
    details
        .line("Lag", lag(installation))
        .line("Turns", installation.turns)
        .line("Rows", installation.rows)
        .line("Failures", failures(installation.failures))
        .line_if(
            "Dead letters",
            installation
                .dead_letters
                .filter(|count| *count > 0)
                .map(|count| {
                    let name = &installation.name;
                    let shown = format!(
                        "{count}: `watchbox dead-letters list --artifact {name}` shows why"
                    );
                    Cell::from(shown).tone(Tone::Warn)
                }),
        )
        .line_if(
            "Last turn",
            installation.last_turn.map(|turn| ago(turn.0, now)),
        )
        .line_if(
            "Next try",
            installation.next_try.map(|next| ago(next.0, now)),
        )
        .line_if(
            "Next tick",
            installation.next_tick.map(|tick| ago(tick.0, now)),
        )
        .line_if(
            "Last error",
            installation.last_error.as_ref().map(|error| {
                Cell::from(format!("{} ({})", error.error, ago(error.at.0, now))).tone(Tone::Bad)
            }),
        );
    for (name, value) in &installation.parameters {
        details.line("Parameter", format!("{name} = {}", shown(value)));
    }
    details.lines("Grant", granted(&installation.grants));
    details
        .line("Installed", stamp(installation.installed_at.0))
        .line(
            "Changed",
            format!(
                "{} by {}",
                stamp(installation.changed_at.0),
                installation.changed_by
            ),
        );
    details
}

fn shown(value: &serde_json::Value) -> String {
    let text = value.as_str().map(str::to_owned);
    text.unwrap_or_else(|| value.to_string())
}

/// Who stands for the component.
fn signed(origin: &Origin) -> String {
    match (origin.trust, &origin.signer, &origin.key) {
        (Trust::Signed, Some(signer), Some(key)) => format!("by {signer}, the key {key}"),
        (Trust::Signed, ..) => "yes".to_owned(),
        (Trust::Unsigned, ..) => "no; the trust policy needs no signature of it".to_owned(),
        (Trust::Unchecked, ..) => "not checked: the server has no trust policy".to_owned(),
    }
}

/// What is granted, a line a rule, and the limits that are not the default's. (What can't be read is shown as it is.)
pub fn granted(grants: &serde_json::Value) -> Vec<String> {
    let Ok(read) = Grants::parse("grants", &grants.to_string()) else {
        return vec![grants.to_string()];
    };
    let lines: Vec<String> = Grants::default()
        .differences(&read)
        .into_iter()
        .map(|rule| format!("{}: {}", rule.what, rule.new.unwrap_or_default()))
        .collect();
    if lines.is_empty() {
        return vec!["nothing".to_owned()];
    }
    lines
}

/// The phase, and what else is to be known of it.
fn phase_and_more(line: &Installation) -> Cell {
    let version = match (&line.pending, line.probation) {
        (Some(pending), _) => Some(format!("{} pending approval", pending.version)),
        (None, true) => Some("on probation".to_owned()),
        (None, false) => None,
    };
    let more: Vec<String> = version.into_iter().chain(dead_letters(line)).collect();
    if more.is_empty() {
        return phase(line.phase);
    }
    let tone = match tone(line.phase) {
        Tone::Good => Tone::Warn,
        worse => worse,
    };
    Cell::from(format!("{}, {}", name(line.phase), more.join(", "))).tone(tone)
}

fn dead_letters(line: &Installation) -> Option<String> {
    match line.dead_letters? {
        0 => None,
        1 => Some("1 dead letter".to_owned()),
        many => Some(format!("{many} dead letters")),
    }
}

/// The version, and that of its shadow.
fn version(line: &Installation) -> String {
    match &line.shadow {
        Some(shadow) => format!("{} (shadow {})", line.version, shadow.version),
        None => line.version.clone(),
    }
}

fn phase(phase: Phase) -> Cell {
    Cell::from(name(phase)).tone(tone(phase))
}

fn tone(phase: Phase) -> Tone {
    match phase {
        Phase::Idle | Phase::Running => Tone::Good,
        Phase::Retrying => Tone::Warn,
        Phase::Disabled => Tone::Dim,
        Phase::Broken | Phase::Quarantined => Tone::Bad,
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "idle",
        Phase::Running => "running",
        Phase::Retrying => "retrying",
        Phase::Disabled => "disabled",
        Phase::Broken => "broken",
        Phase::Quarantined => "quarantined",
    }
}

fn failures(failures: u64) -> Cell {
    let tone = if failures == 0 {
        Tone::Plain
    } else {
        Tone::Warn
    };
    Cell::from(failures).tone(tone)
}

/// Events that were not come to yet, and how old the oldest is.
fn lag(line: &Installation) -> String {
    let events = match line.lag {
        0 => return "none".to_owned(),
        1 => "1 event".to_owned(),
        more => format!("{more} events"),
    };
    format!("{events}, the oldest {:.0} s old", line.lag_seconds)
}

#[cfg(test)]
mod tests;
