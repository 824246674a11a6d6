//! `watchbox audit`.

mod report;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use watchbox_model::{Name, signing::PublicKey};

pub use report::AuditReport;

use super::{Connection, When};

/// `watchbox audit`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Audit {
    /// What else than to list the newest records.
    #[command(subcommand)]
    pub command: Option<AuditCommand>,
    /// Which records.
    #[command(flatten)]
    pub list: AuditList,
}

/// What else than to list.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Report what is imported, declared, granted and used, and what could be taken away
    Report(AuditReport),
    /// Print records as they are written
    Tail(AuditTail),
    /// Print the whole trail as NDJSON, with its hashes and checkpoints
    Export(AuditExport),
    /// Check that no record was changed, removed or put in another place
    Verify(AuditVerify),
    /// List the checkpoints: what the server signed, and when
    Checkpoints(AuditCheckpoints),
}

/// `watchbox audit` by itself.
#[derive(Debug, clap::Args)]
pub struct AuditList {
    /// Which records.
    #[command(flatten)]
    pub filter: AuditFilter,
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

/// Which records.
#[derive(Debug, clap::Args)]
pub struct AuditFilter {
    /// Only what concerns this installation
    #[arg(long, value_name = "NAME")]
    pub artifact: Option<Name>,
    /// Only this capability (`http`, `labels`, ...), or `admin` for administrative acts
    #[arg(long, value_name = "NAME")]
    pub capability: Option<String>,
    /// Only what was decided so
    #[arg(long)]
    pub decision: Option<DecisionArgument>,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DecisionArgument {
    /// What a grant covers
    Allowed,
    /// What none does
    Denied,
}

/// `watchbox audit tail`.
#[derive(Debug, clap::Args)]
pub struct AuditTail {
    /// Which records.
    #[command(flatten)]
    pub filter: AuditFilter,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox audit export`.
#[derive(Debug, clap::Args)]
pub struct AuditExport {
    /// Where to write it; standard output, where left out
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox audit verify`.
#[derive(Debug, clap::Args)]
pub struct AuditVerify {
    /// A trail that was exported; that of the server, where left out
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The key that must have signed the checkpoints: as an earlier `verify` told it. Without it, the one that comes with the trail is believed
    #[arg(long, value_name = "KEY")]
    pub public_key: Option<PublicKey>,
    /// A file of checkpoints that were kept elsewhere, one a line, as the server's log and `audit checkpoints --json` have them: the trail must
    /// fit them too
    #[arg(long, value_name = "FILE")]
    pub checkpoints: Option<PathBuf>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox audit checkpoints`.
#[derive(Debug, clap::Args)]
pub struct AuditCheckpoints {
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
