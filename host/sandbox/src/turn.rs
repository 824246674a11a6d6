//! A turn, as the sandbox is given it and as it gives it back.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use watchbox_model::{
    AuditRecord, Digest, Grants, LabelChange, Message, Name, Rows, Secret, Time, TurnId,
    limits::Limit, turn::Trigger,
};

use crate::LineCount;

/// What an installation may do and is told: shared by all its instances, and changed under them when the operator changes it.
#[derive(Debug)]
pub struct Authority {
    /// What it is installed as.
    pub installation: Name,
    /// The component.
    pub digest: Digest,
    /// The open parameters, in the manifest's encoding, for `configure`.
    pub parameters: Vec<u8>,
    /// The secret ones.
    pub secrets: BTreeMap<String, Secret>,
    /// How many lines it wrote in the minute at hand.
    pub lines: Arc<LineCount>,
    /// The grants. Read anew at each call, so that a revocation takes hold at the next one.
    pub grants: Arc<RwLock<Arc<Grants>>>,
}

impl Authority {
    /// The grants of this moment.
    pub(crate) fn grants(&self) -> Arc<Grants> {
        // Writing is one assignment: a panic elsewhere can't have left it half done.
        self.grants
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// One try of a turn.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Its id; the same on every try.
    pub id: TurnId,
    /// What set it off.
    pub trigger: Trigger,
    /// Its time: when its first try began.
    pub now: Time,
    /// Which try this is, from 1.
    pub attempt: u32,
}

/// What the guest is handed.
#[derive(Clone, Debug)]
pub enum Input {
    /// Events of the log `artifact`: an array of maps in the manifest's encoding.
    Events {
        /// The log's name.
        artifact: Name,
        /// The rows, filtered and cut.
        rows: Rows,
    },
    /// A tick.
    Tick {
        /// When it was due.
        due: Time,
    },
}

/// What came of a try.
#[derive(Debug)]
pub struct TurnReport {
    /// What it wants to change, or why it is discarded.
    pub result: Result<Effects, TurnFailure>,
    /// What it said, whether it counts or not.
    pub messages: Vec<Message>,
    /// What it used and tried to use, whether it counts or not.
    pub audit: Vec<AuditRecord>,
    /// What it cost.
    pub usage: Usage,
}

/// What a successful turn wants to change. Nothing of it has happened yet.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// The rows it emits.
    pub rows: Rows,
    /// Labels to put on and take off, in order.
    pub labels: Vec<LabelChange>,
    /// State to set, or (`None`) remove, in order; each key once.
    pub state: Vec<(String, Option<Vec<u8>>)>,
    /// Whether anything left the machine during the turn.
    pub left_machine: bool,
}

/// Why a try is discarded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TurnFailure {
    /// The guest asks for another try.
    #[error("the artifact asks for another try: {reason}")]
    Retry {
        /// Its reason.
        reason: String,
        /// Not before this long from now.
        after: Duration,
    },
    /// The guest says that no try can help.
    #[error("the artifact refused the trigger: {0}")]
    Reject(String),
    /// The guest failed and says how.
    #[error("the artifact failed: {0}")]
    Fault(String),
    /// The guest refused its parameters.
    #[error("the artifact refused its parameters: {0}")]
    Configure(String),
    /// The guest trapped.
    #[error("the artifact trapped: {0}")]
    Trap(String),
    /// The guest hit a limit.
    #[error("limit `{limit}` was hit: {detail}")]
    Limit {
        /// Which one.
        limit: Limit,
        /// How much was allowed, and what would raise it.
        detail: String,
    },
    /// The guest returned what are no rows.
    #[error("the artifact returned what are no rows: {0}")]
    Garbage(String),
    /// The host could not serve the turn.
    #[error("the host failed: {0}")]
    Host(String),
}

/// What a try cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Time on the clock.
    pub elapsed: Duration,
    /// Calls into the host.
    pub calls: u32,
    /// Calls that were denied.
    pub denied: u32,
    /// The most linear memory, in bytes.
    pub memory: u64,
    /// Log lines dropped over the limit.
    pub dropped_lines: u32,
}
