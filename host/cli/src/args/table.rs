//! `watchbox table`, `enable`, `disable` and `remove`.

use watchbox_model::Name;

use super::Connection;

/// `watchbox table`.
#[derive(Debug, clap::Args)]
pub struct Table {
    /// Only this one, with its settings and its last error in full
    pub name: Option<Name>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox enable`, `watchbox disable` and `watchbox remove`.
#[derive(Debug, clap::Args)]
pub struct Installed {
    /// What it is installed as
    pub name: Name,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
