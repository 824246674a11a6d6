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
    /// Give a token another secret, and write that to a file that only its owner can read
    Rotate(TokenRotate),
    /// Revoke a token; it stops working at once, and what is under way with it is cut
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
    /// For the role `ingest`: only events of this client; may be given more than once
    #[arg(long = "client", value_name = "ID")]
    pub clients: Vec<ClientId>,
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
    /// Read everything but tokens; run artifacts within what is granted; register and label clients
    Operator,
    /// Read everything but tokens, change nothing
    Analyst,
    /// Send events, nothing else
    Ingest,
}

/// `watchbox token rotate`.
#[derive(Debug, clap::Args)]
pub struct TokenRotate {
    /// Its name
    pub name: String,
    /// For how long the secret that it has now is good still (`15m`, `24h`, at most `7d`) [default:
    /// not at all]
    #[arg(long, value_name = "FOR")]
    pub grace: Option<Span>,
    /// The file it is written to, in place of what is there; `-` prints it [default: its name and
    /// `.token`, here]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
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
