//! `watchbox dead-letters`.

use clap::Subcommand;
use watchbox_model::Name;

use super::Connection;

/// `watchbox dead-letters`.
#[derive(Debug, clap::Args)]
pub struct DeadLetters {
    /// What to do.
    #[command(subcommand)]
    pub command: DeadLettersCommand,
}

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// List them, the newest first
    List(DeadLettersList),
    /// Show one, with its error in full
    Show(DeadLetterNumber),
    /// Give some to their artifact again, now, one after the other; each goes if its turn succeeds
    Redrive(DeadLetterNumbers),
    /// Drop some for good
    Drop(DeadLetterNumbers),
}

/// `watchbox dead-letters list`.
#[derive(Debug, clap::Args)]
pub struct DeadLettersList {
    /// Only those of this installation
    #[arg(long, value_name = "NAME")]
    pub artifact: Option<Name>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u32,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// One dead letter.
#[derive(Debug, clap::Args)]
pub struct DeadLetterNumber {
    /// Its number, as `list` shows it
    #[arg(value_name = "NUMBER")]
    pub id: u64,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// Some dead letters.
#[derive(Debug, clap::Args)]
pub struct DeadLetterNumbers {
    /// Their numbers, as `list` shows them
    #[arg(value_name = "NUMBER", required = true)]
    pub ids: Vec<u64>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
