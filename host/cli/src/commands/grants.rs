//! `watchbox grants`: which grants an artifact needs, and those that an installed one has.

mod change;
mod propose;
mod rules;

use watchbox_model::Grants;
use watchbox_server::api::types::Installation;

use crate::{
    api::{Api, Query},
    args::{self, GrantsCommand},
    exit::Exit,
    output::Output,
    settings::Settings,
};

pub(super) use change::line;
use change::{Change, read};

/// Does what was said with grants.
pub async fn grants(args: args::Grants, output: &Output) -> anyhow::Result<Exit> {
    match args.command {
        GrantsCommand::Propose(args) => return propose::propose(&args, output).await,
        GrantsCommand::Show(args) => show(&args, output).await?,
        GrantsCommand::Add(args) => add(&args, output).await?,
        GrantsCommand::Revoke(args) => revoke(&args, output).await?,
        GrantsCommand::Apply(args) => apply(&args, output).await?,
    }
    Ok(Exit::Done)
}

/// Prints what is granted.
async fn show(args: &args::GrantsShow, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let path = ["table", args.name.as_str()];
    let installation: Installation = api.get(&path, &Query::new()).await?;
    if output.json() {
        return Ok(output.document(&installation.grants)?);
    }
    Ok(output.text(read(&installation)?.to_yaml().trim_end())?)
}

/// Grants more.
async fn add(args: &args::GrantsAdd, output: &Output) -> anyhow::Result<()> {
    let more = rules::to_add(args)?;
    let change = Change::begin(&args.name, &args.connection, args.dry_run).await?;
    let after = rules::set_limits(&change.before.with(&more), &args.limits)?;
    change.finish(after, output).await
}

/// Takes grants away.
async fn revoke(args: &args::GrantsRevoke, output: &Output) -> anyhow::Result<()> {
    let less = rules::read(&args.rules)?;
    let change = Change::begin(&args.name, &args.connection, args.dry_run).await?;
    let after = rules::reset_limits(&change.before.without(&less)?, &args.limits)?;
    change.finish(after, output).await
}

/// Puts other grants in their place.
async fn apply(args: &args::GrantsApply, output: &Output) -> anyhow::Result<()> {
    let written = args::Settings {
        grants: Some(args.file.clone()),
        ..args::Settings::default()
    };
    let grants: Option<Grants> = Settings::read(&written, None)?.grants;
    let change = Change::begin(&args.name, &args.connection, args.dry_run).await?;
    change.finish(grants.unwrap_or_default(), output).await
}
