//! `watchbox inspect`.

use std::path::PathBuf;

/// `watchbox inspect`.
#[derive(Debug, clap::Args)]
pub struct Inspect {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    pub file: PathBuf,
}
