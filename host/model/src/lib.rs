//! The plain data of watchbox and the rules it obeys: rows, events, clients, manifests, grants.
//!
//! Nothing here does I/O. Everything that can be read from outside (JSON and MessagePack rows,
//! manifests, grants, search terms) is parsed here, with errors that say what was wrong, where,
//! and what to do about it; everything else in the workspace works on the types made here.

pub mod audit;
pub mod capability;
pub mod client;
pub mod component_signature;
pub mod dead_letter;
pub mod difference;
pub mod digest;
pub mod document;
pub mod event;
pub mod filter;
pub mod grants;
mod json;
pub mod label;
pub mod limits;
pub mod log;
pub mod mail_address;
pub mod manifest;
mod measure;
pub mod message;
pub mod name;
pub mod name_pattern;
pub mod parameter;
mod pattern;
mod placeholder;
pub mod printable;
pub mod row;
pub mod schedule;
pub mod search;
pub mod secret;
pub mod signing;
mod suggestion;
pub mod time;
pub mod trust;
pub mod turn;
pub mod usage;

pub use audit::AuditRecord;
pub use capability::Capability;
pub use client::{Client, ClientId};
pub use component_signature::ComponentSignature;
pub use difference::Difference;
pub use digest::Digest;
pub use filter::Filter;
pub use grants::Grants;
pub use label::{Label, LabelChange};
pub use limits::Limits;
pub use log::{LogKey, LogKind};
pub use mail_address::MailAddress;
pub use manifest::Manifest;
pub use message::{Level, Message};
pub use name::Name;
pub use name_pattern::NamePattern;
pub use row::{RowRef, Rows, RowsBuilder, ValueRef};
pub use search::SearchTerm;
pub use secret::Secret;
pub use time::Time;
pub use trust::TrustPolicy;
pub use turn::TurnId;
pub use usage::Usage;
