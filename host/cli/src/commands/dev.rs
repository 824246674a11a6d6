//! `watchbox dev`: an artifact that runs on a server as it is being written.

use std::{path::PathBuf, pin::pin};

use anyhow::Context as _;
use reqwest::Method;
use watchbox_model::{Digest, Grants, Manifest, Name, parameter::Parameters};
use watchbox_server::api::types::{
    ChangeRequest, InstallRequest, Installation, Installed, Page, Start,
};

use super::install::{Candidate, to_send};
use crate::{
    api::{Api, ApiError, Query},
    args::{self, RowFormat},
    build::{self, Built},
    dev::{Tails, Watch},
    exit::Exit,
    output::{Output, Tone, byte_size},
    settings::Settings,
    shipped::shipped_grants,
    stop_signal::stop_signal,
};

/// Builds and loads it anew with each change, until it is stopped.
pub async fn dev(args: args::Dev, output: &Output) -> anyhow::Result<Exit> {
    let mut stop = pin!(stop_signal()?);
    let settings = Settings::read(&args.settings, None)?;
    let api = Api::new(&args.connection)?;
    // A server that is not there, or a wrong token, is told before anything is built.
    let one: Query = vec![("limit", "1".to_owned())];
    api.get::<Page<Installation>>(&["table"], &one).await?;
    let format = match output.json() || !output.on_terminal() {
        true => RowFormat::Ndjson,
        false => RowFormat::Table,
    };
    // From before the first build on, so that no change is missed.
    let mut watch = Watch::start(&args.dir)?;
    let work = tempfile::tempdir()?;
    let mut site = Site {
        api: &api,
        settings,
        out: work.path().join("artifact.wasm"),
        dir: args.dir,
        name: args.name,
        loaded: None,
    };
    let mut tails = Tails::default();
    let dim = Tone::Dim.style();
    loop {
        let Some(done) = tails.beside(site.round(output), &mut stop, output).await else {
            break;
        };
        match (done, &site.loaded) {
            (Err(error), _) => output.error(&error),
            (Ok(Round { told, is_new }), Some(loaded)) => {
                if is_new || tails.is_empty() {
                    let name = loaded.name.clone();
                    if let Err(error) = tails.follow(&api, &name, format, output).await {
                        output.error(&error);
                    }
                }
                output.remark(&told);
            }
            (Ok(_), None) => {}
        }
        output.remark(&format!("{dim}watching {}{dim:#}", site.dir.display()));
        match tails.beside(watch.changed(), &mut stop, output).await {
            Some(changed) => changed?,
            None => break,
        }
    }
    if let Some(loaded) = &site.loaded {
        output.remark(&format!(
            "{name} stays installed: `watchbox remove {name}` removes it",
            name = loaded.name
        ));
    }
    Ok(Exit::Done)
}

/// The artifact, and the server that it runs on.
struct Site<'a> {
    api: &'a Api,
    settings: Settings,
    dir: PathBuf,
    /// Where the component is built.
    out: PathBuf,
    /// What it is installed as, where that is said.
    name: Option<Name>,
    /// What was loaded last.
    loaded: Option<Loaded>,
}

/// A version that is on the server.
struct Loaded {
    name: Name,
    digest: Digest,
    grants: Grants,
}

/// What came of building and loading.
struct Round {
    /// What is said of it.
    told: String,
    /// Whether it is the first version under its name.
    is_new: bool,
}

impl Site<'_> {
    /// Builds it as it is now, and has the server run that.
    async fn round(&mut self, output: &Output) -> anyhow::Result<Round> {
        let options = build::Options {
            dir: self.dir.clone(),
            manifest: None,
            out: Some(self.out.clone()),
        };
        let built = tokio::task::spawn_blocking(move || build::build(&options));
        let built = built.await.context("the build was broken off")??;
        for warning in &built.warnings {
            output.warning(warning);
        }
        let candidate = Candidate::read(&built.out)?;
        self.settings.complete(&candidate.manifest.parameters)?;
        let parameters = self.settings.resolved(&candidate.manifest)?;
        let grants = self.grants(&candidate.manifest, &parameters, output)?;
        let name = match &self.name {
            Some(name) => name.clone(),
            None => candidate.manifest.name.clone(),
        };
        let is_new = self
            .loaded
            .as_ref()
            .is_none_or(|loaded| loaded.name != name);
        let is_same = |loaded: &Loaded| {
            (&loaded.name, loaded.digest, &loaded.grants) == (&name, built.digest, &grants)
        };
        if self.loaded.as_ref().is_some_and(is_same) {
            let told = "built again, and the same came out: nothing to load".to_owned();
            return Ok(Round { told, is_new });
        }
        let installed = self.load(&name, candidate, &grants).await?;
        for warning in &installed.warnings {
            output.warning(warning);
        }
        let told = told(&name, &built, &installed);
        self.loaded = Some(Loaded {
            name,
            digest: built.digest,
            grants,
        });
        Ok(Round { told, is_new })
    }

    /// What it may do: as given, as shipped, else all that it declares.
    fn grants(
        &self,
        manifest: &Manifest,
        parameters: &Parameters,
        output: &Output,
    ) -> anyhow::Result<Grants> {
        if let Some(grants) = &self.settings.grants {
            return Ok(grants.clone());
        }
        if let Some(grants) = shipped_grants(&self.dir)? {
            return Ok(grants);
        }
        let (grants, left_out) = Grants::declared(manifest, parameters);
        for what in left_out {
            output.warning(&format!("not granted: {what}; write a grants.yaml"));
        }
        Ok(grants)
    }

    /// Installs it, or changes what is installed under the name.
    async fn load(
        &self,
        name: &Name,
        candidate: Candidate,
        grants: &Grants,
    ) -> anyhow::Result<Installed> {
        let digest = candidate.upload(self.api).await?;
        let path = ["table", name.as_str()];
        let parameters = self.settings.parameters.clone();
        let secrets = to_send(self.settings.secrets.clone());
        let there = self.api.get::<Installation>(&path, &Query::new()).await;
        match there.map_err(|error| error.downcast::<ApiError>()) {
            Ok(_) => {
                let change = ChangeRequest {
                    digest: Some(digest),
                    // All of them: its grants are for these, and one that was renamed must go.
                    parameters: Some(parameters),
                    secrets,
                    grants: Some(grants.to_json()),
                    enabled: Some(true),
                    ..ChangeRequest::default()
                };
                self.api.send_json(Method::PATCH, &path, &change).await
            }
            Err(Ok(ApiError::Refused { status: 404, .. })) => {
                let install = InstallRequest {
                    digest,
                    parameters,
                    secrets,
                    grants: grants.to_json(),
                    start: Start::Now,
                    enabled: true,
                };
                self.api.send_json(Method::PUT, &path, &install).await
            }
            Err(Ok(error)) => Err(error.into()),
            Err(Err(error)) => Err(error),
        }
    }
}

/// What is said of a version that was loaded.
fn told(name: &Name, built: &Built, installed: &Installed) -> String {
    let (good, warn) = (Tone::Good.style(), Tone::Warn.style());
    let version = format!("{name} {}, {}", built.version, built.digest.short());
    let waits = installed.installation.pending.as_ref();
    if waits.is_some_and(|waits| waits.digest == built.digest) {
        return format!("{warn}waits for approval:{warn:#} {version}");
    }
    format!(
        "{good}runs:{good:#} {version}; {}, built in {:.1} s",
        byte_size(built.size),
        built.time.as_secs_f64()
    )
}
