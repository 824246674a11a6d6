//! A guest for tests: emits a row for each event, with the event's number and its own version, so that one sees what got through,
//! how often, and by which version.

use serde::{Deserialize, Serialize};
use watchbox_sdk::{Artifact, Batch, Failure, Rows};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    number: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    number: u64,
    version: &'static str,
}

/// No parameters.
#[derive(Debug, Deserialize)]
pub struct Parameters {}

/// The artifact.
#[derive(Debug)]
pub struct Relay;

impl Artifact for Relay {
    type Parameters = Parameters;

    fn configure(_: Parameters) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn events(&mut self, batch: &Batch<'_>, rows: &mut Rows) -> Result<(), Failure> {
        for event in batch.events::<Event>() {
            let Event { number } = event?;
            rows.push(&Row {
                number,
                version: env!("CARGO_PKG_VERSION"),
            })?;
        }
        Ok(())
    }
}

watchbox_sdk::export!(Relay);
