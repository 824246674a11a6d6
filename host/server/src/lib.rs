//! The server: ingest and the HTTP API over the engine and its store.

pub mod api;
