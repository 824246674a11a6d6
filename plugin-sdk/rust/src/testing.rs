//! Runs an artifact natively, in a test, with capabilities that are played.
//!
//! ```
//! use serde::Deserialize;
//! use serde_json::json;
//! use watchbox_sdk::{Artifact, Failure, Rows, Tick, clients, http, labels};
//! use watchbox_sdk::testing::World;
//!
//! #[derive(Deserialize)]
//! struct Nothing {}
//!
//! struct Greeter;
//!
//! impl Artifact for Greeter {
//!     type Parameters = Nothing;
//!
//!     fn configure(_: Nothing) -> Result<Self, Failure> {
//!         Ok(Self)
//!     }
//!
//!     fn tick(&mut self, _: Tick, rows: &mut Rows) -> Result<(), Failure> {
//!         for client in clients::search("label:New") {
//!             let id = client?.id;
//!             let response = http::Request::post("https://example.org/").body(id.clone()).once(&id).send()?;
//!             labels::remove(&id, &["New"])?;
//!             rows.push(&json!({"client_id": id, "Status": response.status}))?;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let mut installed = World::new()
//!     .client(clients::Client { id: "C.1".into(), labels: vec!["New".into()], ..Default::default() })
//!     .respond(|_| Ok(http::Response { status: 200, ..Default::default() }))
//!     .install::<Greeter>(&json!({}))?;
//! assert_eq!(installed.tick(60.0)?, [json!({"client_id": "C.1", "Status": 200})]);
//! assert_eq!(installed.world().requests().len(), 1);
//! assert!(installed.world().labels_of("C.1").is_empty());
//! # Ok::<(), Failure>(())
//! ```
//!
//! Turns behave as the host's do: what a failed turn changed is undone and the artifact made anew, but the http requests that it made, and
//! that settled something, are not made again by the next try of the same trigger. Turns that are written down in files, `cases/`, are
//! played by `watchbox test`.

mod installed;
mod world;

pub use installed::Installed;
pub use world::{Line, World};

pub(crate) use installed::playing;

#[cfg(test)]
mod tests;
