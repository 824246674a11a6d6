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
mod relay;
mod resolve;
mod scrub;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use url::{Host, Url};
use watchbox_model::{Name, grants::Reach};

pub(crate) use exchange::{Answer, Body, Failure};
pub(crate) use outgoing::Outgoing;
pub(crate) use relay::{Mail, Relay, Untaken};
pub use relay::{RelayConfig, RelayError, RelayTls};
pub(crate) use resolve::Resolve;

use pace::Pace;
use pin::Pinned;

use crate::Withheld;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The way out, shared by every instance.
pub(crate) struct Egress {
    outside: Outside,
    resolver: Arc<dyn Resolve>,
    clients: Pinned,
    /// Of requests.
    pub(crate) pace: Pace,
    mail_pace: Pace,
    relay: Option<Relay>,
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
            pace: Pace::within(MINUTE),
            mail_pace: Pace::within(HOUR),
            relay: None,
        }
    }

    /// The same with a mail relay.
    pub(crate) fn with_relay(self, relay: Option<Relay>) -> Self {
        Self { relay, ..self }
    }

    /// One that is no way out: what would have left goes to `withheld`.
    pub(crate) fn withheld(withheld: Arc<Withheld>) -> Self {
        Self {
            outside: Outside::Withheld(withheld),
            pace: Pace::endless(),
            mail_pace: Pace::endless(),
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

    /// Takes one of the mails that an installation may send an hour; or says how long it is until there is one.
    pub(crate) fn take_mail(&self, who: &Name, limit: u32) -> Result<(), Duration> {
        self.mail_pace.take(who, limit, Instant::now())
    }

    /// One of the mails was not taken over, and does not count.
    pub(crate) fn give_mail_back(&self, who: &Name) {
        self.mail_pace.give_back(who);
    }

    /// The `Message-ID` of the message of this key.
    pub(crate) fn message_id(&self, key: &str) -> String {
        match &self.relay {
            Some(relay) => relay.message_id(key),
            None => format!("<{key}@watchbox.invalid>"),
        }
    }

    /// Whether there is a mail relay.
    pub(crate) fn has_relay(&self) -> bool {
        self.relay.is_some()
    }

    /// Hands a message to the relay. Gives what the relay said.
    pub(crate) async fn mail(&self, mail: &Mail) -> Result<String, Untaken> {
        match (self.withholds(), &self.relay) {
            (Some(withheld), _) => withheld.mail(mail).map(|()| String::new()),
            (None, Some(relay)) => relay.hand_over(mail).await,
            (None, None) => Err(Untaken::Unavailable(
                "no mail relay is set: `mail` in the server's settings names one".to_owned(),
            )),
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
