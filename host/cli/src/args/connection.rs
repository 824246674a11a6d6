//! Where the server is, and who asks.

use std::path::PathBuf;

/// Where the server is, and who asks.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct Connection {
    /// Where the server is
    #[arg(
        long,
        env = "WATCHBOX_SERVER",
        hide_env_values = true,
        value_name = "URL",
        default_value = "http://127.0.0.1:8421"
    )]
    pub server: String,
    /// The file that holds the token [default: WATCHBOX_TOKEN, else `admin.token` of the data folder
    /// where the server is on this machine]
    #[arg(
        long,
        env = "WATCHBOX_TOKEN_FILE",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub token_file: Option<PathBuf>,
    /// The only CAs that the server's certificate may be of, in PEM [default: those of the system]
    #[arg(long, env = "WATCHBOX_CA", hide_env_values = true, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}
