//! What a guest can ask of the host: one file a capability, each the host's side of one interface in `wit/`.
//!
//! Every operation goes the same way: it is counted, decided by the grants as they are at that moment, done, and written down.

pub(crate) mod clients;
pub(crate) mod clock;
pub(crate) mod effects;
pub(crate) mod http;
pub(crate) mod labels;
pub(crate) mod log;
pub(crate) mod mail;
pub(crate) mod state;

#[cfg(test)]
mod scopes;
#[cfg(test)]
mod tests;
