//! Versions that wait for approval: an upgrade that wants more than is granted, and than the version before it wanted in vain.

use watchbox_model::{Grants, Name, grants::Lack};
use watchbox_store::{How, Installation, Pending};

use crate::{
    Approve, Change, EngineError, Installed,
    audit::Admin,
    change::{Act, Before, Candidate},
    engine::Inner,
    loading::Settings,
    vault::KeptSecrets,
};

impl Candidate {
    /// What it wants and is not granted. What the version before it wanted too, and did not get, was decided already.
    pub(crate) fn asks_for_more(&self, before: &Before) -> Vec<Lack> {
        let known = before.loaded.as_ref().map(|loaded| loaded.lacks());
        let known = known.unwrap_or_default();
        let mut lacks = self.loaded.lacks();
        lacks.retain(|lack| !known.iter().any(|old| old.is(lack)));
        lacks
    }
}

impl Inner {
    /// Lets `change`, which was checked, wait for approval, since it wants what it `lacks`. The version that runs goes on.
    pub(crate) async fn let_wait(
        &self,
        before: &Before,
        candidate: Candidate,
        change: &Change,
        lacks: Vec<Lack>,
    ) -> Result<Installed, EngineError> {
        let name = &before.installation.name;
        let component = &candidate.loaded.component;
        let version = component.manifest().version.to_string();
        let mut warnings = candidate.warnings;
        warnings.push(format!(
            "version {version} wants more than is granted, and waits for approval; the one that runs goes on"
        ));
        warnings.extend(
            lacks
                .iter()
                .map(|lack| format!("it wants {lack} ({}): {}", lack.reason, lack.refusal)),
        );
        let wants: Vec<String> = lacks.iter().map(ToString::to_string).collect();
        // What the new version calls a secret is sealed, wherever it was given.
        let mut given = Settings {
            parameters: change.parameters.given(),
            secrets: change.secrets.clone(),
            grants: Grants::default(),
        };
        given.keep_secrets_apart(component);
        let pending = Pending {
            digest: component.digest(),
            version,
            parameters: {
                let is_secret = |name: &str| !given.parameters.contains_key(name);
                change.parameters.clone().without(is_secret)
            },
            secrets: {
                let stamp = self.stamp(&change.actor);
                let secrets = KeptSecrets::default().with(&given.secrets, &stamp);
                self.vault.seal(name, &secrets)?
            },
            lacks,
            at: self.config.clock.now(),
            by: change.actor.clone(),
        };
        let audit = Admin::new(&change.actor, "ask", name)
            .with(pending.digest)
            .on(format!("approval: wants {}", wants.join(", ")));
        let after = Installation {
            files: change.files.or(before.installation.files),
            pending: Some(pending),
            ..before.installation.clone()
        };
        self.put_aside(after, audit).await?;
        self.installed(name, None, warnings)
    }

    /// See [`crate::Engine::approve`].
    pub(crate) async fn approve(
        &self,
        name: Name,
        approve: Approve,
    ) -> Result<Installed, EngineError> {
        let _changes = self.changes.lock().await;
        self.check_running()?;
        let before = self.before(&name)?;
        let pending = before.installation.pending.clone();
        let pending = pending.ok_or_else(|| EngineError::NothingPending(name.clone()))?;
        if approve
            .digest
            .is_some_and(|digest| digest != pending.digest)
        {
            return Err(EngineError::OtherPending {
                name,
                waits: pending.digest,
            });
        }
        let grants = approve.grants.as_ref();
        self.check_widening(&before.installation, grants, approve.may_widen)?;
        let vetted = self
            .let_in_kept(&name, pending.digest, &approve.actor)
            .await?;
        let change = Change {
            parameters: pending.parameters,
            secrets: self.vault.unseal(&name, &pending.secrets)?.values(),
            grants: approve.grants,
            ..Change::default()
        };
        change.check_names(vetted.component.manifest(), &before.installation)?;
        let settings = self.settings_after(&before.installation, &change)?;
        let candidate = self.candidate(&before, vetted, settings).await?;
        let after = Installation {
            pending: None,
            quarantine: None,
            probation: before.proves_its_successor(),
            ..before.installation.clone()
        };
        let act = Act {
            actor: &approve.actor,
            operation: Some("approve"),
            how: How::Approval,
            reason: None,
            back_to: None,
            sets: None,
        };
        self.keep(&before, after, Some(candidate), act).await
    }

    /// See [`crate::Engine::reject`].
    pub(crate) async fn reject(&self, name: Name, actor: &str) -> Result<Installed, EngineError> {
        let _changes = self.changes.lock().await;
        self.check_running()?;
        let before = self.before(&name)?;
        let Some(pending) = &before.installation.pending else {
            return Err(EngineError::NothingPending(name));
        };
        let audit = Admin::new(actor, "reject", &name).with(pending.digest);
        let after = Installation {
            pending: None,
            ..before.installation.clone()
        };
        self.put_aside(after, audit).await?;
        self.installed(&name, None, Vec::new())
    }

    /// Keeps `after`, which runs as it did.
    async fn put_aside(&self, after: Installation, audit: Admin) -> Result<(), EngineError> {
        self.store
            .put_installation(after.clone(), None, Vec::new(), audit.record())
            .await?;
        if let Some(entry) = self.table_mut().get_mut(&after.name) {
            entry.installation = after;
        }
        Ok(())
    }
}
