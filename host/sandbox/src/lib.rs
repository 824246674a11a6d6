//! Where artifacts run: wasmtime, with no authority but what is granted.
//!
//! This crate knows nothing of how things are stored or of who sends events: it calls the traits in [`host`],
//! which the engine implements, and gives back what a turn wants to change as [`Effects`], for the engine to commit.

pub mod host;
pub mod inspect;
mod sandbox;
mod turn;

pub use inspect::{InspectError, Inspection, inspect};
pub use sandbox::{Component, Instance, LoadError, Sandbox, SandboxConfig, SandboxError};
pub use turn::{Authority, Effects, Input, Turn, TurnFailure, TurnReport, Usage};
