//! `watchbox run`, and what it shares with `watchbox grants propose`.

use std::path::PathBuf;

use watchbox_model::{ClientId, Name};

use super::Settings;

/// `watchbox run`.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// The artifact and what it is given.
    #[command(flatten)]
    pub job: Job,
    /// The artifact's settings.
    #[command(flatten)]
    pub settings: Settings,
}

/// An artifact, and what it is given without a server.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("trigger").required(true))]
pub struct Job {
    /// The artifact's component
    #[arg(value_name = "ARTIFACT.wasm")]
    pub artifact: PathBuf,
    /// The events, one JSON object a line; `-` reads stdin
    #[arg(long, value_name = "FILE.ndjson", group = "trigger")]
    pub events: Option<PathBuf>,
    /// Run ticks instead, one if no number is given; the clock jumps from one to the next
    #[arg(
        long,
        value_name = "N",
        group = "trigger",
        num_args = 0..=1,
        default_missing_value = "1"
    )]
    pub tick: Option<u32>,
    /// Of which log the events are; needed only where the artifact watches several
    #[arg(long, value_name = "NAME", requires = "events")]
    pub log: Option<Name>,
    /// The client of the events that name none
    #[arg(long, value_name = "ID", requires = "events")]
    pub client_id: Option<ClientId>,
    /// The clients that there are, one JSON object a line: id, hostname, os, labels, first_seen, last_seen
    #[arg(long, value_name = "FILE.ndjson")]
    pub clients: Option<PathBuf>,
}
