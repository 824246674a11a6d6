//! `watchbox backup`.

use super::Connection;

/// `watchbox backup`.
#[derive(Debug, clap::Args)]
pub struct Backup {
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
