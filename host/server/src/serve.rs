//! Connections: accepted, bounded in number and in time, and finished in order when the server stops.

use std::{future::Future, io, sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use watchbox_model::Time;

use crate::{App, router};

/// How often the store lets go of what is no longer kept, and the recorder of old samples.
const UPKEEP: Duration = Duration::from_secs(60);

/// The pause after a connection could not be accepted (no file handle was free, say), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Streams of one HTTP/2 connection.
const HTTP2_STREAMS: u32 = 128;

/// Why the server can't serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener is not to be used.
    #[error("the listener has no address: {0}")]
    Listener(#[from] io::Error),
}

/// Serves until `shutdown` is done. Then it accepts no more connections, ends live streams, gives requests that are under way
/// the grace of the settings, and stops the engine.
pub async fn serve(
    app: App,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    let upkeep = tokio::spawn(upkeep(app.clone()));
    if let Some(folder) = app.config.artifacts_folder.clone() {
        tokio::spawn(crate::folder::watch(app.clone(), folder));
    }
    let service = TowerToHyperService::new(router(app.clone(), address));
    let http = &app.config.http;
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(http.header_seconds));
    server
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS)
        .keep_alive_interval(Duration::from_secs(30));
    let connections = Arc::new(Semaphore::new(http.connections));
    let graceful = GracefulShutdown::new();
    tokio::pin!(shutdown);
    loop {
        // A connection is only taken when there is room for it; those that wait do so in the listener's queue.
        let accept = async {
            let permit = connections.clone().acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            accepted = accept => accepted,
            () = &mut shutdown => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Answers are small and awaited: none is to wait for another to fill a packet.
        let _ = stream.set_nodelay(true);
        let connection = server.serve_connection(TokioIo::new(stream), service.clone());
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(permit);
        });
    }
    drop(listener);
    upkeep.abort();
    app.stopping.cancel();
    let grace = Duration::from_secs(http.grace_seconds);
    if timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way when the grace was over");
    }
    app.engine.stop().await;
    Ok(())
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
        match app.store().retain(Time::now()).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "retention let rows go"),
            Err(error) => tracing::warn!(%error, "retention failed; it is tried again"),
        }
    }
}
