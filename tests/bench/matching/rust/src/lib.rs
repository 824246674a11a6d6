//! Counts the events that match.

use serde::{Deserialize, Serialize};
use watchbox_sdk::{Artifact, Batch, Failure, Rows};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    command_line: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    matched: usize,
}

/// Nothing that the guest looks at.
#[derive(Debug, Deserialize)]
pub struct Parameters {}

/// The artifact.
#[derive(Debug)]
pub struct Matching;

impl Artifact for Matching {
    type Parameters = Parameters;

    fn configure(_: Parameters) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn events(&mut self, batch: &Batch<'_>, rows: &mut Rows) -> Result<(), Failure> {
        let mut matched = 0;
        for event in batch.events::<Event<'_>>() {
            if event?.command_line.contains("powershell") {
                matched += 1;
            }
        }
        rows.push(&Row { matched })?;
        Ok(())
    }
}

watchbox_sdk::export!(Matching);
