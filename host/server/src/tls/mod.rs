//! TLS: what the server shows, what it asks of those who connect, and both read anew when the files change.
//!
//! A certificate is renewed by putting another in its place: the files are looked at every few seconds, by their content, so that it is all the
//! same whether they were written, renamed or linked there; `watchbox serve` looks at once where it gets SIGHUP. What can't be used is
//! told in the log, and what was read before stays. Connections that are there stay too, but for those whose client certificate is no
//! longer good by a new CA or a new list of revoked ones.

mod files;
mod identity;
mod peers;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use metrics::gauge;
use rustls::ServerConfig;
use tokio::{
    net::TcpStream,
    time::{MissedTickBehavior, interval},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;
use watchbox_model::Time;

use self::{
    files::{Files, Trust},
    peers::Peers,
};
use crate::{
    config::TlsSection,
    metrics::TLS_ENDS,
    peer::{Certificate, Senders},
};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// From how long before its end on a certificate is warned of.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Why TLS can't be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("`tls.{setting}`: {path} can't be read: {error}")]
    Unreadable {
        /// The setting that names it.
        setting: &'static str,
        /// Which one.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file holds something else.
    #[error("`tls.{setting}`: {path} {reason}")]
    Wrong {
        /// The setting that names it.
        setting: &'static str,
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// They don't go together.
    #[error("`tls`: {0}")]
    Unusable(#[from] rustls::Error),
}

impl TlsError {
    fn wrong(setting: &'static str, path: &Path, reason: impl ToString) -> Self {
        Self::Wrong {
            setting,
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// TLS, as the settings want it.
#[derive(Debug)]
pub struct Tls {
    section: TlsSection,
    now: RwLock<Now>,
    peers: Peers,
    looked: Mutex<Looked>,
}

/// What is in effect.
#[derive(Clone, Debug)]
struct Now {
    config: Arc<ServerConfig>,
    trust: Trust,
}

/// What the last look at the files came to.
#[derive(Debug)]
struct Looked {
    /// The digest of what they held, whether that can be used or not.
    digest: [u8; 32],
    /// What was wrong with them.
    error: String,
}

impl Tls {
    /// Reads the files that the settings name.
    pub(crate) fn load(section: TlsSection) -> Result<Self, TlsError> {
        let files = Files::read(&section)?;
        let trust = files.trust()?;
        let config = Arc::new(files.config(Arc::clone(&trust))?);
        tell(&files);
        Ok(Self {
            section,
            peers: Peers::new(Arc::clone(&trust)),
            now: RwLock::new(Now { config, trust }),
            looked: Mutex::new(Looked {
                digest: files.digest(),
                error: String::new(),
            }),
        })
    }

    /// Reads the files anew, and goes over to what they hold if that is another than before. Says in the log what came of it.
    pub fn look(&self) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        match self.reload(&mut looked.digest) {
            Ok(is_new) => {
                looked.error.clear();
                if is_new {
                    tracing::info!("the files of `tls` have changed, and are in effect");
                }
            }
            Err(error) => {
                let error = error.to_string();
                // It is looked at every few seconds.
                if looked.error != error {
                    tracing::error!(error, "what was read before stays in effect");
                }
                looked.error = error;
            }
        }
    }

    fn reload(&self, before: &mut [u8; 32]) -> Result<bool, TlsError> {
        let files = Files::read(&self.section)?;
        let digest = files.digest();
        if digest == std::mem::replace(before, digest) {
            return Ok(false);
        }
        let trust = files.trust()?;
        let config = Arc::new(files.config(Arc::clone(&trust))?);
        // First, so that a handshake by what was in effect before is looked at by what is trusted now.
        self.peers.trust_in(Arc::clone(&trust));
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Now { config, trust };
        tell(&files);
        Ok(true)
    }

    /// Looks at the files until the server stops.
    pub(crate) async fn watch(self: Arc<Self>, stopping: CancellationToken) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            let tls = Arc::clone(&self);
            // A join that fails is a server that stops.
            let _ = tokio::task::spawn_blocking(move || tls.look()).await;
        }
    }

    /// Shakes hands, and says what was shown of a client certificate.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
    ) -> std::io::Result<(TlsStream<TcpStream>, Certificate)> {
        let Now { config, trust } = self
            .now
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        let (_, connection) = stream.get_ref();
        let chain = connection.peer_certificates().unwrap_or_default();
        let certificate = self.peers.enter(chain, &trust);
        Ok((stream, certificate))
    }

    /// With what events are sent.
    pub(crate) fn senders(&self) -> Senders {
        match &self.section.client_ca {
            None => Senders::Tokens,
            Some(_) if self.section.tokens_send => Senders::Both,
            Some(_) => Senders::Certificates,
        }
    }
}

/// Tells when the certificate ends.
fn tell(files: &Files) {
    let Some(ends) = files.ends() else {
        return;
    };
    gauge!(TLS_ENDS).set(ends.seconds());
    let left = ends.since(Time::now());
    if left < SOON {
        tracing::warn!(
            days = left.as_secs() / 86_400,
            "the certificate of `tls.certificate` ends soon, or has ended"
        );
    }
}
