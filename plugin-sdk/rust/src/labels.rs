//! Puts labels on clients and takes them off, as part of the turn. Needs the grant `labels`.

use crate::host;

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No grant covers one of the labels. The text names the grant that would.
    #[error("labels: denied: {0}")]
    Denied(String),
    /// There is no client of this id.
    #[error("labels: no client {0}")]
    UnknownClient(String),
    /// One of the labels is none: 1 to 64 characters are wanted, without commas, control characters, or white space at the ends.
    #[error("labels: no label: {0}")]
    InvalidLabel(String),
}

/// Puts labels on a client: all of them, or on an error none. One that it carries already is left as it is.
pub fn add(client_id: &str, labels: &[&str]) -> Result<(), Error> {
    host::add_labels(client_id, labels)
}

/// Takes labels off a client: all of them, or on an error none. One that it does not carry is passed over.
pub fn remove(client_id: &str, labels: &[&str]) -> Result<(), Error> {
    host::remove_labels(client_id, labels)
}
