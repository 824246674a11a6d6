//! `watchbox upgrade`: an installation changed between two of its turns.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;
use watchbox_model::{Digest, parameter::ParameterSpec};
use watchbox_server::api::types::{ChangeRequest, Installation, Installed, Shadow};

use super::{
    install::{Candidate, report, to_send},
    shadow,
};
use crate::{
    api::{Api, Query},
    args,
    output::Output,
    settings::Settings,
};

/// Changes it and says how it stands.
pub async fn upgrade(args: args::Upgrade, output: &Output) -> anyhow::Result<()> {
    let candidate = args.file.as_deref().map(Candidate::read).transpose()?;
    let specs = candidate
        .as_ref()
        .map(|candidate| candidate.manifest.parameters.clone());
    let specs = specs.as_deref();
    let settings = Settings::read(&args.settings, specs)?;
    if let (Some(candidate), Some(grants)) = (&candidate, &settings.grants) {
        candidate.compare(grants, output);
    }

    let api = Api::new(&args.connection)?;
    let path = ["table", args.name.as_str()];
    // Of the parameters, the API takes all or none.
    let before: Option<Installation> = if settings.parameters.is_empty() {
        None
    } else {
        Some(api.get(&path, &Query::new()).await?)
    };
    let mut digest: Option<Digest> = None;
    if let Some(candidate) = candidate {
        digest = Some(candidate.upload(&api).await?);
    }
    let change = ChangeRequest {
        digest,
        unchanged_since: before.as_ref().map(|before| before.changed_at),
        parameters: before.map(|before| changed(before.parameters, settings.parameters, specs)),
        secrets: to_send(settings.secrets),
        grants: settings.grants.map(|grants| grants.to_json()),
        enabled: None,
    };
    if args.shadow {
        let path = [path[0], path[1], "shadow"];
        let shadow: Shadow = api.send_json(Method::PUT, &path, &change).await?;
        return shadow::started(&shadow, output);
    }
    let installed: Installed = api.send_json(Method::PATCH, &path, &change).await?;
    let now = &installed.installation;
    if let Some(pending) = now
        .pending
        .as_ref()
        .filter(|waits| Some(waits.digest) == digest)
    {
        let waits = format!(
            "{name} {}, {}, waits: `watchbox approve {name}`, with --grants FILE or without, lets it run, `watchbox reject {name}` drops it",
            pending.version,
            pending.digest.short(),
            name = args.name,
        );
        return report(&installed, &waits, output);
    }
    let mut done = format!(
        "{} is now {} {}, {}",
        args.name,
        now.artifact,
        now.version,
        now.digest.short()
    );
    if digest.is_some()
        && let Some(previous) = now.previous
    {
        done.push_str(&format!("; before it, {}", previous.short()));
    }
    report(&installed, &done, output)
}

/// The parameters with those `given` in the place of what they were. What a new component, whose parameters are `specs`, has no more is left out.
fn changed(
    mut parameters: BTreeMap<String, Value>,
    given: BTreeMap<String, Value>,
    specs: Option<&[ParameterSpec]>,
) -> BTreeMap<String, Value> {
    if let Some(specs) = specs {
        parameters.retain(|name, _| specs.iter().any(|spec| spec.name == *name));
    }
    parameters.extend(given);
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_the_new_component_has_no_more_goes() {
        let values = |pairs: &[(&str, &str)]| -> BTreeMap<String, Value> {
            let pairs = pairs.iter().copied();
            pairs
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect()
        };
        let before = values(&[("Age", "1d"), ("Log", "A")]);
        let given = values(&[("MaxAge", "2d")]);
        assert_eq!(
            changed(before.clone(), given.clone(), None),
            values(&[("Age", "1d"), ("Log", "A"), ("MaxAge", "2d")])
        );
        let specs: Vec<ParameterSpec> =
            serde_json::from_value(serde_json::json!([{ "name": "MaxAge" }, { "name": "Log" }]))
                .unwrap();
        assert_eq!(
            changed(before, given, Some(&specs)),
            values(&[("Log", "A"), ("MaxAge", "2d")])
        );
    }
}
