//! `watchbox build`.

use std::path::PathBuf;

/// `watchbox build`.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// The artifact's folder: it holds `artifact.yaml` and the source, in a language that is told by Cargo.toml, pyproject.toml or app.py, package.json, go.mod, Makefile or main.c
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Another manifest to embed instead of DIR/artifact.yaml
    #[arg(long, value_name = "FILE.yaml")]
    pub manifest: Option<PathBuf>,
    /// Where the component is written [default: the artifact's name and `.wasm`, in DIR]
    #[arg(long, value_name = "FILE.wasm")]
    pub out: Option<PathBuf>,
}
