//! `watchbox audit verify`: reads a whole trail and says whether it is what was written.
//!
//! The server only sends it; it is checked here.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use watchbox_model::{
    audit::{SignedCheckpoint, Verified, Verifier},
    signing::PublicKey,
};
use watchbox_server::api::types::{CheckpointEntry, Timestamp, TrailLine};

use crate::{
    api::{Api, Query},
    args,
    commands::read_log::whole_lines,
    exit::Usage,
    output::{Output, stamp},
};

/// What is said of a trail that is whole.
#[derive(Debug, Serialize)]
struct Report {
    /// The first record that was checked.
    first: u64,
    /// The last.
    last: u64,
    /// The last record that a checkpoint speaks of.
    signed_to: Option<u64>,
    /// When that was signed.
    signed_at: Option<Timestamp>,
    /// Checkpoints that were compared.
    checkpoints: u64,
    /// How many of those were kept elsewhere.
    kept_elsewhere: usize,
    /// The key that they are signed with.
    key: String,
}

/// Checks the trail of the server, or of a file.
pub async fn verify(args: args::AuditVerify, output: &Output) -> anyhow::Result<()> {
    let mut trail = Trail {
        key: args.public_key.clone(),
        checkpoints: match &args.checkpoints {
            Some(file) => kept_elsewhere(file)?,
            None => Vec::new(),
        },
        verifier: None,
    };
    let kept = trail.checkpoints.len();
    if args.checkpoints.is_some() && kept == 0 {
        bail!("the file that --checkpoints names has none in it");
    }
    match &args.file {
        Some(path) => read_file(path, &mut trail)?,
        None => read_server(&args, &mut trail).await?,
    }
    let (verified, key) = trail.finish()?;
    if verified.checkpoints == 0 {
        bail!(
            "nothing of the trail is signed: its hashes fit each other, which anybody can make them do"
        );
    }
    let report = Report {
        first: verified.first,
        last: verified.last,
        signed_to: verified.signed.map(|(last, _)| last),
        signed_at: verified.signed.map(|(_, at)| at.into()),
        checkpoints: verified.checkpoints,
        kept_elsewhere: kept,
        key: key.to_string(),
    };
    if output.json() {
        return Ok(output.document(&report)?);
    }
    output.text(&summary(&report))?;
    if args.public_key.is_none() {
        output.remark(&format!(
            "signed with the key that came with it: keep that elsewhere, and give it next time: --public-key {key}"
        ));
    }
    Ok(())
}

fn summary(report: &Report) -> String {
    let Report { first, last, .. } = report;
    if last < first {
        return "the trail is empty".to_owned();
    }
    let signed = match (report.signed_to, report.signed_at) {
        (Some(to), Some(at)) => format!("signed up to {to} at {}", stamp(at.0)),
        _ => "not signed yet".to_owned(),
    };
    let count = last - first + 1;
    let kept = match report.kept_elsewhere {
        0 => String::new(),
        kept => format!(", as {kept} checkpoints say that were kept elsewhere"),
    };
    format!("the trail is whole: {count} records, {first} to {last}, {signed}{kept}")
}

fn read_file(path: &Path, trail: &mut Trail) -> anyhow::Result<()> {
    let name = path.display();
    let file = fs::File::open(path).with_context(|| format!("{name} can't be opened"))?;
    for (number, line) in BufReader::new(file).split(b'\n').enumerate() {
        let line = line.with_context(|| format!("{name} can't be read"))?;
        trail
            .line(&line)
            .with_context(|| format!("{name}, line {}", number + 1))?;
    }
    Ok(())
}

async fn read_server(args: &args::AuditVerify, trail: &mut Trail) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let mut pieces = api.open(&["audit", "export"], &Query::new()).await?;
    let mut text = Vec::new();
    while let Some(piece) = pieces.piece().await? {
        text.extend_from_slice(&piece);
        whole_lines(&mut text, |line| trail.line(line))?;
    }
    if !text.is_empty() {
        bail!("the answer broke off: try again");
    }
    Ok(())
}

/// Checkpoints that the operator kept: as the API has them, or as the server's log does.
fn kept_elsewhere(path: &Path) -> anyhow::Result<Vec<SignedCheckpoint>> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Kept {
        Listed(CheckpointEntry),
        Logged(SignedCheckpoint),
    }

    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("{name} can't be read"))?;
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            let kept = serde_json::from_str(line);
            let number = number + 1;
            match kept.with_context(|| format!("{name}, line {number} is no checkpoint"))? {
                Kept::Listed(entry) => Ok(entry.into()),
                Kept::Logged(signed) => Ok(signed),
            }
        })
        .collect()
}

/// A trail while it is read.
struct Trail {
    key: Option<PublicKey>,
    checkpoints: Vec<SignedCheckpoint>,
    verifier: Option<Verifier>,
}

impl Trail {
    /// The next line of it.
    fn line(&mut self, line: &[u8]) -> anyhow::Result<()> {
        if line.is_empty() {
            return Ok(());
        }
        let line = serde_json::from_slice(line).context("that is no line of a trail")?;
        match line {
            TrailLine::Key { key } => {
                if self.key.is_none() {
                    self.key = Some(key.parse()?);
                }
            }
            TrailLine::Checkpoint(checkpoint) => self.checkpoints.push(checkpoint.into()),
            TrailLine::Record(record) => {
                self.verifier()?;
                if let Some(verifier) = &mut self.verifier {
                    verifier.record(&record.into())?;
                }
            }
        }
        Ok(())
    }

    fn verifier(&mut self) -> anyhow::Result<()> {
        if self.verifier.is_none() {
            self.verifier = Some(Verifier::new(self.known_key()?, &self.checkpoints)?);
        }
        Ok(())
    }

    fn known_key(&self) -> anyhow::Result<&PublicKey> {
        let missing = || Usage("the trail comes without a key: give it with --public-key".into());
        Ok(self.key.as_ref().ok_or_else(missing)?)
    }

    fn finish(mut self) -> anyhow::Result<(Verified, PublicKey)> {
        self.verifier()?;
        let key = self.known_key()?.clone();
        let verifier = self.verifier.context("nothing was read")?;
        Ok((verifier.finish()?, key))
    }
}
