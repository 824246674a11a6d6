//! `watchbox install` and `watchbox upgrade`.

use std::path::PathBuf;

use clap::ValueEnum;
use watchbox_model::Name;

use super::{Connection, Settings};

/// `watchbox install`.
#[derive(Debug, clap::Args)]
pub struct Install {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    pub file: PathBuf,
    /// The name to install it under [default: the artifact's own]
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<Name>,
    /// Where it begins in the logs that it watches
    #[arg(long, value_name = "WHERE", default_value = "now")]
    pub from: StartArgument,
    /// Install it switched off
    #[arg(long)]
    pub disabled: bool,
    /// Its settings.
    #[command(flatten)]
    pub settings: Settings,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// Where a new installation begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StartArgument {
    /// With the events that are accepted from now on
    Now,
    /// With the oldest that is kept
    Oldest,
}

/// `watchbox upgrade`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true).args(["file", "parameters", "defaults", "secrets", "grants"]))]
pub struct Upgrade {
    /// What it is installed as
    pub name: Name,
    /// The new component; without it the component stays. Of the settings, those given change: `--param`
    /// and `--secret` change those named, `--grants` all grants
    #[arg(value_name = "FILE.wasm")]
    pub file: Option<PathBuf>,
    /// Run the new component beside the old one instead, on the same events and with its effects withheld
    #[arg(long, requires = "file")]
    pub shadow: bool,
    /// Give a parameter its default again; may be given more than once
    #[arg(long = "default", value_name = "NAME")]
    pub defaults: Vec<String>,
    /// What is to change.
    #[command(flatten)]
    pub settings: Settings,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
