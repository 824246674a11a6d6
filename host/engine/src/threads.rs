//! The threads on which guests run, apart from those that serve requests.

use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::EngineError;

/// By how much a thread that gives way is nicer than others.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// A tokio runtime that can be let go of anywhere, on a thread of another runtime too.
pub(crate) struct Threads {
    handle: Handle,
    runtime: Mutex<Option<Runtime>>,
}

impl Threads {
    /// Starts `count` threads.
    pub(crate) fn start(count: usize) -> Result<Self, EngineError> {
        Self::build(
            Builder::new_multi_thread()
                .worker_threads(count.max(1))
                .thread_name("watchbox-engine"),
        )
    }

    /// Starts a thread that gives way to all others of the machine: for what nobody's alert waits for.
    pub(crate) fn start_aside() -> Result<Self, EngineError> {
        Self::build(
            Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("watchbox-aside")
                .on_thread_start(give_way),
        )
    }

    fn build(builder: &mut Builder) -> Result<Self, EngineError> {
        let runtime = builder.enable_all().build().map_err(EngineError::Threads)?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
        })
    }

    /// The way to run something on them.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Lets the threads go, without waiting for them.
    pub(crate) fn stop(&self) {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// On Linux a thread has a niceness of its own; elsewhere it is the process's, which is left as it is.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::warn!(%error, "replays and shadows run at the same priority as everything else");
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop();
    }
}
