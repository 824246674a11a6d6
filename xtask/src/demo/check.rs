//! `--once`: whether what came out is what had to.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use console::style;
use serde_json::Value;
use watchbox_tests::{Api, Build, Reply, eventually};

use super::{
    events::{Decoded, Events},
    show::Shown,
    stage::{Components, OFFLINE, POWERSHELL, SLACK, Stage},
};

/// How long the last rows and messages may take.
const LIMIT: Duration = Duration::from_secs(60);

/// How many more ticks the Slack artifact gets, to show that it tells nobody twice.
const MORE_TICKS: u64 = 2;

/// Compares, prints the comparison, and fails if anything differs.
pub(crate) fn check(
    build: &Build,
    stage: &Stage,
    components: &Components,
    shown: &Shown,
    events: &Events,
    accepted: u64,
    file: Option<&Path>,
) -> Result<()> {
    let mut wanted_rows = match file {
        Some(file) => run_natively(build, components, file)?,
        None => events.scripts(),
    };
    let api = stage.server.api();
    let mut rows = eventually(LIMIT, || {
        let rows: Vec<_> = api.rows(POWERSHELL)?.iter().map(decoded).collect();
        let missing = format!("{} of {} rows are there", rows.len(), wanted_rows.len());
        Ok(if rows.len() >= wanted_rows.len() {
            Ok(rows)
        } else {
            Err(missing)
        })
    })?;
    shown.sink.wait(LIMIT, |received| {
        received.iter().filter(|message| message.accepted()).count() >= stage.expected.len()
    })?;
    let after = turns(api)? + MORE_TICKS;
    eventually(LIMIT, || {
        Ok(if turns(api)? >= after {
            Ok(())
        } else {
            Err("a tick is due".to_owned())
        })
    })?;

    let mut summary = Summary::default();
    summary.compare("events accepted", events.len(), accepted as usize);
    summary.compare("rows decoded", wanted_rows.len(), rows.len());
    wanted_rows.sort();
    rows.sort();
    let right = rows
        .iter()
        .filter(|row| wanted_rows.binary_search(row).is_ok())
        .count();
    summary.compare(
        "rows of the right client with the right script",
        wanted_rows.len(),
        right,
    );
    let told = shown.sink.accepted();
    summary.compare(
        "messages accepted by the webhook",
        stage.expected.len(),
        told.len(),
    );
    let once = stage
        .expected
        .iter()
        .filter(|client| told.iter().filter(|text| text.contains(&client.id)).count() == 1);
    summary.compare(
        "labelled clients online told of exactly once",
        stage.expected.len(),
        once.count(),
    );
    summary.compare(
        "of them after the pause that 429 asked for",
        1,
        usize::from(pause_kept(shown)),
    );
    let labelled = api.get_json("/api/v1/clients?search=label:Slack")?;
    let offline_only = labelled["items"]
        .as_array()
        .is_some_and(|items| items.len() == 1 && items[0]["id"] == OFFLINE);
    summary.compare(
        "labels left (the client that is offline)",
        1,
        usize::from(offline_only),
    );
    summary.finish()
}

/// The same artifact over the same file, without a server.
fn run_natively(build: &Build, components: &Components, file: &Path) -> Result<Vec<Decoded>> {
    let output = Command::new(build.program("watchbox")?)
        .args([
            "run".as_ref(),
            components.powershell.as_os_str(),
            "--events".as_ref(),
            file.as_os_str(),
        ])
        .output()?;
    ensure!(
        output.status.success(),
        "watchbox run: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)?
        .lines()
        .map(|line| Ok(decoded(&serde_json::from_str(line)?)))
        .collect()
}

fn decoded(row: &Value) -> Decoded {
    let text = |column: &str| row[column].as_str().unwrap_or_default().to_owned();
    (text("ClientId"), text("Script"))
}

/// Turns that the Slack artifact has committed.
fn turns(api: &Api) -> Result<u64> {
    api.get_json(&format!("/api/v1/table/{SLACK}"))?["turns"]
        .as_u64()
        .context("no count of turns")
}

/// Whether nothing was sent while a 429 asked to wait.
fn pause_kept(shown: &Shown) -> bool {
    let received = shown.sink.received();
    let paused = |(at, seconds): (Instant, u32)| {
        let end = at + Duration::from_secs(seconds.into());
        received
            .iter()
            .all(|message| message.at <= at || message.at >= end)
    };
    let mut pauses = received.iter().filter_map(|message| match message.reply {
        Reply::TooMany(seconds) => Some((message.at, seconds)),
        _ => None,
    });
    pauses.next().is_some_and(paused) && pauses.all(paused)
}

/// Comparisons, printed as they are made.
#[derive(Debug, Default)]
struct Summary {
    wrong: u32,
}

impl Summary {
    fn compare(&mut self, what: &str, wanted: usize, found: usize) {
        let same = wanted == found;
        let verdict = if same {
            style("ok   ").green()
        } else {
            style("WRONG").red().bold()
        };
        println!("{verdict} {what}: {found} of {wanted}");
        self.wrong += u32::from(!same);
    }

    fn finish(self) -> Result<()> {
        ensure!(
            self.wrong == 0,
            "{} of the above are not as they must be",
            self.wrong
        );
        Ok(())
    }
}
