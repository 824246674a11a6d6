//! Who may do what: bearer tokens, roles, and the table of routes.

mod access;
pub mod admin;
mod hosts;
mod layer;
pub mod routes;
pub mod token;
mod tokens;

pub use access::{Access, AccessError};
pub use hosts::Hosts;
pub(crate) use layer::{Caller, Denials, authorize, check_host};
pub use tokens::{Bearer, Tokens};
