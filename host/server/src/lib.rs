//! The server: ingest and the HTTP API over the engine and its store.
//!
//! [`Config`] opens an [`App`], and [`serve`] serves it until it is told to stop. The way of a request: `http.rs` (headers, names,
//! errors, metrics), `auth` (who may do what), then one handler in `api`, `ingest` or `live`.

pub mod api;
mod app;
pub mod auth;
mod config;
mod folder;
mod http;
mod ingest;
mod live;
mod metrics;
mod serve;

pub use app::{App, OpenError};
pub use config::{Config, EngineSection, HttpSection, IngestSection, StoreSection};
pub use folder::FolderError;
pub use http::router;
pub use serve::{ServeError, serve};
