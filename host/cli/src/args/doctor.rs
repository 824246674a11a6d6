//! `watchbox doctor`.

use std::path::PathBuf;

/// `watchbox doctor`.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// The data folder of a server that is stopped [default: WATCHBOX_DATA, else `watchbox` in the
    /// user's data folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Make this new data folder, with all that can be read; the damaged one is left as it is
    #[arg(long, value_name = "TO")]
    pub recover: Option<PathBuf>,
}
