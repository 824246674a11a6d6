//! `watchbox rows`, `events`, `messages` and `logs`.

use clap::ValueEnum;
use watchbox_model::Name;

use super::{Connection, When};

/// `watchbox logs`.
#[derive(Debug, clap::Args)]
pub struct Logs {
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox rows`, `watchbox events` and `watchbox messages`.
#[derive(Debug, clap::Args)]
pub struct ReadLog {
    /// Whose: what the artifact is installed as, or for events the client artifact's name
    pub name: Name,
    /// From then on: a time (RFC 3339), or how long ago (`90s`, `1h`, `7d`)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Before then
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// At most this many, the oldest first; 0 prints all
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: u64,
    /// Only the newest N
    #[arg(long, value_name = "N", conflicts_with_all = ["limit", "follow"])]
    pub last: Option<u64>,
    /// Go on with what comes in, until Ctrl-C; starts with what is new, unless `--since` says otherwise
    #[arg(long, short, conflicts_with_all = ["until", "limit"])]
    pub follow: bool,
    /// How rows are printed [default: table on a terminal, else ndjson]
    #[arg(long, value_name = "FORMAT", conflicts_with = "json")]
    pub format: Option<RowFormat>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// A table for people; with `--follow`, one line a row
    Table,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated, with a header
    Csv,
}
