//! Who may do what: tokens and client certificates, roles and actions, the table of routes, and what becomes of those who may not.

mod access;
mod act;
mod action;
pub mod admin;
mod bearer;
mod caller;
mod credentials;
mod cut;
mod denials;
mod hosts;
mod layer;
pub mod routes;
mod site;
pub mod token;
mod tokens;

pub use access::{Access, AccessError};
pub use action::Action;
pub use bearer::Bearer;
pub(crate) use caller::Caller;
pub(crate) use denials::Denials;
pub use hosts::Hosts;
pub(crate) use layer::authorize;
pub(crate) use site::check_site;
pub use tokens::Tokens;
