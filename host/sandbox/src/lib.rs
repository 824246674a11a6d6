//! Where artifacts run: wasmtime, with no authority but what is granted.
//!
//! This crate knows nothing of how things are stored or of who sends events: it calls the traits in [`host`],
//! which the engine implements, and gives back what a turn wants to change as [`Effects`], for the engine to commit.
//!
//! The way of a call: a guest calls an import of `wit/`; the file of that capability in `capabilities/` has it
//! counted (`guest`), decided by the grants of that moment and written down (`gate`), and done. Requests leave the machine
//! through `egress` alone, those of `wasi:http` too.

mod bindings;
mod cache;
mod capabilities;
mod component;
mod egress;
mod engine;
mod gate;
mod guest;
pub mod host;
#[cfg(test)]
mod hostile;
mod imports;
pub mod inspect;
mod instance;
mod last_words;
mod limiter;
mod lines;
mod overlay;
mod printable;
mod rehearsal;
mod sandbox;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod trail;
mod turn;
mod unchecked;
mod wasi;
mod withheld;

pub use component::{Component, LoadError};
pub use egress::{RelayConfig, RelayError, RelayTls};
pub use inspect::{InspectError, Inspection, inspect};
pub use instance::Instance;
pub use lines::LineCount;
pub use overlay::Overlay;
pub use rehearsal::Rehearsal;
pub use sandbox::{Sandbox, SandboxConfig, SandboxError};
pub use turn::{Authority, Effects, Input, Turn, TurnFailure, TurnReport, Usage};
pub use unchecked::Unchecked;
pub use withheld::{
    CannedAnswer, PlayedAnswer, PlayedRelay, Withheld, WithheldCall, WithheldEffect, WithheldMail,
    WithheldRequest,
};
