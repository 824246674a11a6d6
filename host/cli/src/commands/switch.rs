//! `watchbox enable`, `disable` and `remove`.

use reqwest::Method;
use watchbox_server::api::types::{ChangeRequest, Installed};

use super::install::report;
use crate::{api::Api, args, output::Output};

/// Switches an installation on.
pub async fn enable(args: args::Installed, output: &Output) -> anyhow::Result<()> {
    switch(args, true, output).await
}

/// Switches an installation off.
pub async fn disable(args: args::Installed, output: &Output) -> anyhow::Result<()> {
    switch(args, false, output).await
}

async fn switch(args: args::Installed, on: bool, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let change = ChangeRequest {
        enabled: Some(on),
        ..ChangeRequest::default()
    };
    let path = ["table", args.name.as_str()];
    let installed: Installed = api.send_json(Method::PATCH, &path, &change).await?;
    let done = if on { "is on" } else { "is off" };
    report(&installed, &format!("{} {done}", args.name), output)
}

/// Removes an installation.
pub async fn remove(args: args::Installed, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    api.act(Method::DELETE, &["table", args.name.as_str()])
        .await?;
    output.remark(&format!(
        "{} is removed; its rows, messages and dead letters stay",
        args.name
    ));
    Ok(())
}
