//! `Server.Powershell.EncodedCommand`: decodes the commands that were given to PowerShell in base64.
//!
//! A command line goes through [`command`] (which programs are in it, once cmd is done), [`argv`] (what its arguments are, once the C
//! runtime is done), [`parameters`] (which of them is the payload, by PowerShell's rules) and [`payload`] (what it says).

mod argv;
mod command;
mod oddity;
mod parameters;
mod payload;
mod script;

use serde::{Deserialize, Serialize};
use watchbox_sdk::{Artifact, Batch, Failure, Rows, Value};

pub use oddity::{Oddities, Oddity};

/// An encoded command, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What it says.
    pub script: String,
    /// What is odd about it.
    pub oddities: Oddities,
}

/// Every encoded command in a command line, in order.
///
/// ```
/// let found = server_powershell_encodedcommand::decode("powershell -e dwBoAG8AYQBtAGkA");
/// assert_eq!(found[0].script, "whoami");
/// assert_eq!(found[0].oddities.to_string(), "");
/// ```
pub fn decode(command_line: &str) -> Vec<Decoded> {
    let started = command::shells(command_line).into_iter();
    let decoded = started.filter_map(|(shell, arguments)| {
        let (payload, mut oddities) = parameters::payload(shell, &arguments)?;
        let script = payload::decode(payload, &mut oddities)?;
        Some(Decoded { script, oddities })
    });
    decoded.collect()
}

/// The parameters: none.
#[derive(Debug, Deserialize)]
pub struct Parameters {}

/// What is read of a process creation.
#[derive(Debug, Deserialize)]
struct Process<'a> {
    #[serde(rename = "ClientId")]
    client_id: &'a str,
    #[serde(rename = "ParentInfo", borrow, default)]
    parent_info: Value<'a>,
    #[serde(rename = "CommandLine", borrow, default)]
    command_line: Value<'a>,
    #[serde(rename = "Timestamp", borrow, default)]
    timestamp: Value<'a>,
}

/// A row.
#[derive(Debug, Serialize)]
struct Found<'a> {
    #[serde(rename = "ClientId")]
    client_id: &'a str,
    #[serde(rename = "ParentInfo")]
    parent_info: &'a Value<'a>,
    #[serde(rename = "CommandLine")]
    command_line: &'a str,
    #[serde(rename = "Timestamp")]
    timestamp: &'a Value<'a>,
    #[serde(rename = "Script")]
    script: &'a str,
    #[serde(rename = "Oddities")]
    oddities: String,
}

/// The artifact.
#[derive(Debug)]
pub struct EncodedCommand;

impl Artifact for EncodedCommand {
    type Parameters = Parameters;

    fn configure(_: Parameters) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn events(&mut self, batch: &Batch<'_>, rows: &mut Rows) -> Result<(), Failure> {
        for process in batch.events::<Process<'_>>() {
            let process = process?;
            let Some(command_line) = process.command_line.as_str() else {
                continue;
            };
            for decoded in decode(command_line) {
                rows.push(&Found {
                    client_id: process.client_id,
                    parent_info: &process.parent_info,
                    command_line,
                    timestamp: &process.timestamp,
                    script: &decoded.script,
                    oddities: decoded.oddities.to_string(),
                })?;
            }
        }
        Ok(())
    }
}

watchbox_sdk::export!(EncodedCommand);

#[cfg(test)]
mod tests;
