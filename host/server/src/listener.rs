//! Where the server listens: on loopback, or with TLS, unless it was told that plain HTTP is meant.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::net::{TcpListener, TcpStream};

use crate::{
    Config,
    tls::{Tls, TlsError},
};

/// Where the server listens.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
}

/// Why it can't listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Others could read along.
    #[error(
        "other machines can reach {0}, and without TLS whoever is on the way reads tokens and events: name a certificate and its key under `tls` in the settings; where a proxy does TLS, or the network is trusted, say `allow_plain_http: true`"
    )]
    Plain(SocketAddr),
    /// The address is taken, or is none of this machine's.
    #[error("{address} can't be listened on: {error}; give another address with --listen")]
    Address {
        /// Which one.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// TLS can't be spoken.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Listener {
    /// Listens where the settings say.
    pub async fn bind(config: &Config) -> Result<Self, ListenError> {
        let listen = config.listen;
        let is_private = listen.ip().to_canonical().is_loopback() || config.allow_plain_http;
        if config.tls.is_none() && !is_private {
            return Err(ListenError::Plain(listen));
        }
        // What TLS tells of its certificate is a metric: the recorder must be there before it.
        crate::metrics::recorder();
        let tls = config.tls.clone().map(Tls::load).transpose()?;
        let failed = |error| ListenError::Address {
            address: listen,
            error,
        };
        let socket = TcpListener::bind(listen).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self {
            socket,
            address,
            tls: tls.map(Arc::new),
        })
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as a URL.
    pub fn url(&self) -> String {
        let scheme = match self.tls {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.address)
    }

    /// TLS, where it is spoken.
    pub fn tls(&self) -> Option<&Arc<Tls>> {
        self.tls.as_ref()
    }

    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.socket.accept().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn bind(listen: &str, allow_plain_http: bool) -> Result<Listener, ListenError> {
        let config = Config {
            listen: listen.parse().unwrap(),
            allow_plain_http,
            ..Config::default()
        };
        Listener::bind(&config).await
    }

    #[tokio::test]
    async fn plain_http_stays_on_this_machine_unless_it_is_said() {
        for others in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
            let refused = bind(others, false).await.unwrap_err();
            assert!(matches!(refused, ListenError::Plain(_)), "{refused}");
            assert!(
                refused.to_string().contains("allow_plain_http"),
                "{refused}"
            );
        }
        let listener = bind("127.0.0.1:0", false).await.unwrap();
        assert!(listener.url().starts_with("http://127.0.0.1:"));
        bind("0.0.0.0:0", true).await.unwrap();
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_told() {
        let refused = bind("192.0.2.1:0", true).await.unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("192.0.2.1:0 can't be listened on"),
            "{refused}"
        );
    }
}
