//! `watchbox dev`.

use std::path::PathBuf;

use watchbox_model::Name;

use super::{Connection, Settings};

/// `watchbox dev`.
#[derive(Debug, clap::Args)]
pub struct Dev {
    /// The artifact's folder
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// The name to install it under [default: the artifact's own]
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<Name>,
    /// Its settings. Without `--grants`, those of DIR/grants.yaml, else all that its manifest declares.
    #[command(flatten)]
    pub settings: Settings,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
