//! Events, as they come in: read out of a request's body, given their `ClientId` and `_ts`, checked one by one.

use crate::{
    ClientId, Rows, Time,
    client::Seen,
    filter::{Columns, Filter},
};

/// The most refusals that are told one by one; the rest are counted.
pub const MAX_REFUSALS: usize = 100;

/// What is known of the events of one request beside themselves.
#[derive(Clone, Debug)]
pub struct EventContext {
    /// The client of the events that name none.
    pub client: Option<ClientId>,
    /// When they were accepted: their `_ts`. A `_ts` that a sender gave is replaced.
    pub at: Time,
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct EventBatch {
    /// The good ones, each with `_ts` and `ClientId` before its own columns.
    pub rows: Rows,
    /// The clients they are from, each once, with the `Hostname` that came along.
    pub seen: Vec<Seen>,
    /// The first of those refused.
    pub refused: Vec<Refusal>,
    /// How many were refused in all.
    pub refused_total: u64,
}

/// An event that was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The line on which it begins, from 1; in an array or in MessagePack, which item it is, from 1.
    pub line: u64,
    /// What is wrong with it, where, and what is wanted.
    pub reason: String,
}

/// Reads JSON: one object, an array of objects, NDJSON, or objects back to back; UTF-8, with or without a byte order mark.
///
/// A wrong one is refused and passed over (to the end of its line; in an array, to its end where that can be told), the rest are read.
/// Refused are: what is no object, a column twice, `NaN`, a lone surrogate, bytes that are no UTF-8, nesting deeper than
/// [`crate::row::MAX_DEPTH`], more than [`crate::row::MAX_ROW`] bytes, a number that neither an integer of 64 bits nor a float holds, no client id.
pub fn read_json(body: &[u8], context: &EventContext) -> EventBatch {
    let _ = (body, context);
    todo!()
}

/// Reads MessagePack: a map, an array of maps, or maps back to back. Strings that are no UTF-8 are made so, with U+FFFD.
pub fn read_msgpack(body: &[u8], context: &EventContext) -> EventBatch {
    let _ = (body, context);
    todo!()
}

/// Reads a file of NDJSON as [`read_json`] does, but keeps only what passes `filter`, cut to `columns`: the columns that the filter asks for
/// are looked at in place, and only what passes is turned into a row. `next_line` counts lines over calls.
/// Gives how many events there were beside the batch.
pub fn read_json_matching(
    lines: &[u8],
    context: &EventContext,
    filter: &Filter,
    columns: &Columns,
    next_line: &mut u64,
) -> (u64, EventBatch) {
    let _ = (lines, context, filter, columns, next_line);
    todo!()
}
