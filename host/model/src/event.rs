//! Events, as they come in: read out of a request's body, given their `ClientId` and `_ts`, checked one by one.

mod collect;
mod json;
mod msgpack;

use crate::{
    ClientId, Rows, Time,
    client::Seen,
    filter::{Columns, Filter},
};

use collect::Collector;

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
#[derive(Clone, Debug, Default, PartialEq)]
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
/// A wrong one is refused and passed over (to its end where that can be told, else to the end of its line; in an array, where its end can't
/// be told, with all that follow), the rest are read.
/// Refused are: what is no object, a column twice, `NaN`, a lone surrogate, bytes that are no UTF-8, nesting deeper than
/// [`crate::row::MAX_DEPTH`], more than [`crate::row::MAX_ROW`] bytes, a number too large for a float, no client id.
/// An integer of 64 bits stays exact; a larger one becomes the nearest float.
pub fn read_json(body: &[u8], context: &EventContext) -> EventBatch {
    let mut collector = Collector::new(context, body.len());
    json::read(body, 1, &mut collector, Collector::keep);
    collector.finish()
}

/// Reads MessagePack: a map, an array of maps, or maps back to back. Strings that are no UTF-8 are made so, with U+FFFD.
pub fn read_msgpack(body: &[u8], context: &EventContext) -> EventBatch {
    let mut collector = Collector::new(context, body.len());
    msgpack::read(body, &mut collector);
    collector.finish()
}

/// How far a file of NDJSON was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The next line's number: 1 at first.
    pub line: u64,
    /// The next event's position, as if the file were a log.
    pub position: u64,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            line: 1,
            position: 0,
        }
    }
}

/// Reads a file of NDJSON as [`read_json`] does, but keeps only what passes `filter`, cut to `columns`: whole lines at a time, so that
/// only a part of the file needs to be in memory. `place` is where `lines` begin, and is moved on.
/// Gives how many events were read, those that did not pass among them and those refused not, beside the batch.
pub fn read_json_matching(
    lines: &[u8],
    context: &EventContext,
    filter: &Filter,
    columns: &Columns,
    place: &mut Place,
) -> (u64, EventBatch) {
    let mut collector = Collector::new(context, 0);
    let mut passed = crate::RowsBuilder::new();
    let mut events = 0;
    json::read(lines, place.line, &mut collector, |collector| {
        let row = collector.row();
        if filter.passes(row) {
            columns.cut(row, place.position + events, &mut passed);
        }
        events += 1;
        collector.drop_row();
    });
    place.line += json::line_ends(lines);
    place.position += events;
    let batch = EventBatch {
        rows: passed.finish(),
        ..collector.finish()
    };
    (events, batch)
}

#[cfg(test)]
mod tests;
