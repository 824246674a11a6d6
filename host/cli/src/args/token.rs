//! `watchbox token`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use watchbox_model::{ClientId, Name};

use super::{Connection, Span};

/// `watchbox token`.
#[derive(Debug, clap::Args)]
pub struct Token {
    /// What to do.
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and write it to a file that only its owner can read
    Create(TokenCreate),
    /// List the tokens: their names and roles, never themselves
    List(TokenList),
    /// Revoke a token; it stops working at once
    Revoke(TokenRevoke),
}

/// `watchbox token create`.
#[derive(Debug, clap::Args)]
pub struct TokenCreate {
    /// Its name, as the audit trail will show it
    pub name: String,
    /// What its bearer may do
    #[arg(long)]
    pub role: RoleArgument,
    /// For the role `ingest`: only events of this client
    #[arg(long, value_name = "ID")]
    pub client: Option<ClientId>,
    /// For the role `ingest`: only events of this client artifact; may be given more than once
    #[arg(long = "artifact", value_name = "NAME")]
    pub artifacts: Vec<Name>,
    /// When it ends (`90d`, `12h`) [default: never]
    #[arg(long, value_name = "AFTER")]
    pub expires: Option<Span>,
    /// The file it is written to; `-` prints it [default: its name and `.token`, here]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// What a token's bearer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleArgument {
    /// Everything
    Admin,
    /// Read everything, change nothing
    Reader,
    /// Send events, nothing else
    Ingest,
}

/// `watchbox token list`.
#[derive(Debug, clap::Args)]
pub struct TokenList {
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}

/// `watchbox token revoke`.
#[derive(Debug, clap::Args)]
pub struct TokenRevoke {
    /// Its name
    pub name: String,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
