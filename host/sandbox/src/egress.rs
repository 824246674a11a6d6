//! The way out: the only code of this crate that opens a connection.
//!
//! The attack it stops is a guest (or a server that a guest talks to, by a redirect or by what its name resolves to) reaching what the
//! machine can reach and the guest must not: the metadata service, the admin page on loopback, the database next door. A grant names URLs; this
//! module makes sure that the address behind the name is a public one, or one that the grant names, and that the address which was checked
//! is the one connected to.

mod address;
mod exchange;
mod outgoing;
mod pace;
mod pin;
mod resolve;
mod scrub;

use std::{net::IpAddr, sync::Arc};

use url::{Host, Url};
use watchbox_model::grants::Reach;

pub(crate) use exchange::{Answer, Body, Failure};
pub(crate) use outgoing::Outgoing;
pub(crate) use resolve::Resolve;

use pace::Pace;
use pin::Pinned;

use crate::Withheld;

/// The way out, shared by every instance.
pub(crate) struct Egress {
    outside: Outside,
    resolver: Arc<dyn Resolve>,
    clients: Pinned,
    pub(crate) pace: Pace,
}

impl Egress {
    /// One that resolves names as the machine does.
    pub(crate) fn new() -> Self {
        Self::with_resolver(Arc::new(resolve::System))
    }

    /// One that resolves names by `resolver`.
    pub(crate) fn with_resolver(resolver: Arc<dyn Resolve>) -> Self {
        Self {
            outside: Outside::Real,
            resolver,
            clients: Pinned::default(),
            pace: Pace::default(),
        }
    }

    /// One that is no way out: what would have left goes to `withheld`.
    pub(crate) fn withheld(withheld: Arc<Withheld>) -> Self {
        Self {
            outside: Outside::Withheld(withheld),
            pace: Pace::endless(),
            ..Self::new()
        }
    }

    /// Where requests go instead of outside, if they do.
    pub(crate) fn withholds(&self) -> Option<&Withheld> {
        match &self.outside {
            Outside::Real => None,
            Outside::Withheld(withheld) => Some(withheld),
        }
    }

    /// The addresses of `url`'s host that may be connected to, as far as the request may reach.
    async fn addresses(&self, url: &Url, reach: &Reach) -> Result<Vec<IpAddr>, Failure> {
        let (name, found) = match url.host() {
            Some(Host::Ipv4(address)) => (None, vec![IpAddr::V4(address)]),
            Some(Host::Ipv6(address)) => (None, vec![IpAddr::V6(address)]),
            Some(Host::Domain(name)) => {
                let found = self.resolver.resolve(name).await;
                let found =
                    found.map_err(|why| Failure::Unreachable(format!("`{name}`: {why}")))?;
                (Some(name), found)
            }
            None => return Err(Failure::Unreachable("the URL has no host".to_owned())),
        };
        if found.is_empty() {
            let name = name.unwrap_or_default();
            return Err(Failure::Unreachable(format!("`{name}` has no address")));
        }
        let allowed: Vec<IpAddr> = found
            .iter()
            .copied()
            .filter(|address| permits(name, reach, *address))
            .collect();
        if allowed.is_empty() {
            let address = found[0];
            let class = address::special(address).unwrap_or("special");
            return Err(Failure::Denied(format!(
                "`{}` is at {address}, a {class} address: `addresses: [\"{address}\"]` in the http grant would allow it",
                url.host_str().unwrap_or_default()
            )));
        }
        Ok(allowed)
    }
}

/// Whether `address`, which stands behind `name` (or in the URL itself), may be connected to: a public one, one that the grants list or have
/// as their URL's host, and loopback behind the name `localhost`, which a pattern can only cover by naming it.
fn permits(name: Option<&str>, reach: &Reach, address: IpAddr) -> bool {
    let plain = address.to_canonical();
    let listed = |granted: &IpAddr| granted.to_canonical() == plain;
    address::special(address).is_none()
        || reach.addresses.iter().any(listed)
        || (name == Some("localhost") && plain.is_loopback())
}

/// Where a request goes that may go.
enum Outside {
    /// To its receiver.
    Real,
    /// Nowhere.
    Withheld(Arc<Withheld>),
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Egress").finish_non_exhaustive()
    }
}
