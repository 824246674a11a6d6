//! Events gathered into a batch: their first columns, their clients, and those refused.

use std::collections::HashMap;

use super::{EventBatch, EventContext, MAX_REFUSALS, Refusal};
use crate::{
    ClientId, RowRef, Rows, RowsBuilder,
    client::Seen,
    json::{Entry, Written},
    row::{
        CLIENT_ID, MAX_ROW, RowErrorKind, TS,
        wire::{self, Head, Open},
    },
};

/// The column that says what a client calls itself.
pub(super) const HOSTNAME: &str = "Hostname";

/// A hostname longer than that, in bytes, is none.
const MAX_HOSTNAME: usize = 255;

/// What the columns that the host puts first, and a map's longer head, may add to a row.
const ROOM: usize = 128;

/// A batch in the making. A row is begun, written behind the others, and ended or taken back.
#[derive(Debug)]
pub(super) struct Collector<'c> {
    context: &'c EventContext,
    ts: f64,
    rows: RowsBuilder,
    seen: Vec<Seen>,
    /// Where in `seen` a client is.
    known: HashMap<ClientId, usize>,
    /// Where in `seen` the last event's client is: the next one's is mostly the same.
    last: usize,
    refused: Vec<Refusal>,
    refused_total: u64,
}

/// A row that was begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    map: Open,
    start: usize,
    /// Where its columns begin, behind `_ts`.
    columns: usize,
}

impl<'c> Collector<'c> {
    /// An empty one, with room for the events of `bytes` bytes.
    pub(super) fn new(context: &'c EventContext, bytes: usize) -> Self {
        Self {
            context,
            ts: context.at.seconds(),
            rows: RowsBuilder::with_capacity(bytes / 512, bytes + bytes / 8),
            seen: Vec::new(),
            known: HashMap::new(),
            last: 0,
            refused: Vec::new(),
            refused_total: 0,
        }
    }

    /// Begins a row with its `_ts`.
    #[inline]
    pub(super) fn begin(&mut self) -> Result<(Begun, &mut Vec<u8>), RowErrorKind> {
        let ts = self.ts;
        let out = self.rows.buffer();
        let start = out.len();
        if start > Rows::MAX_BYTES - 4 * MAX_ROW {
            return Err(RowErrorKind::Json(
                "there is no more room in this batch: send fewer at a time".to_owned(),
            ));
        }
        let map = wire::open(out);
        wire::write_str(out, TS.as_bytes());
        wire::write_float(out, ts);
        let columns = out.len();
        Ok((
            Begun {
                map,
                start,
                columns,
            },
            out,
        ))
    }

    /// Puts the columns of a row in order and ends its map: a `_ts` of its own goes, `ClientId` comes first and is the context's where it has none.
    /// `found` are `ClientId`, `_ts` and `Hostname`.
    #[inline]
    pub(super) fn end(&mut self, begun: Begun, written: Written<3>) -> Result<(), RowErrorKind> {
        let [mut client, ts, hostname] = written.found;
        let mut len = written.len + 1;
        let out = self.rows.buffer();
        let size = out.len() - begun.start + ROOM;
        if size > MAX_ROW {
            return Err(RowErrorKind::Size(size - ROOM));
        }
        // Null is as good as none.
        let null =
            client.filter(|entry| matches!(wire::head(out, entry.value), Ok((Head::Nil, _))));
        client = client.filter(|_| null.is_none());

        self.note(client, hostname)?;

        let out = self.rows.buffer();
        let mut gone = [ts, null];
        // From the back, so that what was found before stays where it is.
        gone.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.map(|entry| entry.key)));
        for entry in gone.into_iter().flatten() {
            out.copy_within(entry.end.., entry.key);
            out.truncate(out.len() - (entry.end - entry.key));
            len -= 1;
            client = client.map(|client| client.moved(entry));
        }
        match client {
            Some(entry) if entry.key == begun.columns => {}
            Some(entry) => out[begun.columns..entry.end].rotate_right(entry.end - entry.key),
            None => {
                let behind = out.len();
                wire::write_str(out, CLIENT_ID.as_bytes());
                // `note` has made sure that there is one.
                let id = self.context.client.as_ref().map_or("", ClientId::as_str);
                wire::write_str(out, id.as_bytes());
                let added = out.len() - behind;
                out[begun.columns..].rotate_right(added);
                len += 1;
            }
        }
        wire::close_map(out, begun.map, len);
        Ok(())
    }

    /// Keeps the row that was ended.
    pub(super) fn keep(&mut self) {
        self.rows.seal();
    }

    /// The row that was ended and is not kept yet.
    pub(super) fn row(&mut self) -> RowRef<'_> {
        self.rows.open_row()
    }

    /// Takes back the row that was begun.
    pub(super) fn drop_row(&mut self) {
        self.rows.abandon();
    }

    /// Refuses the event that begins at `line`, and takes back what was written of it.
    pub(super) fn refuse(&mut self, line: u64, reason: &RowErrorKind) {
        self.rows.abandon();
        self.refused_total += 1;
        if self.refused.len() < MAX_REFUSALS {
            let reason = reason.to_string();
            self.refused.push(Refusal { line, reason });
        }
    }

    /// The batch.
    pub(super) fn finish(self) -> EventBatch {
        EventBatch {
            rows: self.rows.finish(),
            seen: self.seen,
            refused: self.refused,
            refused_total: self.refused_total,
        }
    }

    /// Notes whose event the row under way is, and that client's hostname.
    #[inline]
    fn note(&mut self, client: Option<Entry>, hostname: Option<Entry>) -> Result<(), RowErrorKind> {
        let out = self.rows.buffer();
        let id = match (client, &self.context.client) {
            (Some(entry), _) => text(out, entry)
                .ok_or_else(|| RowErrorKind::Json("its `ClientId` is no text".to_owned()))?,
            (None, Some(id)) => id.as_str(),
            (None, None) => {
                return Err(RowErrorKind::Json(
                    "it has no `ClientId`: add one, or name the client of the whole request"
                        .to_owned(),
                ));
            }
        };
        let is_last = self
            .seen
            .get(self.last)
            .is_some_and(|seen| seen.id.as_str() == id);
        if !is_last {
            self.last = match self.known.get(id) {
                Some(&index) => index,
                None => {
                    let id: ClientId = id
                        .parse()
                        .map_err(|error| RowErrorKind::Json(format!("its `ClientId`: {error}")))?;
                    self.seen.push(Seen {
                        id: id.clone(),
                        hostname: None,
                        at: self.context.at,
                    });
                    self.known.insert(id, self.seen.len() - 1);
                    self.seen.len() - 1
                }
            };
        }
        let hostname = hostname
            .and_then(|entry| text(out, entry))
            .filter(|name| (1..=MAX_HOSTNAME).contains(&name.len()));
        if let (Some(name), Some(seen)) = (hostname, self.seen.get_mut(self.last))
            && seen.hostname.as_deref() != Some(name)
        {
            seen.hostname = Some(name.to_owned());
        }
        Ok(())
    }
}

/// The value of a column, if it is a string.
#[inline]
fn text(out: &[u8], entry: Entry) -> Option<&str> {
    match wire::head(out, entry.value) {
        Ok((Head::Str(_), text)) => std::str::from_utf8(&out[text..entry.end]).ok(),
        _ => None,
    }
}
