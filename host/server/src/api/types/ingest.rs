//! What becomes of events that were sent.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of the events of one request. Those accepted are on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ingested {
    /// How many were accepted.
    pub accepted: u64,
    /// How many were refused, told one by one or not.
    pub refused: u64,
    /// The first hundred of those refused.
    pub refusals: Vec<Refusal>,
}

/// An event that was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    /// The line on which it begins, from 1; in an array or in MessagePack, which item it is, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl From<watchbox_model::event::Refusal> for Refusal {
    fn from(refusal: watchbox_model::event::Refusal) -> Self {
        Self {
            line: refusal.line,
            reason: refusal.reason,
        }
    }
}
