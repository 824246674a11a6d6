//! What can be asked of the monitoring table.

use std::collections::BTreeMap;

use bytes::Bytes;
use watchbox_model::{
    ComponentSignature, Digest, Grants, Manifest, Name, Secret, Time,
    parameter::{ParameterChange, ParameterError, check_secrets},
};
use watchbox_store::Installation;

use crate::{EngineError, Status};

/// An artifact to install.
#[derive(Clone, Debug)]
pub struct Install {
    /// The component's bytes.
    pub component: Bytes,
    /// A signature that came with it, beside those that are kept.
    pub signature: Option<ComponentSignature>,
    /// Under which name; the artifact's own where `None`.
    pub name: Option<Name>,
    /// Its open parameters.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Its secret ones.
    pub secrets: BTreeMap<String, Secret>,
    /// What it may do.
    pub grants: Grants,
    /// Where it begins in the logs that it watches.
    pub start: StartAt,
    /// On, or off until it is switched on.
    pub enabled: bool,
    /// The digest of the files of the watched folder that it comes from, if it does.
    pub files: Option<Digest>,
    /// Whether whoever installs it may grant anything.
    pub may_widen: bool,
    /// Who installs it.
    pub actor: String,
}

/// Where a new installation begins in a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartAt {
    /// With the events that are accepted from now on.
    #[default]
    Now,
    /// With the oldest that is kept.
    Oldest,
}

/// A change of an installation; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another component of the same artifact.
    pub component: Option<Bytes>,
    /// A signature that came with it, beside those that are kept.
    pub signature: Option<ComponentSignature>,
    /// What becomes of the open parameters.
    pub parameters: ParameterChange,
    /// Other secrets; those not named stay.
    pub secrets: BTreeMap<String, Secret>,
    /// Other grants.
    pub grants: Option<Grants>,
    /// On or off.
    pub enabled: Option<bool>,
    /// When the installation was last changed, as whoever changes it saw it; if it was changed since, it stays as it is.
    pub unchanged_since: Option<Time>,
    /// The digest of the files of the watched folder that the change comes from, if it does.
    pub files: Option<Digest>,
    /// Whether whoever changes it may grant more than is granted.
    pub may_widen: bool,
    /// Who changes it.
    pub actor: String,
}

impl Change {
    /// Refuses parameters and secrets that the artifact has not.
    pub(crate) fn check_names(
        &self,
        manifest: &Manifest,
        before: &Installation,
    ) -> Result<(), ParameterError> {
        let (artifact, specs) = (&manifest.name, &manifest.parameters);
        check_secrets(artifact, specs, self.secrets.keys())?;
        self.parameters.check(artifact, specs, &before.parameters)
    }

    /// Refuses the change where somebody else changed the installation, which is `now` so, since whoever wants it saw it.
    pub(crate) fn check_unchanged(&self, now: &Installation) -> Result<(), EngineError> {
        if self
            .unchanged_since
            .is_some_and(|seen| seen != now.changed_at)
        {
            return Err(EngineError::ChangedMeanwhile {
                name: now.name.clone(),
                by: now.changed_by.clone(),
            });
        }
        Ok(())
    }
}

/// A way back to an earlier version.
#[derive(Clone, Debug, Default)]
pub struct Rollback {
    /// The version: its number, the artifact's version, or the first digits of its digest; where `None`, the last that ran another component.
    pub to: Option<String>,
    /// Whether it gets back all that it was granted then. Where not, it gets what was granted then *and* is now.
    pub restore_grants: bool,
    /// Whether whoever goes back may grant more than is granted.
    pub may_widen: bool,
    /// Who goes back.
    pub actor: String,
}

/// The approval of a version that waits.
#[derive(Clone, Debug, Default)]
pub struct Approve {
    /// The component that is meant: where another waits by now, nothing is approved. `None` means whichever waits.
    pub digest: Option<Digest>,
    /// What it may do; where `None`, what is granted now, and no more.
    pub grants: Option<Grants>,
    /// Whether whoever approves may grant more than is granted.
    pub may_widen: bool,
    /// Who approves.
    pub actor: String,
}

/// What came of an install or a change.
#[derive(Clone, Debug)]
pub struct Installed {
    /// How it stands now.
    pub status: Status,
    /// The component before, where it was changed.
    pub previous: Option<Digest>,
    /// What the operator should know: declared and not granted, declared and not imported, ...
    pub warnings: Vec<String>,
}
