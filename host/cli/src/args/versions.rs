//! `watchbox versions`, `rollback`, `approve` and `reject`.

use std::path::PathBuf;

use watchbox_model::{Digest, Name};

use super::Connection;

/// `watchbox versions`.
#[derive(Debug, clap::Args)]
pub struct Versions {
    /// What it is installed as
    pub name: Name,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox rollback`.
#[derive(Debug, clap::Args)]
pub struct Rollback {
    /// What it is installed as
    pub name: Name,
    /// The version: its number, the artifact's version, or the first digits of its digest [default: the
    /// last that ran another component]
    #[arg(long, value_name = "VERSION")]
    pub to: Option<String>,
    /// Grant it again all that it was granted then; without it, it gets what was granted then and is
    /// still
    #[arg(long)]
    pub restore_grants: bool,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox approve`.
#[derive(Debug, clap::Args)]
pub struct Approve {
    /// What it is installed as
    pub name: Name,
    /// What it may do, as YAML or JSON; without it, what is granted now and no more
    #[arg(long, value_name = "FILE")]
    pub grants: Option<PathBuf>,
    /// The digest of the version that you looked at; if another waits by now, nothing is approved
    #[arg(long, value_name = "DIGEST")]
    pub digest: Option<Digest>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
