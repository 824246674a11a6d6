//! The settings of an artifact as they are meant: parameters told apart from secrets, secrets fetched from where
//! they are, grants read.

pub mod secrets;

use std::{collections::BTreeMap, fs};

use anyhow::Context;
use serde_json::Value;
use watchbox_model::{
    Grants, Manifest, Secret,
    parameter::{ParameterSpec, ParameterType, Parameters},
};

use crate::{args, exit::Usage};
use secrets::Source;

/// The settings of an artifact.
#[derive(Debug, Default)]
pub struct Settings {
    /// Open parameters, as text: the server reads it as their types want.
    pub parameters: BTreeMap<String, Value>,
    /// Secret parameters.
    pub secrets: BTreeMap<String, Secret>,
    /// What the artifact may do, where it was said.
    pub grants: Option<Grants>,
}

impl Settings {
    /// Reads what `written` points to. `specs` are the artifact's parameters, where they are known: they tell whether
    /// an open value is given for a secret, and the other way round.
    pub fn read(written: &args::Settings, specs: Option<&[ParameterSpec]>) -> anyhow::Result<Self> {
        let kind_of = |name: &str| {
            let spec = specs?.iter().find(|spec| spec.name == name)?;
            Some(spec.kind)
        };
        let mut settings = Self::default();
        for text in &written.parameters {
            let (name, value) = split("--param", text)?;
            if kind_of(name) == Some(ParameterType::Secret) {
                return Err(secrets::in_the_open(name).into());
            }
            let old = settings
                .parameters
                .insert(name.to_owned(), Value::String(value.to_owned()));
            once("--param", name, old.is_some())?;
        }
        for text in &written.secrets {
            let (name, source) = split("--secret", text)?;
            if let Some(kind) = kind_of(name)
                && kind != ParameterType::Secret
            {
                return Err(Usage(format!(
                    "`{name}` is no secret: give it with --param {name}=VALUE"
                ))
                .into());
            }
            let source = Source::read(source).ok_or_else(|| secrets::in_the_open(name))?;
            let secret = secrets::fetch(name, &source)?;
            let old = settings.secrets.insert(name.to_owned(), secret);
            once("--secret", name, old.is_some())?;
        }
        if let Some(file) = &written.grants {
            let name = file.display().to_string();
            let text = fs::read_to_string(file)
                .with_context(|| format!("the grants file {name} can't be read"))?;
            settings.grants = Some(Grants::parse(&name, &text)?);
        }
        Ok(settings)
    }

    /// The parameters, the secret ones among them, as the manifest wants them.
    pub fn resolved(&self, manifest: &Manifest) -> anyhow::Result<Parameters> {
        let mut given = self.parameters.clone();
        for (name, secret) in &self.secrets {
            given.insert(name.clone(), Value::from(secret.reveal()));
        }
        Ok(Parameters::resolve(
            &manifest.name,
            &manifest.parameters,
            given,
        )?)
    }

    /// Whether every parameter that has no default is given: told here with the option that gives it.
    pub fn complete(&self, specs: &[ParameterSpec]) -> Result<(), Usage> {
        for spec in specs.iter().filter(|spec| spec.default.is_none()) {
            let name = &spec.name;
            if spec.kind == ParameterType::Secret && !self.secrets.contains_key(name) {
                return Err(Usage(format!(
                    "the secret `{name}` must be given: {}",
                    secrets::options(name)
                )));
            }
            if spec.kind != ParameterType::Secret && !self.parameters.contains_key(name) {
                return Err(Usage(format!(
                    "the parameter `{name}` must be given: --param {name}=VALUE"
                )));
            }
        }
        Ok(())
    }
}

/// The two sides of `NAME=VALUE`. The error shows the name only: the rest may be a secret.
fn split<'t>(option: &str, text: &'t str) -> Result<(&'t str, &'t str), Usage> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name, value)),
        _ => Err(Usage(format!(
            "{option} wants NAME=VALUE, and no name comes before a `=`"
        ))),
    }
}

fn once(option: &str, name: &str, twice: bool) -> Result<(), Usage> {
    if twice {
        return Err(Usage(format!("{option} {name} is given twice")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
