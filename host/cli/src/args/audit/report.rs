//! `watchbox audit report`.

use std::path::PathBuf;

use watchbox_model::Name;

use crate::args::{Connection, When};

/// `watchbox audit report`.
#[derive(Debug, clap::Args)]
pub struct AuditReport {
    /// This installation alone
    #[arg(value_name = "ARTIFACT")]
    pub artifact: Option<Name>,
    /// Count what was used from then on: a time (RFC 3339), or how long ago (`90s`, `1h`, `7d`) [default:
    /// all that the trail has]
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Write the narrower grants to this file, for `watchbox grants apply`; `-` writes them to stdout
    #[arg(long, value_name = "FILE", requires = "artifact")]
    pub propose: Option<PathBuf>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
