//! `watchbox test`.

use std::path::PathBuf;

/// `watchbox test`.
#[derive(Debug, clap::Args)]
pub struct Test {
    /// The artifact's folder: it is built first, and its `cases/` are played
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// This component instead of building one
    #[arg(long, value_name = "FILE.wasm")]
    pub component: Option<PathBuf>,
    /// The cases [default: DIR/cases]
    #[arg(long, value_name = "DIR")]
    pub cases: Option<PathBuf>,
    /// Write what came into the cases, in the place of what was wanted; look at what changed before you keep it
    #[arg(long)]
    pub update: bool,
    /// Write what came of it as JUnit's XML, for CI
    #[arg(long, value_name = "FILE.xml")]
    pub junit: Option<PathBuf>,
}
