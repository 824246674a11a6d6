//! The settings of an artifact: parameters, secrets, grants.

use std::path::PathBuf;

/// The settings of an artifact.
///
/// They are kept as text: clap shows a wrong value in its error, which a secret must never be.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// Set a parameter; may be given more than once
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// Set a secret parameter from a file (`@FILE`), from the environment (`env:VAR`) or from stdin
    /// (`-`); never as plain text, which other users of the machine could read
    #[arg(long = "secret", value_name = "NAME=@FILE|env:VAR|-")]
    pub secrets: Vec<String>,
    /// What the artifact may do, as YAML or JSON; without it nothing, or with `upgrade` what it may do
    /// already, with `dev` what it ships with or else declares
    #[arg(long, value_name = "FILE")]
    pub grants: Option<PathBuf>,
}
