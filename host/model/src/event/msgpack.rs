//! A body of MessagePack, taken apart into events.

use super::collect::{Collector, HOSTNAME};
use crate::{
    json::{Entry, Written},
    row::{
        CLIENT_ID, RowErrorKind, RowRef, TS,
        check::Checker,
        wire::{self, Head},
    },
};

/// Reads the events of `body`.
pub(super) fn read(body: &[u8], collector: &mut Collector<'_>) {
    let (mut at, items) = match wire::head(body, 0) {
        Ok((Head::Array(len), next)) => (next, Some(u64::from(len))),
        _ => (0, None),
    };
    let mut checker = Checker::new(body);
    let mut item = 0;
    while items.map_or(at < body.len(), |len| item < len) {
        item += 1;
        at = match event(body, at, &mut checker, collector) {
            Ok(end) => {
                collector.keep();
                end
            }
            Err(reason) => {
                collector.refuse(item, &reason);
                match wire::skip(body, at) {
                    Ok(end) => end,
                    // Where it ends can't be told, nor where the next one begins.
                    Err(_) => return,
                }
            }
        };
    }
    if at < body.len() {
        collector.refuse(item + 1, &RowErrorKind::Trailing(body.len() - at));
    }
}

/// Writes the event at `at`, and gives where it ends.
fn event(
    body: &[u8],
    at: usize,
    checker: &mut Checker<'_>,
    collector: &mut Collector<'_>,
) -> Result<usize, RowErrorKind> {
    match checker.row(at) {
        Ok(end) => {
            write(RowRef(&body[at..end]), collector)?;
            Ok(end)
        }
        Err(RowErrorKind::Utf8) => {
            let end = wire::skip(body, at)?;
            let mended = mend(&body[at..end])?;
            // Keys that differed may have become the same.
            Checker::new(&mended).row(0)?;
            write(RowRef(&mended), collector)?;
            Ok(end)
        }
        Err(error) => Err(error),
    }
}

fn write(row: RowRef<'_>, collector: &mut Collector<'_>) -> Result<(), RowErrorKind> {
    let (begun, out) = collector.begin()?;
    let mut found = [None; 3];
    let mut len = 0;
    for (name, entry) in row.map().raw() {
        let key = out.len();
        out.extend_from_slice(entry);
        let value = key + wire::str_head_len(entry[0]) + name.len();
        let end = out.len();
        for (watched, found) in [CLIENT_ID, TS, HOSTNAME].into_iter().zip(&mut found) {
            if name == watched.as_bytes() {
                *found = Some(Entry { key, value, end });
            }
        }
        len += 1;
    }
    collector.end(begun, Written { len, end: 0, found })
}

/// The row `bytes` with every string in it made valid UTF-8. Its shape is known to be whole but for its depth and its keys.
fn mend(bytes: &[u8]) -> Result<Vec<u8>, RowErrorKind> {
    let mut out = Vec::with_capacity(bytes.len() + 64);
    let mut at = 0;
    while at < bytes.len() {
        let (head, next) = wire::head(bytes, at)?;
        at = match head {
            Head::Str(len) => {
                let (text, end) = wire::content(bytes, next, len)?;
                wire::write_str(&mut out, String::from_utf8_lossy(text).as_bytes());
                end
            }
            Head::Bin(len) | Head::Ext(_, len) => {
                let end = wire::content(bytes, next, len)?.1;
                out.extend_from_slice(&bytes[at..end]);
                end
            }
            _ => {
                out.extend_from_slice(&bytes[at..next]);
                next
            }
        };
    }
    Ok(out)
}
