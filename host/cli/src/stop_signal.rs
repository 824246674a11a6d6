//! Ctrl-C, and SIGTERM.

use anyhow::Context as _;

/// What ends when the program is to stop.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).context("SIGTERM can't be waited for")?
    };
    Ok(async move {
        #[cfg(unix)]
        let terminated = terminate.recv();
        #[cfg(not(unix))]
        let terminated = std::future::pending::<Option<()>>();
        tokio::select! {
            // Without a handler Ctrl-C ends the program at once, which loses nothing either.
            Ok(()) = tokio::signal::ctrl_c() => {}
            _ = terminated => {}
        }
    })
}
