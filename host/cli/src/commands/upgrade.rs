//! `watchbox upgrade`: an installation changed between two of its turns.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;
use watchbox_model::Digest;
use watchbox_server::api::types::{ChangeRequest, Installed, Shadow};

use super::{
    install::{Candidate, report, to_send},
    shadow,
};
use crate::{api::Api, args, exit::Usage, output::Output, settings::Settings};

/// Changes it and says how it stands.
pub async fn upgrade(args: args::Upgrade, output: &Output) -> anyhow::Result<()> {
    let candidate = args.file.as_deref().map(Candidate::read).transpose()?;
    let specs = candidate
        .as_ref()
        .map(|candidate| candidate.manifest.parameters.as_slice());
    let settings = Settings::read(&args.settings, specs)?;
    if let (Some(candidate), Some(grants)) = (&candidate, &settings.grants) {
        candidate.compare(grants, output);
    }

    let mut parameters: BTreeMap<String, Option<Value>> = settings
        .parameters
        .into_iter()
        .map(|(name, value)| (name, Some(value)))
        .collect();
    for name in args.defaults {
        if parameters.get(&name).is_some_and(Option::is_some) {
            let twice =
                format!("`{name}` is given by --param and by --default: one of the two is wanted");
            return Err(Usage(twice).into());
        }
        parameters.insert(name, None);
    }

    let api = Api::new(&args.connection)?;
    let mut digest: Option<Digest> = None;
    if let Some(candidate) = candidate {
        digest = Some(candidate.upload(&api).await?);
    }
    let change = ChangeRequest {
        digest,
        set_parameters: parameters,
        secrets: to_send(settings.secrets),
        grants: settings.grants.map(|grants| grants.to_json()),
        ..ChangeRequest::default()
    };
    if args.shadow {
        let path = ["table", args.name.as_str(), "shadow"];
        let shadow: Shadow = api.send_json(Method::PUT, &path, &change).await?;
        return shadow::started(&shadow, output);
    }
    let path = ["table", args.name.as_str()];
    let installed: Installed = api.send_json(Method::PATCH, &path, &change).await?;
    tell(&installed, digest, output)
}

/// Says what came of a change to the component `digest`, if it was one.
pub(super) fn tell(
    installed: &Installed,
    digest: Option<Digest>,
    output: &Output,
) -> anyhow::Result<()> {
    let now = &installed.installation;
    let name = &now.name;
    let mut pending = now.pending.iter();
    if let Some(pending) = pending.find(|waits| Some(waits.digest) == digest) {
        let waits = format!(
            "{name} {}, {}, waits: `watchbox approve {name}`, with --grants FILE or without, lets it run, `watchbox reject {name}` drops it",
            pending.version,
            pending.digest.short(),
        );
        return report(installed, &waits, output);
    }
    let mut done = format!(
        "{name} is now {} {}, {}",
        now.artifact,
        now.version,
        now.digest.short()
    );
    if digest.is_some()
        && let Some(previous) = now.previous
    {
        done.push_str(&format!("; before it, {}", previous.short()));
    }
    report(installed, &done, output)
}
