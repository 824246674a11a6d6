//! Write watchbox artifacts in Rust.
//!
//! An artifact is a type that implements [`Artifact`]; [`export!`] makes a component of the crate. It is handed events or ticks, uses the
//! capabilities that its manifest declares, and emits rows:
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use watchbox_sdk::{Artifact, Batch, Failure, Rows};
//!
//! #[derive(Deserialize)]
//! struct Process<'a> {
//!     #[serde(rename = "ClientId")]
//!     client_id: &'a str, // borrowed from the batch: no copy
//!     #[serde(rename = "CommandLine", default)]
//!     command_line: Option<&'a str>,
//! }
//!
//! #[derive(Serialize)]
//! struct Found<'a> {
//!     #[serde(rename = "ClientId")]
//!     client_id: &'a str,
//!     #[serde(rename = "Length")]
//!     length: usize,
//! }
//!
//! #[derive(Deserialize)]
//! struct Parameters {
//!     #[serde(rename = "Longest")]
//!     longest: usize,
//! }
//!
//! struct LongCommands(Parameters);
//!
//! impl Artifact for LongCommands {
//!     type Parameters = Parameters;
//!
//!     fn configure(parameters: Parameters) -> Result<Self, Failure> {
//!         Ok(Self(parameters))
//!     }
//!
//!     fn events(&mut self, batch: &Batch<'_>, rows: &mut Rows) -> Result<(), Failure> {
//!         for event in batch.events::<Process>() {
//!             let event = event?;
//!             let length = event.command_line.unwrap_or_default().len();
//!             if length > self.0.longest {
//!                 rows.push(&Found { client_id: event.client_id, length })?;
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! watchbox_sdk::export!(LongCommands);
//!
//! // The same code runs natively, in a test, with capabilities played by `testing::World`:
//! use serde_json::json;
//! let mut installed = watchbox_sdk::testing::World::new().install::<LongCommands>(&json!({"Longest": 3}))?;
//! let rows = installed.events("Windows.Events.ProcessCreation", &[
//!     json!({"ClientId": "C.1", "CommandLine": "cmd"}),
//!     json!({"ClientId": "C.2", "CommandLine": "whoami"}),
//! ])?;
//! assert_eq!(rows, [json!({"ClientId": "C.2", "Length": 6})]);
//! # Ok::<(), watchbox_sdk::Failure>(())
//! ```
//!
//! Beside the source stands `artifact.yaml`, the manifest; `watchbox build` makes the component of both. The crate's
//! `crate-type` is `["cdylib", "rlib"]`: the first becomes the component, the second serves tests. `template/` is a whole artifact to start from.
//!
//! # Capabilities
//!
//! [`clients`], [`labels`], [`http`], [`mail`], [`state`], [`log`] and [`clock`] are one module each. Calling a function of one imports it; a module
//! that is not used leaves no trace in the component, so that its import list says what the artifact can do.
//!
//! # Errors
//!
//! Every error converts into a [`Failure`] by `?`, as a *fault* with the error's text and the place of the `?`. A turn that fails
//! leaves nothing behind but the http requests that it made.
//!
//! A **panic** can't be caught: the target `wasm32-unknown-unknown` has no unwinding. Its text and place reach the operator all the same, as the
//! guest's last words; but it ends the instance, so return errors where you can.

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod bindings;
pub mod clients;
pub mod clock;
#[doc(hidden)]
pub mod export;
pub mod http;
pub mod labels;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod last_words;
pub mod log;
pub mod mail;
pub mod state;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

mod artifact;
mod batch;
mod failure;
mod host;
mod rows;
mod value;

// What `export!` writes into an artifact's crate names this one so, and so does the generated code in here.
#[cfg(target_arch = "wasm32")]
extern crate self as watchbox_sdk;

pub use artifact::{Artifact, Tick};
pub use batch::{Batch, EventError, Events};
pub use failure::Failure;
pub use rows::Rows;
pub use value::Value;
