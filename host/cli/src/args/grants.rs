//! `watchbox grants`.

mod rules;

use std::path::PathBuf;

use clap::Subcommand;
use watchbox_model::Name;

pub use rules::Rules;

use super::{Connection, Job, Settings};

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
    /// Print what is granted to an installed artifact, as the file that `apply` takes
    Show(GrantsShow),
    /// Grant an installed artifact more
    Add(GrantsAdd),
    /// Take grants away from an installed artifact: its next call is refused
    Revoke(GrantsRevoke),
    /// Put the grants in a file in the place of those that an installed artifact has
    Apply(GrantsApply),
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

/// `watchbox grants show`.
#[derive(Debug, clap::Args)]
pub struct GrantsShow {
    /// What it is installed as
    pub name: Name,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox grants add`.
#[derive(Debug, clap::Args)]
pub struct GrantsAdd {
    /// What it is installed as
    pub name: Name,
    /// The rules.
    #[command(flatten)]
    pub rules: Rules,
    /// For each `--http`: how many redirects may be followed, each decided again
    #[arg(long, value_name = "N", requires = "http", help_heading = "Rules")]
    pub redirects: Option<u32>,
    /// For each `--http`: a private address that the name may resolve to
    #[arg(
        long = "address",
        value_name = "ADDRESS",
        requires = "http",
        help_heading = "Rules"
    )]
    pub addresses: Vec<String>,
    /// Set a limit
    #[arg(
        long = "limit",
        value_name = "NAME=VALUE",
        group = "rule",
        help_heading = "Rules"
    )]
    pub limits: Vec<String>,
    /// Say what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox grants revoke`.
#[derive(Debug, clap::Args)]
pub struct GrantsRevoke {
    /// What it is installed as
    pub name: Name,
    /// The rules.
    #[command(flatten)]
    pub rules: Rules,
    /// Set a limit to its default again
    #[arg(
        long = "limit",
        value_name = "NAME",
        group = "rule",
        help_heading = "Rules"
    )]
    pub limits: Vec<String>,
    /// Say what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox grants apply`.
#[derive(Debug, clap::Args)]
pub struct GrantsApply {
    /// What it is installed as
    pub name: Name,
    /// The grants, as YAML or JSON: all of them
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Say what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
