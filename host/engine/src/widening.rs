//! Who may grant what: not everybody who may change an installation may have it do more than it may now.
//!
//! It is looked at where the change is made and under the lock of changes, so that grants that were narrowed meanwhile stay so.

use watchbox_model::{Grants, Name};
use watchbox_store::Installation;

use crate::{EngineError, engine::Inner};

impl Inner {
    /// Refuses `grants` for an installation where they go beyond those that it has, unless whoever asks `may_widen` them.
    pub(crate) fn check_widening(
        &self,
        before: &Installation,
        grants: Option<&Grants>,
        may_widen: bool,
    ) -> Result<(), EngineError> {
        let Some(grants) = grants.filter(|_| !may_widen) else {
            return Ok(());
        };
        within(&before.name, grants, &self.kept_grants(before)?)
    }
}

/// Refuses `grants` for `name` where they go beyond `granted`.
pub(crate) fn within(name: &Name, grants: &Grants, granted: &Grants) -> Result<(), EngineError> {
    let beyond = grants.beyond(granted);
    if beyond.is_empty() {
        return Ok(());
    }
    Err(EngineError::Widens {
        name: name.clone(),
        beyond,
    })
}
