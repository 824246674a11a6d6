//! `watchbox clients`, `client` and `label`.

use clap::Subcommand;
use watchbox_model::{ClientId, SearchTerm};

use super::Connection;

/// `watchbox clients`.
#[derive(Debug, clap::Args)]
pub struct Clients {
    /// Which: `label:X`, `host:X` (`*` stands for anything), `client:X`, `all`, or text to look for
    #[arg(default_value = "all")]
    pub term: SearchTerm,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: u32,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox client`.
#[derive(Debug, clap::Args)]
pub struct Client {
    /// What to do.
    #[command(subcommand)]
    pub command: ClientCommand,
}

/// What to do with one client.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Show a client
    Show(ClientName),
    /// Register a client, or change its hostname and operating system
    Add(ClientAdd),
    /// Forget a client and its labels; its events stay
    Remove(ClientName),
}

/// One client.
#[derive(Debug, clap::Args)]
pub struct ClientName {
    /// The client's id (`C.…`)
    pub id: ClientId,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox client add`.
#[derive(Debug, clap::Args)]
pub struct ClientAdd {
    /// The client's id (`C.…`)
    pub id: ClientId,
    /// Its hostname
    #[arg(long, value_name = "NAME")]
    pub hostname: Option<String>,
    /// Its operating system
    #[arg(long, value_name = "NAME")]
    pub os: Option<String>,
    /// Put a label on it; may be given more than once
    #[arg(long = "label", value_name = "LABEL")]
    pub labels: Vec<watchbox_model::Label>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox label`.
#[derive(Debug, clap::Args)]
pub struct Label {
    /// What to do.
    #[command(subcommand)]
    pub command: LabelCommand,
}

/// What to do with labels.
#[derive(Debug, Subcommand)]
pub enum LabelCommand {
    /// Put labels on a client
    Add(LabelChange),
    /// Take labels off a client
    Remove(LabelChange),
}

/// Labels of one client.
#[derive(Debug, clap::Args)]
pub struct LabelChange {
    /// The client's id (`C.…`)
    pub client: ClientId,
    /// The labels
    #[arg(required = true, value_name = "LABEL")]
    pub labels: Vec<watchbox_model::Label>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
