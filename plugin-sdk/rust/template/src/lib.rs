//! Tells of processes with a long command line: an artifact to start from.

use serde::{Deserialize, Serialize};
use watchbox_sdk::{Artifact, Batch, Failure, Rows};

/// The parameters, as `artifact.yaml` names them.
#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "Longest")]
    longest: usize,
}

/// What is read of an event. Text is borrowed from the batch.
#[derive(Deserialize)]
struct Process<'a> {
    #[serde(rename = "ClientId")]
    client_id: &'a str,
    #[serde(rename = "CommandLine")]
    command_line: &'a str,
}

/// A row.
#[derive(Serialize)]
struct Found<'a> {
    #[serde(rename = "ClientId")]
    client_id: &'a str,
    #[serde(rename = "CommandLine")]
    command_line: &'a str,
    #[serde(rename = "Length")]
    length: usize,
}

struct LongCommands(Parameters);

impl Artifact for LongCommands {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, Failure> {
        Ok(Self(parameters))
    }

    fn events(&mut self, batch: &Batch<'_>, rows: &mut Rows) -> Result<(), Failure> {
        for event in batch.events::<Process>() {
            // An event that is no `Process` fails the batch; the host halves it until that event stands alone as a dead letter.
            let Process { client_id, command_line } = event?;
            let length = command_line.len();
            if length > self.0.longest {
                rows.push(&Found { client_id, command_line, length })?;
            }
        }
        Ok(())
    }
}

watchbox_sdk::export!(LongCommands);

#[cfg(test)]
mod tests {
    use serde_json::json;
    use watchbox_sdk::testing::World;

    use super::*;

    #[test]
    fn only_long_ones_become_rows() -> Result<(), Failure> {
        let mut installed = World::new().install::<LongCommands>(&json!({"Longest": 5}))?;
        let rows = installed.events(
            "Windows.Events.ProcessCreation",
            &[
                json!({"ClientId": "C.1", "CommandLine": "short"}),
                json!({"ClientId": "C.2", "CommandLine": "longer"}),
            ],
        )?;
        assert_eq!(rows, [json!({"ClientId": "C.2", "CommandLine": "longer", "Length": 6})]);
        Ok(())
    }
}
