//! The server: ingest and the HTTP API over the engine and its store.
//!
//! [`Config`] says where to listen ([`Listener`]) and opens an [`App`]; [`serve`] serves it until it is told to stop. The way of a request:
//! `serve.rs` and `tls` (the connection, and who is at its other end), `http.rs` (headers, names, errors, metrics), `auth` (who may do
//! what), then one handler in `api`, `ingest` or `live`.

pub mod api;
mod app;
pub mod auth;
mod config;
mod folder;
mod http;
mod ingest;
mod listener;
mod live;
mod metrics;
mod peer;
mod serve;
mod tls;

pub use app::{App, OpenError};
pub use config::{Config, EngineSection, HttpSection, IngestSection, StoreSection, TlsSection};
pub use folder::FolderError;
pub use http::router;
pub use listener::{ListenError, Listener};
pub use serve::serve;
pub use tls::{Tls, TlsError};
