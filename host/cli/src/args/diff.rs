//! `watchbox diff`.

use std::path::PathBuf;

/// `watchbox diff`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 the new one can do no more, 6 it can do more, 1 a file can't be read."
)]
pub struct Diff {
    /// A component, or a grants file
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// Another one of the same kind
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
}
