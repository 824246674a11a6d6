//! The command line as it is written: what clap reads, one file a command.
//!
//! Nothing here opens a file, looks at a clock or asks the server: [`crate::commands`] turns what was
//! written into what was meant.

mod audit;
mod backup;
mod build;
mod clients;
mod connection;
mod dead_letters;
mod dev;
mod diff;
mod doctor;
mod grants;
mod inspect;
mod install;
mod logs;
mod new;
mod replay;
mod run;
mod secrets;
mod serve;
mod settings;
mod shadow;
mod sign;
mod span;
mod table;
mod test;
mod token;
mod versions;
mod when;

use clap::{Parser, Subcommand, ValueEnum};

pub use audit::{
    Audit, AuditCheckpoints, AuditCommand, AuditExport, AuditFilter, AuditList, AuditReport,
    AuditTail, AuditVerify, DecisionArgument,
};
pub use backup::Backup;
pub use build::Build;
pub use clients::{Client, ClientAdd, ClientCommand, ClientName, Clients, Label, LabelCommand};
pub use connection::Connection;
pub use dead_letters::{
    DeadLetterNumber, DeadLetterNumbers, DeadLetters, DeadLettersCommand, DeadLettersList,
};
pub use dev::Dev;
pub use diff::Diff;
pub use doctor::Doctor;
pub use grants::{
    Grants, GrantsAdd, GrantsApply, GrantsCommand, GrantsPropose, GrantsRevoke, GrantsShow, Rules,
};
pub use inspect::Inspect;
pub use install::{Install, StartArgument, Upgrade};
pub use logs::{Logs, ReadLog, RowFormat};
pub use new::New;
pub use replay::Replay;
pub use run::{Job, Run};
pub use secrets::{Secrets, SecretsCommand, SecretsSet};
pub use serve::{LogFormat, Serve};
pub use settings::Settings;
pub use shadow::{Shadow, ShadowCommand};
pub use sign::{Keygen, Sign, Verify};
pub use span::Span;
pub use table::{Installed, Table};
pub use test::Test;
pub use token::{
    RoleArgument, Token, TokenCommand, TokenCreate, TokenList, TokenRevoke, TokenRotate,
};
pub use versions::{Approve, Rollback, Versions};
pub use when::When;

/// What stands under every long help.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed: a file can't be read, an artifact is wrong, an event could not be handled
  2  the command line is wrong
  3  the server refused: what was named is not there, is there already, or is not valid
  4  the server does not know the token, or its role does not allow this
  5  the server can't be reached, or can't serve now: try again later
  6  `diff`: the new one can do more than the old one

Environment:
  WATCHBOX_SERVER, WATCHBOX_CA, WATCHBOX_TOKEN_FILE, WATCHBOX_TOKEN, WATCHBOX_DATA, NO_COLOR";

/// Runs server monitoring artifacts: sandboxed WebAssembly components that watch the events of a
/// fleet of endpoints, or a clock, and answer with rows and actions.
#[derive(Debug, Parser)]
#[command(
    name = "watchbox",
    version,
    after_long_help = EXIT_CODES,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Arguments {
    /// How it prints.
    #[command(flatten)]
    pub print: Print,
    /// What it is to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How everything is printed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Print {
    /// Print JSON for scripts: one document, or one line a row where rows are read
    #[arg(long, global = true, help_heading = "Printing")]
    pub json: bool,
    /// When to use colours
    #[arg(
        long,
        global = true,
        help_heading = "Printing",
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What it is to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    // The server.
    /// Run the server
    Serve(Serve),

    // Writing artifacts.
    /// Begin a new artifact: a folder with a working one, and the SDK
    New(New),
    /// Build the artifact in a folder into a component
    Build(Build),
    /// Build the artifact in a folder and play its cases: what comes in, and what must come of it
    Test(Test),
    /// Keep an artifact on a server up to date while it is being written
    ///
    /// It is built and loaded anew with each change of its source, and its rows and messages are followed.
    /// Where it can't be built the errors are shown, and what ran before goes on.
    Dev(Dev),

    // Components as files.
    /// Show what a component is and wants, without running it
    Inspect(Inspect),
    /// Show what a new component could do that an old one could not; or a new grants file
    Diff(Diff),
    /// Run an artifact over a file of events, without a server
    Run(Run),
    /// Find out which grants an artifact needs; show and change those of an installed one
    Grants(Grants),
    /// Make a key to sign components with
    Keygen(Keygen),
    /// Sign a component, so that servers can tell who stands for it
    Sign(Sign),
    /// Verify who signed a component
    Verify(Verify),

    // The monitoring table.
    /// Install an artifact on the server
    Install(Install),
    /// Replace an installed artifact's component, parameters or grants while events flow
    Upgrade(Upgrade),
    /// Look at, promote or end the new version that runs beside an installed artifact
    Shadow(Shadow),
    /// Run a version of an installed artifact over stored events, with its effects withheld
    Replay(Replay),
    /// Switch an installed artifact off; it keeps its place in its logs
    Disable(Installed),
    /// Switch an installed artifact on again
    Enable(Installed),
    /// Remove an installed artifact and its state; its rows stay
    Remove(Installed),
    /// Show what is installed and how it is doing
    Table(Table),
    /// List the versions of an installed artifact: who put them there, when, and what they changed
    Versions(Versions),
    /// Go back to an earlier version of an installed artifact
    Rollback(Rollback),
    /// Let a version run that waits for approval, since it wants more than is granted
    Approve(Approve),
    /// Drop a version that waits for approval
    Reject(Installed),

    // Clients.
    /// List or search clients
    Clients(Clients),
    /// Show, add or remove a client
    Client(Client),
    /// Put labels on a client, or take them off
    Label(Label),

    // Logs.
    /// List the logs that are kept
    Logs(Logs),
    /// Read the rows that an installed artifact emitted
    Rows(ReadLog),
    /// Read the events that clients reported
    Events(ReadLog),
    /// Read what an installed artifact said, and what the server says of it
    Messages(ReadLog),

    // For operators.
    /// Read, follow, export or check the audit trail: each use of a capability, allowed or denied, and each administrative act
    Audit(Audit),
    /// Look at triggers that were set aside, and give them to their artifact again
    DeadLetters(DeadLetters),
    /// List the secrets of installed artifacts by name, set them, seal them anew
    Secrets(Secrets),
    /// Make, list, rotate and revoke tokens
    Token(Token),
    /// Write a copy of all that is kept, while the server works
    Backup(Backup),
    /// Look what is wrong with the data folder of a server that is stopped, and recover what can be read
    Doctor(Doctor),
    /// Print the completions of a shell
    Completions(Completions),
}

/// `watchbox completions`.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests;
