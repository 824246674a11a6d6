//! The audit record: one use, or attempted use, of a capability, or one administrative act.

use serde::{Deserialize, Serialize};

use crate::{Digest, Name, Time, TurnId};

/// One line of the trail. The field names are part of the product: they are frozen by a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When.
    pub at: Time,
    /// Who acted: an installation's name, or `token:NAME` for an administrative act.
    pub actor: String,
    /// The installation it concerns, where there is one.
    pub artifact: Option<Name>,
    /// The component that acted.
    pub digest: Option<Digest>,
    /// The turn in which it did.
    pub turn: Option<TurnId>,
    /// The capability (`http`, `labels`, ...), or `admin`.
    pub capability: String,
    /// The operation: `send`, `search`, `add`, ...; for `admin`, `install`, `upgrade`, ...
    pub operation: String,
    /// On what: a URL without its secrets, a search term, a label and a client id.
    pub target: String,
    /// Whether it was allowed.
    pub decision: Decision,
    /// The grant that allowed it, or why none did.
    pub reason: String,
    /// What came of it: `ok`, `status 429`, `timeout`, ...; empty where it was denied.
    pub outcome: String,
    /// Bytes sent and received.
    pub bytes: u64,
    /// How long it took, in milliseconds.
    pub ms: f64,
}

/// Allowed or denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// A grant covers it.
    Allowed,
    /// No grant does.
    Denied,
}
