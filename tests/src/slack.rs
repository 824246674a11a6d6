//! The Slack artifact, installed so that it posts to a webhook of the test's own.

use std::fs;

use anyhow::{Context as _, Result};

use crate::{Home, Server, Sink};

/// What it is installed as.
pub const NAME: &str = "Server.Slack.ClientsOnline";

/// The component that looks every second, as [`Home::artifact`] knows it.
pub const HURRIED: &str = "server-slack-clientsonline-every-1s";

const FOLDER: &str = "server-slack-clientsonline";

/// Installs `component` with the artifact's own grants, for `sink` in place of Slack, and `more` lines of grants.
pub fn install(
    home: &Home,
    server: &Server,
    sink: &Sink,
    component: &str,
    more: &str,
) -> Result<()> {
    let folder = home.build().root().join("plugins").join(FOLDER);
    let grants = fs::read_to_string(folder.join("grants.yaml"))?;
    let url = sink.url();
    let (site, _) = url.split_once("/services/").context("the webhook's path")?;
    let grants = grants.replace("https://hooks.slack.com", site) + more;
    let grants = home.file("slack-grants.yaml", grants)?;
    let secret = format!("token_url=@{}", home.file("webhook-url", &url)?);
    server
        .run_ok(&[
            "install", component, "--grants", &grants, "--secret", &secret,
        ])
        .map(drop)
}
