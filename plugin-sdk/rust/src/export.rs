//! From the contract's handler to an [`Artifact`]: what [`crate::export!`] and [`crate::testing`] share.

use std::{cell::RefCell, fmt};

use crate::{Artifact, Batch, Failure, Rows, Tick};

/// What sets a turn off, as the contract has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// Events: the log's name, and an array of maps in MessagePack.
    Events(String, Vec<u8>),
    /// A tick: when it was due.
    Tick(f64),
}

/// The one artifact of an instance; none until it is configured.
#[derive(Default)]
pub struct Instance<A>(RefCell<Option<A>>);

impl<A: Artifact> Instance<A> {
    /// One that is not configured yet.
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }

    /// The contract's `configure`.
    pub fn configure(&self, parameters: &[u8]) -> Result<(), String> {
        let parameters = rmp_serde::from_slice(parameters)
            .map_err(|error| format!("the parameters are not those that it expects: {error}"))?;
        let artifact = A::configure(parameters).map_err(|failure| match failure {
            Failure::Reject(text) | Failure::Fault(text) => text,
            Failure::Retry { reason, .. } => reason,
        })?;
        self.0.replace(Some(artifact));
        Ok(())
    }

    /// The contract's `handle`.
    pub fn handle(&self, trigger: &Trigger) -> Result<Vec<u8>, Failure> {
        let mut artifact = self.0.borrow_mut();
        let Some(artifact) = artifact.as_mut() else {
            return Err(Failure::fault("`handle` came before `configure`"));
        };
        let mut rows = Rows::default();
        match trigger {
            Trigger::Events(log, events) => {
                artifact.events(&Batch::read(log, events)?, &mut rows)?
            }
            Trigger::Tick(due) => artifact.tick(Tick { due: *due }, &mut rows)?,
        }
        Ok(rows.finish())
    }
}

impl<A> fmt::Debug for Instance<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance").finish_non_exhaustive()
    }
}

/// Makes a component of the crate: exports the contract's handler for an [`Artifact`]. Once a crate; on targets other than WebAssembly
/// it only checks the type.
#[macro_export]
macro_rules! export {
    ($artifact:ty) => {
        const _: () = {
            const fn is_artifact<A: $crate::Artifact>() {}
            is_artifact::<$artifact>();
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::{bindings::exports::watchbox::artifact::handler, export};

            ::std::thread_local! {
                static INSTANCE: export::Instance<$artifact> = const { export::Instance::new() };
            }

            struct Handler;

            impl handler::Guest for Handler {
                fn configure(
                    parameters: ::std::vec::Vec<u8>,
                ) -> ::core::result::Result<(), ::std::string::String> {
                    $crate::last_words::keep();
                    INSTANCE.with(|instance| instance.configure(&parameters))
                }

                fn handle(
                    trigger: handler::Trigger,
                ) -> ::core::result::Result<::std::vec::Vec<u8>, handler::Failure> {
                    let rows = INSTANCE.with(|instance| instance.handle(&trigger.into()))?;
                    ::core::result::Result::Ok(rows)
                }
            }

    $crate::bindings::export_handler!(Handler with_types_in $crate::bindings);
        };
    };
}

#[cfg(target_arch = "wasm32")]
mod contract {
    use super::{Failure, Trigger};
    use crate::bindings::exports::watchbox::artifact::handler;

    impl From<handler::Trigger> for Trigger {
        fn from(trigger: handler::Trigger) -> Self {
            match trigger {
                handler::Trigger::Events(batch) => Self::Events(batch.artifact, batch.rows),
                handler::Trigger::Tick(tick) => Self::Tick(tick.due),
            }
        }
    }

    impl From<Failure> for handler::Failure {
        fn from(failure: Failure) -> Self {
            match failure {
                Failure::Retry { reason, after } => Self::Retry(handler::Retry {
                    reason,
                    after_ms: u32::try_from(after.as_millis()).unwrap_or(u32::MAX),
                }),
                Failure::Reject(text) => Self::Reject(text),
                Failure::Fault(text) => Self::Fault(text),
            }
        }
    }
}
