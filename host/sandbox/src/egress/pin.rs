//! HTTP clients, each bound to one host and the addresses of it that were checked.
//!
//! A client resolves nothing by itself: between the check and the connection no name is looked up again, so no second answer of a
//! hostile name server can slip in. Connections are kept alive within a client, that is between addresses that were checked.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::{
    Client,
    dns::{Name, Resolve, Resolving},
};
use url::Url;

use super::exchange::{HEADER_BYTES, HEADERS};

/// Clients that are kept. The one unused for longest makes room.
const KEPT: usize = 64;

/// The clients, least recently used first.
#[derive(Default)]
pub(super) struct Pinned(Mutex<Vec<(Key, Client)>>);

#[derive(Clone, PartialEq, Eq)]
struct Key {
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl Pinned {
    /// The client for `url`'s host at `addresses`.
    pub(super) async fn client(
        &self,
        url: &Url,
        mut addresses: Vec<IpAddr>,
    ) -> Result<Client, String> {
        // Name servers turn their answers round; it is the same host.
        addresses.sort_unstable();
        let key = Key {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
            addresses,
        };
        if let Some(client) = self.kept(&key) {
            return Ok(client);
        }
        let wanted = key.clone();
        // Reads the machine's trusted certificates.
        let built = tokio::task::spawn_blocking(move || build(&wanted)).await;
        let client = built
            .map_err(|why| why.to_string())?
            .map_err(|why| why.without_url().to_string())?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((key, client.clone()));
        Ok(client)
    }

    fn kept(&self, key: &Key) -> Option<Client> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(has, _)| has == key)?;
        let entry = kept.remove(at);
        let client = entry.1.clone();
        kept.push(entry);
        Some(client)
    }
}

fn build(key: &Key) -> reqwest::Result<Client> {
    let sockets: Vec<SocketAddr> = key
        .addresses
        .iter()
        .map(|address| SocketAddr::new(*address, key.port))
        .collect();
    Client::builder()
        .dns_resolver(Nowhere)
        .resolve_to_addrs(&key.host, &sockets)
        // Nothing ambient: no proxy of the environment's, no redirect that nobody decided, no second sending, no referer.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(concat!("watchbox/", env!("CARGO_PKG_VERSION")))
        .http1_max_headers(HEADERS)
        .http2_max_header_list_size(HEADER_BYTES as u32)
        .connect_timeout(Duration::from_secs(10))
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(4)
        .build()
}

/// Resolves nothing: a client knows the addresses of its one host.
struct Nowhere;

impl Resolve for Nowhere {
    fn resolve(&self, name: Name) -> Resolving {
        let wrong = format!("`{}` was not checked", name.as_str());
        Box::pin(async move { Err(io::Error::other(wrong).into()) })
    }
}
