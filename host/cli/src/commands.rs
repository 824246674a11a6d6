//! What each command does, one file a command.

mod audit;
mod backup;
mod build;
mod client;
mod clients;
mod completions;
mod component_file;
mod dead_letters;
mod dev;
mod diff;
mod doctor;
mod grants;
mod inspect;
mod install;
mod label;
mod logs;
mod new;
mod read_log;
mod replay;
mod run;
mod secrets;
mod serve;
mod shadow;
mod sign;
mod switch;
mod table;
mod test;
mod token;
mod upgrade;
mod versions;

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};
use watchbox_model::LogKind;

use crate::{args::Command, exit::Exit, output::Output};

/// Does what `command` says.
pub fn perform(command: Command, output: &Output) -> anyhow::Result<Exit> {
    match command {
        Command::Serve(args) => many_threads()?.block_on(serve::serve(args, output)),
        Command::Inspect(args) => inspect::inspect(&args, output),
        Command::Diff(args) => diff::diff(&args, output),
        Command::Run(args) => many_threads()?.block_on(run::run(&args, output)),
        Command::New(args) => new::new(args, output),
        Command::Build(args) => build::build(args, output),
        Command::Test(args) => many_threads()?.block_on(test::test(args, output)),
        Command::Dev(args) => {
            let runtime = many_threads()?;
            let exit = runtime.block_on(dev::dev(args, output));
            // A build that is under way is nobody's business any more.
            runtime.shutdown_background();
            exit
        }
        Command::Grants(args) => many_threads()?.block_on(grants::grants(args, output)),
        Command::Doctor(args) => one_thread()?.block_on(doctor::doctor(args, output)),
        Command::Keygen(args) => sign::keygen(args, output),
        Command::Sign(args) => sign::sign(args, output),
        Command::Verify(args) => sign::verify(args, output),
        Command::Completions(args) => completions::completions(args),
        Command::Replay(args) => one_thread()?.block_on(replay::replay(args, output)),
        command => one_thread()?
            .block_on(ask(command, output))
            .map(|()| Exit::Done),
    }
}

/// The commands that ask the server.
async fn ask(command: Command, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Install(args) => install::install(args, output).await,
        Command::Upgrade(args) => upgrade::upgrade(args, output).await,
        Command::Shadow(args) => shadow::shadow(args, output).await,
        Command::Enable(args) => switch::enable(args, output).await,
        Command::Disable(args) => switch::disable(args, output).await,
        Command::Remove(args) => switch::remove(args, output).await,
        Command::Table(args) => table::table(args, output).await,
        Command::Versions(args) => versions::versions(args, output).await,
        Command::Rollback(args) => versions::rollback(args, output).await,
        Command::Approve(args) => versions::approve(args, output).await,
        Command::Reject(args) => versions::reject(args, output).await,
        Command::Clients(args) => clients::clients(args, output).await,
        Command::Client(args) => client::client(args, output).await,
        Command::Label(args) => label::label(args, output).await,
        Command::Logs(args) => logs::logs(args, output).await,
        Command::Rows(args) => read_log::read(LogKind::Rows, args, output).await,
        Command::Events(args) => read_log::read(LogKind::Events, args, output).await,
        Command::Messages(args) => read_log::read(LogKind::Messages, args, output).await,
        Command::Audit(args) => audit::audit(args, output).await,
        Command::DeadLetters(args) => dead_letters::dead_letters(args, output).await,
        Command::Secrets(args) => secrets::secrets(args, output).await,
        Command::Token(args) => token::token(args, output).await,
        Command::Backup(args) => backup::backup(args, output).await,
        Command::Serve(_)
        | Command::Inspect(_)
        | Command::Diff(_)
        | Command::Run(_)
        | Command::New(_)
        | Command::Build(_)
        | Command::Test(_)
        | Command::Dev(_)
        | Command::Grants(_)
        | Command::Keygen(_)
        | Command::Sign(_)
        | Command::Verify(_)
        | Command::Replay(_)
        | Command::Doctor(_)
        | Command::Completions(_) => Ok(()),
    }
}

fn one_thread() -> anyhow::Result<Runtime> {
    start(&mut Builder::new_current_thread())
}

fn many_threads() -> anyhow::Result<Runtime> {
    start(&mut Builder::new_multi_thread())
}

fn start(builder: &mut Builder) -> anyhow::Result<Runtime> {
    builder
        .enable_all()
        .build()
        .context("the asynchronous runtime can't be started")
}
