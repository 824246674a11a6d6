//! Rows from JSON, and to JSON.

use super::{RowError, RowRef, Rows};
use crate::manifest::Column;

/// How values that JSON lacks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonEncoding {
    /// For people and scripts (API, CLI): UTF-8, integers exact as numbers, bytes as base64, NaN and infinities as null.
    Api,
    /// For guests whose manifest says `encoding: json`: ASCII only, integers beyond 2^53-1 as decimal text, bytes as base64, NaN and infinities as null.
    Guest,
}

/// Appends `row` to `out` as one JSON object, without a line end.
pub fn write_json(row: RowRef<'_>, encoding: JsonEncoding, out: &mut Vec<u8>) {
    let _ = (row, encoding, out);
    todo!()
}

/// Reads what a guest of `encoding: json` returned: a JSON array of objects. The types of `columns` turn text back into
/// integers and bytes; a lone surrogate becomes U+FFFD; `NaN` is an error by name. No bytes at all mean no rows.
pub fn rows_from_guest_json(array: &[u8], columns: &[Column]) -> Result<Rows, RowError> {
    let _ = (array, columns);
    todo!()
}
