//! Who is at the other end of a connection.

use std::{net::IpAddr, sync::Arc};

use crate::auth::Bearer;

/// Who is at the other end of a connection, as far as the connection itself tells. Each request carries it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer {
    /// Where it comes from: perhaps a proxy.
    pub(crate) address: Option<IpAddr>,
    /// The client certificate that it has shown; that it is of the right CA was checked.
    pub(crate) certificate: Certificate,
    /// With what events are sent.
    pub(crate) senders: Senders,
}

/// What was shown of a client certificate.
#[derive(Clone, Debug, Default)]
pub(crate) enum Certificate {
    /// None.
    #[default]
    None,
    /// One that says for which clients it is.
    Of(Arc<Bearer>),
    /// One that does not say so, or says it in a way that is not understood; and how.
    Nobodys(String),
}

/// With what events are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Senders {
    /// With tokens.
    #[default]
    Tokens,
    /// With client certificates.
    Certificates,
    /// With client certificates, or with tokens where none is shown.
    Both,
}
