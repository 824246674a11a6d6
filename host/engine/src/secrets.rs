//! The secrets of installations: listed by name, with where they may go; set anew, one at a time.

use std::collections::BTreeMap;

use watchbox_model::{Name, Secret, Time, parameter::ParameterType};
use watchbox_store::How;

use crate::{Change, EngineError, Installed, change::Act, engine::Inner};

/// What may be told of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFacts {
    /// Whose.
    pub installation: Name,
    /// The parameter.
    pub parameter: String,
    /// Whether it was given. Where not, the artifact has a default for it.
    pub is_set: bool,
    /// When it was set, where that is known.
    pub at: Option<Time>,
    /// By whom.
    pub by: Option<String>,
    /// The requests that it may go out with, by the grants: methods and URL patterns.
    pub destinations: Vec<String>,
}

impl Inner {
    /// See [`crate::Engine::secrets`].
    pub(crate) fn secrets(&self, name: &Name) -> Result<Vec<SecretFacts>, EngineError> {
        let before = self.before(name)?;
        let installation = &before.installation;
        // Those that can't be opened any more are told as not set.
        let kept = self.vault.unseal(name, &installation.secrets);
        let kept = kept.unwrap_or_default();
        let mut found: BTreeMap<String, SecretFacts> = BTreeMap::new();
        let bare = |parameter: &str| SecretFacts {
            installation: name.clone(),
            parameter: parameter.to_owned(),
            is_set: false,
            at: None,
            by: None,
            destinations: Vec::new(),
        };
        for parameter in before.secret_parameters() {
            found.insert(parameter.to_owned(), bare(parameter));
        }
        for (parameter, stamp) in kept.stamps() {
            let facts = SecretFacts {
                is_set: true,
                at: stamp.map(|stamp| stamp.at),
                by: stamp.map(|stamp| stamp.by.clone()),
                ..bare(parameter)
            };
            found.insert(parameter.clone(), facts);
        }
        let grants = self.kept_grants(installation)?;
        for facts in found.values_mut() {
            let named = grants
                .http
                .iter()
                .filter(|grant| grant.secrets.contains(&facts.parameter));
            facts.destinations = named
                .map(|grant| format!("{} {}", grant.method, grant.url))
                .collect();
        }
        Ok(found.into_values().collect())
    }

    /// See [`crate::Engine::set_secret`].
    pub(crate) async fn set_secret(
        &self,
        name: Name,
        parameter: String,
        secret: Secret,
        actor: String,
    ) -> Result<Installed, EngineError> {
        let _changes = self.changes.lock().await;
        self.check_running()?;
        let before = self.before(&name)?;
        let known = before.secret_parameters();
        if before.loaded.is_some() && !known.contains(&parameter.as_str()) {
            return Err(EngineError::NoSecret {
                parameter,
                known: known.join(", "),
                name,
            });
        }
        let change = Change {
            secrets: [(parameter.clone(), secret)].into(),
            ..Change::default()
        };
        let vetted = match &before.loaded {
            Some(loaded) => loaded.vetted(),
            None => {
                let digest = before.installation.digest;
                self.let_in_kept(&name, digest, &actor).await?
            }
        };
        let settings = self.settings_after(&before.installation, &change)?;
        let candidate = self.candidate(&before, vetted, settings).await?;
        let mut after = before.installation.clone();
        after.quarantine = None;
        let act = Act {
            actor: &actor,
            operation: Some("set-secret"),
            how: How::Change,
            reason: None,
            back_to: None,
            sets: Some(&parameter),
        };
        self.keep(&before, after, Some(candidate), act).await
    }
}

impl crate::change::Before {
    /// The names of its secret parameters, as far as what it runs is loaded.
    fn secret_parameters(&self) -> Vec<&str> {
        let specs = self.loaded.iter().flat_map(|loaded| {
            let manifest = loaded.component.manifest();
            manifest.parameters.iter()
        });
        specs
            .filter(|spec| spec.kind == ParameterType::Secret)
            .map(|spec| spec.name.as_str())
            .collect()
    }
}
