//! What stands before the first round: a server with both artifacts, the clients, the webhook.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result, ensure};

use super::plan::Upgraded;
use crate::{Build, Home, Server, Sink, sample::Fleet, slack};

pub(crate) const POWERSHELL: &str = "Server.Powershell.EncodedCommand";
pub(crate) const SLACK: &str = slack::NAME;

const POWERSHELL_FOLDER: &str = "server-powershell-encodedcommand";
/// What the clients report first.
const REPORT: &str = "Generic.Client.Info";

/// More than the default, which a webhook that recovers would soon reach.
const REQUESTS: &str = "limits: { requests-per-minute: 100000 }\n";

/// Two versions of each artifact, and which of them was loaded last.
#[derive(Debug)]
pub(crate) struct Components {
    powershell: [PathBuf; 2],
    slack: [PathBuf; 2],
    upgrades: usize,
}

impl Components {
    /// Those that are built.
    pub(crate) fn built(build: &Build) -> Result<Self> {
        Ok(Self {
            powershell: [
                build.artifact(POWERSHELL_FOLDER)?,
                build.artifact(&format!("{POWERSHELL_FOLDER}-next"))?,
            ],
            slack: [
                build.artifact(slack::HURRIED)?,
                build.artifact(&format!("{}-next", slack::HURRIED))?,
            ],
            upgrades: 0,
        })
    }

    /// Upgrades one to the version that it did not have before the last upgrade, with a command line to the server.
    pub(crate) fn upgrade(&mut self, command: &mut Command, which: Upgraded) -> Result<()> {
        self.upgrades += 1;
        let nth = self.upgrades % 2;
        let (name, component) = match which {
            Upgraded::Powershell => (POWERSHELL, &self.powershell[nth]),
            Upgraded::Slack => (SLACK, &self.slack[nth]),
        };
        let output = command.arg("upgrade").arg(name).arg(component).output()?;
        ensure!(
            output.status.success(),
            "upgrading {name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

/// Registers the fleet, and installs both artifacts in each of their versions.
pub(crate) fn set_up(
    home: &Home,
    server: &Server,
    components: &mut Components,
    fleet: &Fleet,
    sink: &Sink,
) -> Result<()> {
    for endpoint in fleet.endpoints() {
        let path = format!("/api/v1/clients/{}", endpoint.id);
        let client = serde_json::json!({"hostname": endpoint.hostname, "os": "windows"});
        server.api().send_json("PUT", &path, &client)?;
        // From now on it counts as online.
        let event = format!("{{\"ClientId\":\"{}\"}}", endpoint.id);
        server.api().accept_events(REPORT, event.as_bytes())?;
    }
    let text = |path: &PathBuf| path.to_str().map(str::to_owned).context("no UTF-8");
    server.run_ok(&["install", &text(&components.powershell[0])?])?;
    slack::install(home, server, sink, &text(&components.slack[0])?, REQUESTS)?;
    // Each is compiled once, so that upgrades under fire take as long as they do on a server that has run for a while.
    for which in [Upgraded::Powershell, Upgraded::Slack] {
        for _ in 0..2 {
            components.upgrade(&mut server.command(), which)?;
        }
    }
    Ok(())
}
