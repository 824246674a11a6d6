//! `watchbox grants`.

use clap::Subcommand;

use super::{Job, Settings};

/// `watchbox grants`.
#[derive(Debug, clap::Args)]
pub struct Grants {
    /// What to do.
    #[command(subcommand)]
    pub command: GrantsCommand,
}

/// What to do with grants.
#[derive(Debug, Subcommand)]
pub enum GrantsCommand {
    /// Run an artifact with every effect withheld, and print the narrowest grants that allow what it did
    Propose(GrantsPropose),
}

/// `watchbox grants propose`.
#[derive(Debug, clap::Args)]
pub struct GrantsPropose {
    /// The artifact and what it is given.
    #[command(flatten)]
    pub job: Job,
    /// Set a parameter; may be given more than once
    #[arg(long = "param", value_name = "NAME=VALUE", help_heading = "Settings")]
    pub parameters: Vec<String>,
    /// Set a secret parameter from a file (`@FILE`), from the environment (`env:VAR`) or from stdin (`-`)
    #[arg(
        long = "secret",
        value_name = "NAME=@FILE|env:VAR|-",
        help_heading = "Settings"
    )]
    pub secrets: Vec<String>,
    /// The status that every request is answered with
    #[arg(
        long,
        value_name = "STATUS",
        default_value_t = 200,
        value_parser = clap::value_parser!(u16).range(200..=599),
        help_heading = "Settings"
    )]
    pub answer: u16,
    /// The body that every request is answered with
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "ok",
        help_heading = "Settings"
    )]
    pub answer_body: String,
}

impl GrantsPropose {
    /// The settings, without grants: everything is allowed.
    pub fn settings(&self) -> Settings {
        Settings {
            parameters: self.parameters.clone(),
            secrets: self.secrets.clone(),
            grants: None,
        }
    }
}
