//! Backups on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A copy of the store that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backup {
    /// Where it is, on the server's machine.
    pub file: String,
    /// How many bytes it has.
    pub bytes: u64,
}
