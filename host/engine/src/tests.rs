//! The engine over the real store and the real sandbox, with guests written in WebAssembly text.

mod batches;
mod changes;
mod faults;
mod faulty;
mod guest;
mod model;
mod replay;
mod retries;
mod secrets;
pub(crate) mod server;
mod shadow;
mod ticks;
mod trust;
mod versions;
mod webhook;
