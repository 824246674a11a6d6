//! `watchbox shadow`.

use clap::Subcommand;

use super::Installed;

/// `watchbox shadow`.
#[derive(Debug, clap::Args)]
pub struct Shadow {
    /// What to do.
    #[command(subcommand)]
    pub command: ShadowCommand,
}

/// What to do with a shadow.
#[derive(Debug, Subcommand)]
pub enum ShadowCommand {
    /// Show how its rows differ from the installation's, and what it would have sent
    Report(Installed),
    /// Have the installation run it
    Promote(Installed),
    /// End it
    Stop(Installed),
}
