//! `watchbox doctor`: what is wrong with the data folder of a server that is stopped, and a new one with what can be read of it.

mod folder;

use std::{fs, path::Path};

use anyhow::{Context, bail};
use serde::Serialize;
use watchbox_store::{Finding, Saved, Verdict};

use crate::{
    args, data_folder,
    exit::Exit,
    output::{Cell, Output, Table, Tone},
};

/// The store's file in a data folder.
const STORE: &str = "watchbox.db";

/// The key that was to take the place of `secrets.key`, where a change of keys was not done.
const NEXT_KEY: &str = "secrets.key.next";

/// What a data folder holds beside the store that a server can't make anew.
const KEPT: [&str; 2] = ["secrets.key", "admin.token"];

/// Looks, or recovers.
pub async fn doctor(args: args::Doctor, output: &Output) -> anyhow::Result<Exit> {
    let data = match args.data {
        Some(data) => data,
        None => data_folder::default()?,
    };
    let doctor = watchbox_store::Doctor::open(&data.join(STORE))
        .await
        .with_context(|| format!("the data folder {} can't be looked at", data.display()))?;
    match args.recover {
        None => {
            let mut findings = folder::examine(&data);
            findings.extend(doctor.examine().await?);
            show(&findings, output)
        }
        Some(to) => {
            make_folder(&to)?;
            let saved = doctor
                .recover(&to.join(STORE))
                .await
                .with_context(|| format!("nothing could be recovered into {}", to.display()))?;
            let mut missing = Vec::new();
            for name in KEPT {
                // Copied with its mode, which is its owner's alone.
                if fs::copy(data.join(name), to.join(name)).is_err() {
                    missing.push(name);
                }
            }
            // There while a change of keys is under way: what is sealed says to the server which of the two it is.
            if data.join(NEXT_KEY).exists()
                && fs::copy(data.join(NEXT_KEY), to.join(NEXT_KEY)).is_err()
            {
                missing.push(NEXT_KEY);
            }
            tell(&saved, &missing, &to, output)
        }
    }
}

/// What `--json` prints of a finding.
#[derive(Serialize)]
struct Found<'a> {
    subject: &'a str,
    verdict: &'a str,
    text: &'a str,
}

fn show(findings: &[Finding], output: &Output) -> anyhow::Result<Exit> {
    let word = |verdict| match verdict {
        Verdict::Good => ("good", Tone::Good),
        Verdict::Notice => ("notice", Tone::Warn),
        Verdict::Bad => ("bad", Tone::Bad),
    };
    let worst = findings.iter().map(|finding| finding.verdict).max();
    let exit = match worst {
        Some(Verdict::Bad) => Exit::Failed,
        _ => Exit::Done,
    };
    if output.json() {
        let found: Vec<_> = findings
            .iter()
            .map(|finding| Found {
                subject: finding.subject,
                verdict: word(finding.verdict).0,
                text: &finding.text,
            })
            .collect();
        output.document(&found)?;
        return Ok(exit);
    }
    let mut table = Table::new(["LOOKED AT", "", "FOUND"]);
    for finding in findings {
        let (verdict, tone) = word(finding.verdict);
        table.row([
            finding.subject.into(),
            Cell::from(verdict).tone(tone),
            finding.text.as_str().into(),
        ]);
    }
    output.table(&table)?;
    if exit == Exit::Failed {
        output.remark(
            "Something is damaged: `watchbox doctor --recover TO` makes a new data folder with what can be read.",
        );
    }
    Ok(exit)
}

/// What `--json` prints of what was saved.
#[derive(Serialize)]
struct Recovered<'a> {
    what: &'a str,
    kept: u64,
    lost: Option<&'a str>,
}

fn tell(saved: &[Saved], missing: &[&str], to: &Path, output: &Output) -> anyhow::Result<Exit> {
    for name in missing {
        output.warning(&match *name {
            "secrets.key" => "secrets.key could not be copied: secrets must be given again".to_owned(),
            _ => format!("{name} could not be copied: copy it by hand, or remove it from the tokens and start the server"),
        });
    }
    if output.json() {
        let recovered: Vec<_> = saved
            .iter()
            .map(|saved| Recovered {
                what: &saved.what,
                kept: saved.kept,
                lost: saved.lost.as_deref(),
            })
            .collect();
        output.document(&recovered)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["WHAT", "KEPT", "LOST"]);
    for saved in saved {
        let lost = match &saved.lost {
            Some(lost) => Cell::from(lost.as_str()).tone(Tone::Bad),
            None => Cell::from("nothing").tone(Tone::Good),
        };
        table.row([saved.what.as_str().into(), saved.kept.into(), lost]);
    }
    output.table(&table)?;
    output.remark(&format!(
        "{} is a data folder that the server can be started with.",
        to.display()
    ));
    Ok(Exit::Done)
}

/// Makes the new folder, for its owner only.
fn make_folder(to: &Path) -> anyhow::Result<()> {
    let can_not = || format!("{} can't be made", to.display());
    if to.exists() {
        if fs::read_dir(to).with_context(can_not)?.next().is_some() {
            bail!("{} is not empty: name a new folder", to.display());
        }
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(to).with_context(can_not)
}
