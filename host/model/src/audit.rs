//! The audit trail: one record for each use, or attempted use, of a capability, and for each administrative act, chained by their hashes.

pub mod chain;
mod checkpoint;
mod verify;

pub use chain::{Entry, GENESIS};
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use verify::{Fault, Verified, Verifier};

use serde::{Deserialize, Serialize};

use crate::{Digest, Name, Time, TurnId};

/// One line of the trail. The field names are part of the product: they are frozen by a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When.
    pub at: Time,
    /// Who acted: an installation's name; for an administrative act `token:NAME`, `certificate:ID`, `folder` or `watchbox`; of a request without a valid token `address:IP`.
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

impl Decision {
    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_the_fields_are_frozen() {
        let record = AuditRecord {
            at: Time::from_micros(1_700_000_000_250_000),
            actor: "Server.X".to_owned(),
            artifact: "Server.X".parse().ok(),
            digest: Some(Digest::of(b"")),
            turn: None,
            capability: "http".to_owned(),
            operation: "send".to_owned(),
            target: "https://h.example/a".to_owned(),
            decision: Decision::Denied,
            reason: "no grant covers it".to_owned(),
            outcome: String::new(),
            bytes: 12,
            ms: 0.5,
        };
        insta::assert_snapshot!(serde_json::to_string(&record).unwrap(), @r#"{"at":1700000000250000,"actor":"Server.X","artifact":"Server.X","digest":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","turn":null,"capability":"http","operation":"send","target":"https://h.example/a","decision":"denied","reason":"no grant covers it","outcome":"","bytes":12,"ms":0.5}"#);
    }
}
