//! `watchbox serve`.

use std::{net::SocketAddr, path::PathBuf};

use clap::ValueEnum;

/// `watchbox serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// The data folder; made where it is missing [default: the settings' `data`, else WATCHBOX_DATA,
    /// else `watchbox` in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The address to listen on; port 0 takes a free one [default: 127.0.0.1:8421]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Speak plain HTTP though other machines can reach the address: where a proxy does TLS, or the
    /// network is trusted
    #[arg(long)]
    pub allow_plain_http: bool,
    /// A folder to watch: NAME.wasm put there is installed as NAME, or upgraded; NAME.grants.yaml and
    /// NAME.parameters.yaml are its settings
    #[arg(long, value_name = "DIR")]
    pub artifacts_folder: Option<PathBuf>,
    /// A file of settings; what the command line says goes before what it says
    #[arg(long, value_name = "FILE.yaml")]
    pub config: Option<PathBuf>,
    /// How the server's own log is written to stderr; WATCHBOX_LOG says what of it (`info`,
    /// `watchbox_engine=debug`, ...)
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// How the server's own log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}
