//! The gate: where each call of a guest is decided by the grants of that moment, and written down.
//!
//! It stands apart from the instance, since a request may still be under way while the guest goes on.

use std::{fmt, sync::Arc, time::Instant};

use watchbox_model::{
    AuditRecord, Capability, Grants,
    grants::{Denied, Use},
};

use crate::{
    Authority, Turn,
    egress::Egress,
    trail::{Trail, Use as Used},
};

/// A verdict as the trail keeps it: the text of the rule, or the refusal.
pub(crate) type Ruling = Result<String, Denied>;

/// The gate as one turn finds it. Clones are the same.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) authority: Arc<Authority>,
    pub(crate) egress: Arc<Egress>,
    /// The turn; none while an instance is made and configured.
    pub(crate) turn: Option<Arc<Turn>>,
    trail: Trail,
}

/// A call that came in.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    capability: Capability,
    operation: &'static str,
    target: String,
    began: Instant,
}

/// A call that may go on.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    pub(crate) call: Call,
    /// The grant that allows it.
    pub(crate) rule: String,
}

impl Call {
    /// A call that begins now.
    pub(crate) fn new(
        capability: Capability,
        operation: &'static str,
        target: impl Into<String>,
    ) -> Self {
        Self {
            capability,
            operation,
            target: target.into(),
            began: Instant::now(),
        }
    }

    /// The call is about `target` (after all).
    pub(crate) fn about(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    /// What the trail says of it.
    fn used(&self) -> Used {
        Used {
            capability: self.capability,
            operation: self.operation,
            target: self.target.clone(),
            took: self.began.elapsed(),
        }
    }
}

impl Gate {
    pub(crate) fn new(authority: Arc<Authority>, egress: Arc<Egress>) -> Self {
        Self {
            authority,
            egress,
            turn: None,
            trail: Trail::default(),
        }
    }

    /// Something new begins: an instance's making (no turn), or a turn. Records that are not yet reported stay.
    pub(crate) fn begin(&mut self, turn: Option<Turn>) {
        self.turn = turn.map(Arc::new);
        self.trail.begin();
    }

    /// Decides a call by the grants as they are now. The text of a refusal is for the guest.
    pub(crate) fn decide(
        &self,
        call: Call,
        verdict: impl FnOnce(&Grants) -> Ruling,
    ) -> Result<Allowed, String> {
        let verdict = if self.turn.is_some() || call.capability == Capability::Log {
            verdict(&self.authority.grants())
        } else {
            Err(Denied(
                "capabilities can be used within a turn only, not while an instance is configured"
                    .to_owned(),
            ))
        };
        match verdict {
            Ok(rule) => {
                if let Some(withheld) = self.egress.withholds() {
                    withheld.saw_whole(call.capability);
                }
                Ok(Allowed { call, rule })
            }
            Err(why) => Err(self.deny(call, why)),
        }
    }

    /// Tells a run whose effects are withheld what was used.
    pub(crate) fn saw(&self, one: impl FnOnce() -> Use) {
        if let Some(withheld) = self.egress.withholds() {
            withheld.saw(one());
        }
    }

    /// Writes down that a call is refused. Gives the text for the guest.
    pub(crate) fn deny(&self, call: Call, why: Denied) -> String {
        let turn = self.turn.as_deref();
        self.trail
            .denied(&self.authority, turn, call.used(), &why.0);
        why.0
    }

    /// Writes down what came of a call.
    pub(crate) fn done(&self, Allowed { call, rule }: Allowed, outcome: &str, bytes: u64) {
        let turn = self.turn.as_deref();
        self.trail
            .allowed(&self.authority, turn, call.used(), rule, outcome, bytes);
    }

    /// Writes down a call that went well and is of a kind that comes often.
    pub(crate) fn done_often(&self, Allowed { call, rule }: Allowed, bytes: u64) {
        let turn = self.turn.as_deref();
        self.trail
            .rolled_up(&self.authority, turn, call.used(), rule, bytes);
    }

    /// How many calls were denied since the turn began.
    pub(crate) fn denied(&self) -> u32 {
        self.trail.denials()
    }

    /// The records so far, which are gone from here with that.
    pub(crate) fn take_records(&self) -> Vec<AuditRecord> {
        self.trail.finish()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("installation", &self.authority.installation)
            .finish_non_exhaustive()
    }
}
