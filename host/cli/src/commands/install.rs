//! `watchbox install`: an artifact put on the monitoring table.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use reqwest::Method;
use watchbox_model::{ComponentSignature, Digest, Manifest, Secret};
use watchbox_sandbox::Inspection;
use watchbox_server::api::types::{Artifact, InstallRequest, Installed, SecretText, Start};

use super::sign;
use crate::{
    api::Api,
    args::{self, StartArgument},
    output::{Output, printable},
    settings::Settings,
};

/// Installs it and says how it stands.
pub async fn install(args: args::Install, output: &Output) -> anyhow::Result<()> {
    let candidate = Candidate::read(&args.file)?;
    let settings = Settings::read(&args.settings, Some(&candidate.manifest.parameters))?;
    settings.complete(&candidate.manifest.parameters)?;
    let grants = settings.grants.unwrap_or_default();
    candidate.compare(&grants, output);

    let api = Api::new(&args.connection)?;
    let name = args.name.unwrap_or_else(|| candidate.manifest.name.clone());
    let digest = candidate.upload(&api).await?;
    let request = InstallRequest {
        digest,
        parameters: settings.parameters,
        secrets: to_send(settings.secrets),
        grants: grants.to_json(),
        start: match args.from {
            StartArgument::Now => Start::Now,
            StartArgument::Oldest => Start::Oldest,
        },
        enabled: !args.disabled,
    };
    let path = ["table", name.as_str()];
    let installed: Installed = api.send_json(Method::PUT, &path, &request).await?;
    let done = format!(
        "{name} is installed: {} {}, {}",
        installed.installation.artifact,
        installed.installation.version,
        installed.installation.digest.short()
    );
    report(&installed, &done, output)
}

/// A component that is to be installed.
pub(super) struct Candidate {
    /// Its bytes.
    pub(super) wasm: Vec<u8>,
    /// What it is and wants.
    pub(super) inspection: Inspection,
    /// Its manifest.
    pub(super) manifest: Manifest,
    /// The signature that lies beside it.
    pub(super) signature: Option<ComponentSignature>,
}

impl Candidate {
    /// Reads a component and its manifest, so that what is wrong with them is told before anything is sent.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let name = file.display();
        let wasm = super::component_file::read(file)?;
        let mut inspection = watchbox_sandbox::inspect(&wasm)
            .with_context(|| format!("{name} can't be installed"))?;
        let Some(manifest) = inspection.manifest.take() else {
            let reason = inspection.manifest_error.unwrap_or_default();
            anyhow::bail!("{name} can't be installed, for its manifest: {reason}");
        };
        Ok(Self {
            wasm,
            inspection,
            manifest,
            signature: sign::read_beside(file)?,
        })
    }

    /// Uploads it, and its signature with it.
    pub(super) async fn upload(self, api: &Api) -> anyhow::Result<Digest> {
        let uploaded: Artifact = api.upload(self.wasm).await?;
        if let Some(signature) = &self.signature {
            let digest = uploaded.digest.to_string();
            api.sign::<Artifact>(&digest, signature).await?;
        }
        Ok(uploaded.digest)
    }

    /// Shows a person what it declares and what of that is granted.
    pub(super) fn compare(&self, grants: &watchbox_model::Grants, output: &Output) {
        if output.remarks_on_terminal() && !output.json() && !self.manifest.capabilities.is_empty()
        {
            let table = super::inspect::granted(&self.manifest, &self.inspection, grants);
            output.remark(&table.render(output.remarks_look()));
        }
    }
}

/// Secrets as they go to the server.
pub(super) fn to_send(secrets: BTreeMap<String, Secret>) -> BTreeMap<String, SecretText> {
    secrets
        .into_iter()
        .map(|(name, secret)| (name, SecretText(secret)))
        .collect()
}

/// Says what came of a change: the warnings, then `done`, or for scripts all of it.
pub(super) fn report(installed: &Installed, done: &str, output: &Output) -> anyhow::Result<()> {
    for warning in &installed.warnings {
        output.warning(warning);
    }
    if output.json() {
        return Ok(output.document(installed)?);
    }
    Ok(output.text(&printable(done))?)
}
