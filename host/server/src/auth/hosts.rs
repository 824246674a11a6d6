//! Which `Host` a request may name.
//!
//! The attack that this stops: a web page gives its own name the address 127.0.0.1 (DNS rebinding), and the reader's browser then
//! takes the server for part of that page's site. The browser still says that name in `Host`, so a server on loopback answers only to the names that it knows.

use std::{collections::BTreeSet, net::SocketAddr};

/// The names under which the server may be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// All of them; `None` where every name is good.
    all: Option<BTreeSet<String>>,
    /// Those that the settings name.
    configured: BTreeSet<String>,
}

impl Hosts {
    /// For a server that listens on `address`: on loopback its own names and those `configured`; elsewhere every name, unless some are configured.
    pub fn new(address: SocketAddr, configured: &[String]) -> Self {
        let configured: BTreeSet<String> = configured
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .collect();
        if !address.ip().is_loopback() && configured.is_empty() {
            return Self {
                all: None,
                configured,
            };
        }
        let own = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        let listen = match address {
            SocketAddr::V4(v4) => v4.ip().to_string(),
            SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
        };
        let named = configured.iter().cloned();
        Self {
            all: Some(own.into_iter().chain([listen]).chain(named).collect()),
            configured,
        }
    }

    /// Whether `host`, a name or an address with or without a port, is one of them.
    pub fn allow(&self, host: &str) -> bool {
        let names = self.all.as_ref();
        names.is_none_or(|names| names.contains(&name(host)))
    }

    /// Whether `host` is one that the settings name.
    pub fn is_configured(&self, host: &str) -> bool {
        self.configured.contains(&name(host))
    }
}

/// `host` without its port, in small letters.
fn name(host: &str) -> String {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_loopback_only_known_names_pass() {
        let hosts = Hosts::new(([127, 0, 0, 5], 8421).into(), &["Watch.Example".to_owned()]);
        for host in [
            "localhost",
            "LOCALHOST:8421",
            "127.0.0.1:1",
            "[::1]:8421",
            "[::1]",
            "127.0.0.5",
            "watch.example:443",
        ] {
            assert!(hosts.allow(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "evil.example:8421",
            "127.0.0.1.evil",
            "::1",
            "localhost:x",
        ] {
            assert!(!hosts.allow(host), "{host}");
        }
    }

    #[test]
    fn elsewhere_names_are_checked_where_some_are_configured() {
        let address = SocketAddr::from(([0, 0, 0, 0], 8421));
        assert!(Hosts::new(address, &[]).allow("anything"));
        let named = Hosts::new(address, &["watch.example".to_owned()]);
        assert!(named.allow("watch.example") && !named.allow("anything"));
    }
}
