//! `watchbox secrets`.

use std::path::PathBuf;

use clap::Subcommand;
use watchbox_model::Name;

use super::Connection;

/// `watchbox secrets`.
#[derive(Debug, clap::Args)]
pub struct Secrets {
    /// What to do.
    #[command(subcommand)]
    pub command: SecretsCommand,
}

/// What to do with secrets.
#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// List secrets: their names, who set them when, and where they may go; never their values
    List(SecretsList),
    /// Set a secret of an installed artifact, between two of its turns; the value is read from stdin
    Set(SecretsSet),
    /// Seal all secrets anew under another key, and destroy the old one
    Rotate(SecretsRotate),
}

/// `watchbox secrets list`.
#[derive(Debug, clap::Args)]
pub struct SecretsList {
    /// Only those of this installation
    pub name: Option<Name>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox secrets set`.
#[derive(Debug, clap::Args)]
pub struct SecretsSet {
    /// What it is installed as
    pub name: Name,
    /// The secret parameter
    pub parameter: String,
    /// Read the value from this file instead
    #[arg(long, value_name = "FILE", conflicts_with = "variable")]
    pub file: Option<PathBuf>,
    /// Read the value from this variable of the environment instead
    #[arg(long = "env", value_name = "VARIABLE")]
    pub variable: Option<String>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox secrets rotate`.
#[derive(Debug, clap::Args)]
pub struct SecretsRotate {
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
