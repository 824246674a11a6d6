//! Connections: accepted, bounded in number and in time, and finished in order when the server stops.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
    service::TowerToHyperService,
};
use metrics::counter;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Semaphore,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Layer as _;
use watchbox_model::Time;

use crate::{App, listener::Listener, metrics::TLS_FAILURES, peer::Peer, router, tls::Tls};

/// How often the store lets go of what is no longer kept, the recorder of old samples, and denials are summed up.
const UPKEEP: Duration = Duration::from_secs(60);

/// The pause after a connection could not be accepted (no file handle was free, say), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Streams of one HTTP/2 connection.
const HTTP2_STREAMS: u32 = 128;

/// Serves until `shutdown` is done. Then it accepts no more connections, ends live streams, gives requests that are under way
/// the grace of the settings, and stops the engine.
pub async fn serve(app: App, listener: Listener, shutdown: impl Future<Output = ()>) {
    let upkeep = tokio::spawn(upkeep(app.clone()));
    if let Some(folder) = app.config.artifacts_folder.clone() {
        tokio::spawn(crate::folder::watch(app.clone(), folder));
    }
    let tls = listener.tls().cloned();
    if let Some(tls) = &tls {
        tokio::spawn(Arc::clone(tls).watch(app.stopping.clone()));
    }
    let http = &app.config.http;
    let connections = Connections::new(&app, listener.address());
    let places = Arc::new(Semaphore::new(http.connections));
    let graceful = GracefulShutdown::new();
    tokio::pin!(shutdown);
    loop {
        // A connection is only taken when there is room for it; those that wait do so in the listener's queue.
        let accept = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accept => accepted,
            () = &mut shutdown => break,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Answers are small and awaited: none is to wait for another to fill a packet.
        let _ = stream.set_nodelay(true);
        let connection =
            connections
                .clone()
                .serve(stream, address, tls.clone(), graceful.watcher());
        tokio::spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    upkeep.abort();
    app.stopping.cancel();
    let grace = Duration::from_secs(http.grace_seconds);
    if timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way when the grace was over");
    }
    let store = app.store().as_ref();
    app.denials.sum_up(store, Time::now(), true).await;
    app.engine.stop().await;
}

/// Serves connections, each by itself.
#[derive(Clone)]
struct Connections {
    router: Router,
    server: auto::Builder<TokioExecutor>,
    /// How long a handshake may take.
    handshake: Duration,
    stopping: CancellationToken,
}

impl Connections {
    fn new(app: &App, address: SocketAddr) -> Self {
        let header = Duration::from_secs(app.config.http.header_seconds);
        let mut server = auto::Builder::new(TokioExecutor::new());
        server
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(header);
        server
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS)
            .keep_alive_interval(Duration::from_secs(30));
        Self {
            router: router(app.clone(), address),
            server,
            handshake: header,
            stopping: app.stopping.clone(),
        }
    }

    async fn serve(
        self,
        stream: TcpStream,
        address: SocketAddr,
        tls: Option<Arc<Tls>>,
        watcher: Watcher,
    ) {
        let mut peer = Peer {
            address: Some(address.ip()),
            ..Peer::default()
        };
        let Some(tls) = tls else {
            return self.speak(stream, peer, watcher).await;
        };
        let handshake = timeout(self.handshake, tls.accept(stream));
        let shaken = match self.stopping.run_until_cancelled(handshake).await {
            None => return,
            Some(Ok(shaken)) => shaken,
            Some(Err(_)) => Err(io::ErrorKind::TimedOut.into()),
        };
        match shaken {
            Ok((stream, certificate)) => {
                peer.certificate = certificate;
                peer.senders = tls.senders();
                self.speak(stream, peer, watcher).await;
            }
            Err(error) => {
                counter!(TLS_FAILURES).increment(1);
                tracing::debug!(%error, %address, "a TLS handshake failed");
            }
        }
    }

    /// Speaks HTTP; each request carries the peer.
    async fn speak<S>(self, stream: S, peer: Peer, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = TowerToHyperService::new(Extension(peer).layer(self.router));
        let connection = self.server.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

async fn upkeep(app: App) {
    let mut ticks = interval(UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.metrics.run_upkeep();
        if let Err(error) = app.engine.sign_trail().await {
            tracing::warn!(%error, "the audit trail could not be signed; it is tried again");
        }
        let store = app.store().as_ref();
        app.denials.sum_up(store, Time::now(), false).await;
        match store.retain(Time::now()).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "retention let rows go"),
            Err(error) => tracing::warn!(%error, "retention failed; it is tried again"),
        }
    }
}
