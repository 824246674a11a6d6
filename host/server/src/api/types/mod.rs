//! What goes over the wire: the JSON objects of the API, for the server and for its clients in Rust alike.
//!
//! Times are RFC 3339 in UTC; positions and numbers are integers; fields that may be missing are left out.
//! Events, rows and messages are not here: they are JSON objects of whatever columns they have.

mod artifact;
mod audit;
mod backup;
mod client;
mod dead_letter;
mod health;
mod ingest;
mod log;
mod origin;
mod page;
mod problem;
mod replay;
mod report;
mod secret;
mod secret_text;
mod shadow;
mod table;
mod timestamp;
mod token;
mod version;
mod withheld;

pub use artifact::{
    Artifact, ArtifactSummary, CapabilityUse, Column, Import, ImportKind, Parameter, Schedule,
    Subscription,
};
pub use audit::{AuditEntry, CheckpointEntry, Checkpoints, HashedEntry, TrailLine};
pub use backup::Backup;
pub use client::{Client, LabelEdit, PutClient};
pub use dead_letter::{DeadLetter, DeadLetterDetails, Trigger};
pub use health::{Health, Readiness};
pub use ingest::{Ingested, Refusal};
pub use log::Log;
pub use origin::{ArtifactSignature, Origin, Trust};
pub use page::Page;
pub use problem::Problem;
pub use replay::{ReplayAnswer, ReplayLine, ReplayRequest, ReplayTotal, Side};
pub(crate) use report::Subject;
pub use report::{AuditReport, CapabilityReport, KeptRule, RuleReport, UseReport};
pub use secret::{RotatedKey, SecretEntry, SetSecret};
pub use secret_text::SecretText;
pub use shadow::{RowDifference, Shadow, ShadowFailure, ShadowVersion};
pub use table::{ChangeRequest, InstallRequest, Installation, Installed, LastError, Start};
pub use timestamp::{Timestamp, TimestampError};
pub use token::{CreatedToken, NewToken, Role, RotateToken, Token};
pub use version::{ApproveRequest, Pending, Quarantine, RollbackRequest, Version, Want};
pub use withheld::{DeniedCall, GivenUp, WithheldCall, WithheldTarget};
