//! What stands before the first event is sent: programs, server, clients, artifacts.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitStatus,
};

use anyhow::{Context as _, Result, ensure};
use console::style;
use tempfile::TempDir;
use watchbox_tests::{Build, Server, Sink, sample::Endpoint};

use super::{events::Events, show};
use crate::{
    artifacts::{POWERSHELL_FOLDER, SLACK_FOLDER, build_hurried_slack, build_one, changed},
    cargo::{add_wasm_target, build_watchbox},
    step::Steps,
};

/// What the demo installs, by the artifacts' names.
pub(crate) const POWERSHELL: &str = "Server.Powershell.EncodedCommand";
pub(crate) const SLACK: &str = "Server.Slack.ClientsOnline";

/// How many clients get the label that the Slack artifact looks for.
const LABELLED: usize = 3;

/// A client that is registered and labelled, but never reports: nobody is to be told of it.
pub(crate) const OFFLINE: &str = "C.0ff11e0ff11e0ff1";

/// The artifacts, built.
#[derive(Debug)]
pub(crate) struct Components {
    /// As it stands in `plugins/`.
    pub(crate) powershell: PathBuf,
    /// The same code as in `plugins/`, with a manifest by which it looks every second, so that one need not wait for a minute.
    pub(crate) slack: PathBuf,
}

/// The server, running, with everything in place.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) server: Server,
    /// The clients that must be told of, each once.
    pub(crate) expected: Vec<Endpoint>,
    components: [(PathBuf, &'static str); 2],
    program: PathBuf,
    folder: TempDir,
}

/// Builds the program and the artifacts.
pub(crate) fn build(build: &Build) -> Result<Components> {
    let mut steps = Steps::new(3);
    steps.step("Toolchain", || add_wasm_target(build))?;
    steps.step("The program (the first build takes some minutes)", || {
        build_watchbox(build)
    })?;
    let components = steps.step("The artifacts", || {
        let plugins = build.root().join("plugins");
        let components = Components {
            powershell: build.artifact_path(POWERSHELL_FOLDER),
            slack: build_hurried_slack(build)?,
        };
        build_one(
            build,
            &plugins.join(POWERSHELL_FOLDER),
            None,
            &components.powershell,
        )?;
        Ok(components)
    })?;
    steps.finish(
        "built; the Slack artifact here looks every second instead of every minute, by its manifest",
    );
    Ok(components)
}

impl Stage {
    /// Starts the server, registers clients, installs the artifacts.
    pub(crate) fn set_up(
        build: &Build,
        components: &Components,
        sink: &Sink,
        events: &Events,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("watchbox-demo-")
            .tempdir()?;
        let server = Server::start(build, &folder.path().join("data"))?;
        eprintln!(
            "\n{} {}",
            style("server").green().bold(),
            server.api().base()
        );
        let stage = Self {
            server,
            expected: events.endpoints().iter().take(LABELLED).cloned().collect(),
            components: [
                (components.powershell.clone(), POWERSHELL_FOLDER),
                (components.slack.clone(), SLACK_FOLDER),
            ],
            program: build.program("watchbox")?,
            folder,
        };
        for (number, Endpoint { id, hostname }) in events.endpoints().iter().enumerate() {
            let mut words = vec![
                "client",
                "add",
                id,
                "--hostname",
                hostname,
                "--os",
                "windows",
            ];
            if number < LABELLED {
                words.extend(["--label", "Slack"]);
            }
            stage.watchbox(&words)?;
        }
        stage.watchbox(&[
            "client",
            "add",
            OFFLINE,
            "--hostname",
            "WS-OFFLINE",
            "--label",
            "Slack",
        ])?;
        stage.install(build, sink)?;
        Ok(stage)
    }

    fn install(&self, build: &Build, sink: &Sink) -> Result<()> {
        let plugins = build.root().join("plugins");
        let [(powershell, folder), (slack, slack_folder)] = &self.components;
        let grants = plugins.join(folder).join("grants.yaml");
        self.watchbox(&["install", text(powershell)?, "--grants", text(&grants)?])?;

        // The artifact's own grants, with the address of the webhook that runs here in place of Slack's.
        let url = sink.url();
        let (site, _) = url.split_once("/services/").context("the webhook's path")?;
        let grants = changed(
            &plugins.join(slack_folder).join("grants.yaml"),
            "https://hooks.slack.com",
            site,
        )?;
        let grants_file = self.folder.path().join("slack-grants.yaml");
        fs::write(&grants_file, grants)?;
        let secret_file = self.folder.path().join("webhook-url");
        fs::write(&secret_file, url)?;
        let secret = format!("token_url=@{}", text(&secret_file)?);
        self.watchbox(&[
            "install",
            text(slack)?,
            "--grants",
            text(&grants_file)?,
            "--secret",
            &secret,
        ])
    }

    /// Runs a command of the program, shown as a user would type it.
    fn watchbox(&self, words: &[&str]) -> Result<()> {
        let root = env!("CARGO_MANIFEST_DIR").trim_end_matches("xtask");
        let shown = words.join(" ").replace(root, "");
        eprintln!("{} watchbox {shown}", style("$").dim());
        self.server.run_ok(words).map(drop)
    }

    /// The commands to try, each with what it does.
    pub(crate) fn hints(&self) -> Vec<(&'static str, String)> {
        let client = self.expected.first().map_or(OFFLINE, |client| &client.id);
        let out = self.components[0].0.display();
        vec![
            (
                "follow the rows",
                format!("watchbox rows {POWERSHELL} --follow"),
            ),
            (
                "have a client told of again",
                format!("watchbox label add {client} Slack"),
            ),
            (
                "see what is installed, and how it is doing",
                "watchbox table".to_owned(),
            ),
            (
                "hot-load a changed artifact: edit it, then",
                format!(
                    "watchbox build plugins/{POWERSHELL_FOLDER} --out {out} && watchbox upgrade {POWERSHELL} {out}"
                ),
            ),
            (
                "see what each artifact did, and whether it might",
                "watchbox audit".to_owned(),
            ),
        ]
    }

    /// Prints how to reach the server, and what to try.
    pub(crate) fn say_what_to_try(&self) {
        let server = self.server.api().base();
        let token = self.server.data().join("admin.token");
        eprintln!("\n{}", style("In another terminal, in this folder:").bold());
        eprintln!(
            "  export WATCHBOX_SERVER={server} WATCHBOX_TOKEN_FILE={}",
            token.display()
        );
        eprintln!("  alias watchbox={}", self.program.display());
        for (what, command) in self.hints() {
            eprintln!("{}", show::hint(what, &command));
        }
        eprintln!();
    }

    /// Stops the server and removes its data.
    pub(crate) fn tear_down(self) -> Result<()> {
        let ended: ExitStatus = self.server.stop()?;
        ensure!(ended.success(), "the server ended with {ended}");
        Ok(self.folder.close()?)
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("{} is no UTF-8", path.display()))
}
