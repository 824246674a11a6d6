//! Rows: MessagePack maps, column name to value.
//!
//! [`Rows`] holds many of them back to back with the place where each ends, checked once where
//! they came in; from there on columns are read in place, without a copy and without a parse.
//!
//! What the check guarantees of every row: it is a map; every key of every map in it is a string, and none
//! comes twice in one map; every string is valid UTF-8; maps and arrays nest at most [`MAX_DEPTH`] deep; a row has
//! at most [`MAX_ROW`] bytes.

mod batch;
pub(crate) mod check;
mod error;
mod json;
pub(crate) mod keys;
mod value;
pub(crate) mod wire;

pub use batch::{Rows, RowsBuilder};
pub use error::{RowError, RowErrorKind};
pub use json::{JsonEncoding, rows_from_guest_json, write_json};
pub use value::{ArrayRef, MapRef, RowRef, ValueRef};

/// How deep maps and arrays may nest, the row itself being 1.
pub const MAX_DEPTH: usize = 64;

/// The most bytes that one row may have in MessagePack.
pub const MAX_ROW: usize = 1 << 20;

/// The column that says which client an event is from.
pub const CLIENT_ID: &str = "ClientId";

/// The column that says when a row was accepted: seconds since the Unix epoch, a float.
pub const TS: &str = "_ts";

/// The column that says where in its log an event stands, for subscriptions that ask for it: an integer, 0 for the log's first.
pub const POSITION: &str = "_position";
