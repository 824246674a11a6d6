//! Going back to an earlier version: its component, and the settings that it ran with.
//!
//! Its parameters and its secrets are those of then. Its grants are not: going back must not give what was taken away since, so it gets
//! what was granted then *and* is now, unless whoever goes back says otherwise.

use std::collections::BTreeMap;

use watchbox_model::{Grants, Name, Secret};
use watchbox_store::{How, Version};

use crate::{
    EngineError, Installed, Rollback,
    change::{Act, Before},
    engine::Inner,
    history,
    loading::Settings,
    metrics, widening,
};

/// How one goes back.
pub(crate) struct Back<'a> {
    pub(crate) restore_grants: bool,
    pub(crate) may_widen: bool,
    /// Why, where the server does so by itself.
    pub(crate) reason: Option<String>,
    pub(crate) actor: &'a str,
}

impl Inner {
    /// See [`crate::Engine::rollback`].
    pub(crate) async fn rollback(
        &self,
        name: Name,
        rollback: Rollback,
    ) -> Result<Installed, EngineError> {
        let _changes = self.changes.lock().await;
        self.check_running()?;
        let before = self.before(&name)?;
        let history = self.store.versions(&name).await?;
        let target = match &rollback.to {
            Some(text) => history::named(&name, &history, text)?,
            None => history::before(&name, &history)?,
        };
        let back = Back {
            restore_grants: rollback.restore_grants,
            may_widen: rollback.may_widen,
            reason: None,
            actor: &rollback.actor,
        };
        self.go_back(&before, target, back).await
    }

    /// Goes back to `target`. The caller holds the changes.
    pub(crate) async fn go_back(
        &self,
        before: &Before,
        target: &Version,
        back: Back<'_>,
    ) -> Result<Installed, EngineError> {
        let now = &before.installation;
        let name = &now.name;
        let vetted = self.let_in_kept(name, target.digest, back.actor).await?;
        let file = format!("grants of {name}");
        let then = Grants::parse(&file, &target.grants.to_string())?;
        let granted = Grants::parse(&file, &now.grants.to_string())?;
        if back.restore_grants && !back.may_widen {
            widening::within(name, &then, &granted)?;
        }
        let secrets = self.vault.unseal(name, &target.secrets)?.values();

        let mut warnings = Vec::new();
        if !back.restore_grants {
            warnings.extend(then.beyond(&granted).into_iter().map(|rule| {
                format!("it was granted `{rule}` then, which is not granted now, and stays so")
            }));
        }
        warnings.extend(self.secrets_that_differ(before, &secrets).map(|secret| {
            format!("its secret `{secret}` is the one of then: where that was changed for good, give it again")
        }));
        let settings = Settings {
            parameters: target.parameters.clone(),
            secrets,
            grants: if back.restore_grants {
                then
            } else {
                then.within(&granted)
            },
        };
        let mut candidate = self.candidate(before, vetted, settings).await?;
        candidate.warnings.append(&mut warnings);
        let mut after = now.clone();
        after.quarantine = None;
        after.probation = false;
        let by_itself = back.reason.is_some();
        let act = Act {
            actor: back.actor,
            operation: Some("rollback"),
            how: if by_itself {
                How::AutomaticRollback
            } else {
                How::Rollback
            },
            reason: back.reason,
            back_to: Some(target.number),
            sets: None,
        };
        let installed = self.keep(before, after, Some(candidate), act).await?;
        metrics::rolled_back(name, by_itself);
        Ok(installed)
    }

    /// The names of those secrets of `then` that have another value now.
    fn secrets_that_differ<'s>(
        &self,
        before: &Before,
        then: &'s BTreeMap<String, Secret>,
    ) -> impl Iterator<Item = &'s String> {
        let now = &before.installation;
        let now = self.vault.unseal(&now.name, &now.secrets);
        let now = now.unwrap_or_default().values();
        then.iter().filter_map(move |(name, secret)| {
            now.get(name)
                .is_some_and(|current| current != secret)
                .then_some(name)
        })
    }
}
