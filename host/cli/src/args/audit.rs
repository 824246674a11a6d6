//! `watchbox audit`.

use clap::ValueEnum;
use watchbox_model::Name;

use super::{Connection, When};

/// `watchbox audit`.
#[derive(Debug, clap::Args)]
pub struct Audit {
    /// Only what concerns this installation
    #[arg(long, value_name = "NAME")]
    pub artifact: Option<Name>,
    /// Only this capability (`http`, `labels`, ...), or `admin` for administrative acts
    #[arg(long, value_name = "NAME")]
    pub capability: Option<String>,
    /// Only what was decided so
    #[arg(long)]
    pub decision: Option<DecisionArgument>,
    /// From then on: a time (RFC 3339), or how long ago (`90s`, `1h`, `7d`)
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Before then
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// At most this many, the newest first
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u32,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DecisionArgument {
    /// What a grant covers
    Allowed,
    /// What none does
    Denied,
}
