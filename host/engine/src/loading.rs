//! From a component, parameters and grants to what can run: checked, resolved, compiled.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use watchbox_model::{
    Grants, LogKey, Name, Secret,
    grants::Lack,
    manifest::{Need, ResolvedSubscription},
    parameter::{ParameterType, Parameters},
    trust::Origin,
};
use watchbox_sandbox::{Authority, Component, Instance, LoadError, TurnFailure, host::Host};

use crate::{EngineError, conduct::Conduct, host::InstallationHost, trust::Vetted};

/// What an installation runs.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) component: Arc<Component>,
    /// Who stands for the component.
    pub(crate) origin: Origin,
    pub(crate) authority: Arc<Authority>,
    pub(crate) subscriptions: Vec<ResolvedSubscription>,
    /// How it conducts itself.
    pub(crate) conduct: Conduct,
    /// The parameters, to fill in what the manifest needs.
    parameters: Parameters,
}

/// An installation's settings, as the operator gave them.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) parameters: BTreeMap<String, serde_json::Value>,
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) grants: Grants,
}

impl Settings {
    /// Moves what `component` calls a secret from the open parameters to the secrets, and drops secrets that it does not call so: an upgrade
    /// may have done away with one, or declare it an open parameter now, and an open parameter reaches the guest. Says which were.
    pub(crate) fn keep_secrets_apart(&mut self, component: &Component) -> Vec<String> {
        let specs = &component.manifest().parameters;
        let is_secret = |name: &str| {
            specs
                .iter()
                .any(|spec| spec.name == name && spec.kind == ParameterType::Secret)
        };
        for spec in specs.iter().filter(|spec| is_secret(&spec.name)) {
            if let Some(value) = self.parameters.remove(&spec.name) {
                let value = match value {
                    serde_json::Value::String(text) => text,
                    other => other.to_string(),
                };
                self.secrets.insert(spec.name.clone(), Secret::new(value));
            }
        }
        let dropped = self.secrets.extract_if(.., |name, _| !is_secret(name));
        dropped
            .map(|(name, _)| {
                format!(
                    "its secret `{name}` was dropped: this version has no secret parameter of that name"
                )
            })
            .collect()
    }
}

impl Loaded {
    /// Resolves `settings` for a component, which is installed as `installation`. It shares its grants with `before`, what the
    /// installation ran until now, so that what is taken away is taken from a turn of that, too; and the count of its lines.
    pub(crate) fn new(
        installation: &Name,
        Vetted { component, origin }: Vetted,
        settings: &Settings,
        before: Option<&Self>,
    ) -> Result<Self, EngineError> {
        let manifest = component.manifest();
        let mut given = settings.parameters.clone();
        let is_secret = |name: &str| {
            let mut specs = manifest.parameters.iter();
            specs.any(|spec| spec.name == name && spec.kind == ParameterType::Secret)
        };
        // Whatever way it comes here: what was kept as a secret is never an open parameter.
        let secrets = settings.secrets.iter();
        for (name, secret) in secrets.filter(|(name, _)| is_secret(name)) {
            given.insert(name.clone(), secret.reveal().into());
        }
        let parameters = Parameters::resolve(&manifest.name, &manifest.parameters, given)?;
        let subscriptions = manifest.resolve(&parameters)?;
        refuse_double(&subscriptions)?;
        let authority = Authority {
            installation: installation.clone(),
            digest: component.digest(),
            parameters: parameters.encode(manifest.encoding),
            secrets: parameters.secrets.clone(),
            lines: before.map_or_else(Arc::default, |before| Arc::clone(&before.authority.lines)),
            grants: match before {
                Some(before) => Arc::clone(&before.authority.grants),
                None => Arc::new(RwLock::new(Arc::new(settings.grants.clone()))),
            },
        };
        Ok(Self {
            component,
            origin,
            authority: Arc::new(authority),
            subscriptions,
            conduct: Conduct::default(),
            parameters,
        })
    }

    /// What it runs, to be run with other settings.
    pub(crate) fn vetted(&self) -> Vetted {
        Vetted {
            component: Arc::clone(&self.component),
            origin: self.origin.clone(),
        }
    }

    /// A fresh instance, configured.
    pub(crate) async fn instantiate(
        &self,
        host: &Arc<InstallationHost>,
    ) -> Result<Instance, TurnFailure> {
        let host: Arc<dyn Host> = Arc::<InstallationHost>::clone(host);
        self.component
            .instantiate(Arc::clone(&self.authority), host)
            .await
    }

    /// The names of the logs that it watches.
    pub(crate) fn watched(&self) -> Vec<Name> {
        self.subscriptions
            .iter()
            .map(|subscription| subscription.log.clone())
            .collect()
    }

    /// The logs that it watches, one for each subscription: the rows of what is installed under the name, else the
    /// events that go by it.
    pub(crate) fn logs(&self, is_installed: impl Fn(&Name) -> bool) -> Vec<LogKey> {
        self.watched()
            .into_iter()
            .map(|name| {
                if is_installed(&name) {
                    LogKey::rows(name)
                } else {
                    LogKey::events(name)
                }
            })
            .collect()
    }

    /// The grants as they are now.
    pub(crate) fn grants(&self) -> Arc<Grants> {
        let grants = self.authority.grants.read();
        Arc::clone(&grants.unwrap_or_else(PoisonError::into_inner))
    }

    /// Other grants, from the next call on.
    pub(crate) fn set_grants(&self, grants: Grants) {
        let mut current = self
            .authority
            .grants
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(grants);
    }

    /// What its artifact wants and is not granted.
    pub(crate) fn lacks(&self) -> Vec<Lack> {
        self.grants()
            .lacks(self.component.manifest(), &self.parameters)
    }

    /// What the operator should know before it runs.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = self.component.warnings();
        warnings.extend(self.lacks().iter().map(|lack| match &lack.need {
            None => format!(
                "it declares `{}`, which is not granted: its calls will be denied",
                lack.capability
            ),
            Some(Need::Http(need)) => format!(
                "it wants to send {} {}, which will be refused: {}",
                need.method, need.url, lack.refusal
            ),
            Some(Need::Mail(need)) => format!(
                "it wants to write to {}, which will be refused: {}",
                need.to, lack.refusal
            ),
        }));
        let grants = self.grants();
        let goes_nowhere = |secret: &&String| {
            let mut rules = grants.http.iter();
            !rules.any(|rule| rule.secrets.contains(*secret))
        };
        let kept = self.parameters.secrets.keys().filter(goes_nowhere);
        warnings.extend(kept.map(|secret| {
            format!("the secret `{secret}` may go nowhere: a rule of `http` that names it under `secrets` lets it")
        }));
        warnings
    }
}

/// An artifact has one cursor in a log. (Two names in a manifest may be one once the parameters are filled in.)
fn refuse_double(subscriptions: &[ResolvedSubscription]) -> Result<(), EngineError> {
    let mut seen = BTreeSet::new();
    match subscriptions
        .iter()
        .find(|subscription| !seen.insert(&subscription.log))
    {
        None => Ok(()),
        Some(double) => Err(EngineError::Load(LoadError::Manifest(format!(
            "it subscribes to `{}` twice: one subscription with a wider `where` is wanted",
            double.log
        )))),
    }
}
