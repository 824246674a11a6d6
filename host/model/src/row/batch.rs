//! Many rows in one buffer.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;

use super::{
    RowError, RowErrorKind, RowRef, ValueRef,
    check::{self, Checker},
    wire::{self, Head},
};

/// Checked rows, back to back. Clones and slices share the buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    data: Bytes,
    /// Where each row ends in `data`.
    ends: Arc<[u32]>,
}

impl Rows {
    /// The most bytes that the rows of one batch may have together.
    pub const MAX_BYTES: usize = u32::MAX as usize;

    /// Checks `array`, one MessagePack array of maps (what a guest returns), and takes it over without a copy.
    /// No bytes at all mean no rows.
    pub fn from_array(array: Bytes) -> Result<Self, RowError> {
        let failed = |row, kind| RowError { row, kind };
        if array.is_empty() {
            return Ok(Self::default());
        }
        if array.len() > Self::MAX_BYTES {
            return Err(failed(0, RowErrorKind::Size(array.len())));
        }
        let (len, start) = match wire::head(&array, 0) {
            Ok((Head::Array(len), next)) => (len as usize, next),
            Ok((other, _)) => return Err(failed(0, RowErrorKind::Shape(check::kind(other)))),
            Err(error) => return Err(failed(0, error.into())),
        };
        // A row has a byte at least: a length that lies can't make us allocate more than was sent.
        let mut ends = Vec::with_capacity(len.min(array.len()));
        let mut checker = Checker::new(&array);
        let mut at = start;
        for row in 0..len {
            at = checker.row(at).map_err(|kind| failed(row, kind))?;
            ends.push((at - start) as u32);
        }
        if at < array.len() {
            return Err(failed(len, RowErrorKind::Trailing(array.len() - at)));
        }
        Ok(Self {
            data: array.slice(start..),
            ends: ends.into(),
        })
    }

    /// One MessagePack array of these rows: what a guest is given.
    pub fn to_array(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.data.len() + 5);
        wire::write_array_head(&mut out, self.ends.len() as u32);
        out.extend_from_slice(&self.data);
        out
    }

    /// Rows as [`Rows::parts`] gave them; the store's way back. Checks the ends, trusts the rows.
    pub fn from_parts(data: Bytes, ends: Vec<u32>) -> Result<Self, RowError> {
        let failed = |row, kind| RowError { row, kind };
        let mut before = 0;
        for (row, &end) in ends.iter().enumerate() {
            if end <= before || end as usize > data.len() {
                return Err(failed(row, RowErrorKind::Truncated));
            }
            before = end;
        }
        match data.len() - before as usize {
            0 => Ok(Self {
                data,
                ends: ends.into(),
            }),
            more => Err(failed(ends.len(), RowErrorKind::Trailing(more))),
        }
    }

    /// The buffer, and where each row ends in it.
    pub fn parts(&self) -> (&Bytes, &[u32]) {
        (&self.data, &self.ends)
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Their bytes, all together.
    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    /// Row `index`.
    pub fn get(&self, index: usize) -> Option<RowRef<'_>> {
        let end = *self.ends.get(index)? as usize;
        self.data.get(self.start(index)..end).map(RowRef)
    }

    /// Each row, in order.
    pub fn iter(&self) -> impl Iterator<Item = RowRef<'_>> + '_ {
        let mut start = 0;
        self.ends.iter().map_while(move |&end| {
            let row = self.data.get(start..end as usize)?;
            start = end as usize;
            Some(RowRef(row))
        })
    }

    /// Rows `range`, cut to those there are, sharing the buffer.
    pub fn slice(&self, range: Range<usize>) -> Self {
        let to = range.end.min(self.len());
        let from = range.start.min(to);
        let start = self.start(from);
        Self {
            data: self.data.slice(start..self.start(to)),
            ends: self.ends[from..to]
                .iter()
                .map(|end| end - start as u32)
                .collect(),
        }
    }

    /// Where row `index` begins; for the one after the last, where that ends.
    fn start(&self, index: usize) -> usize {
        index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .map_or(0, |&end| end as usize)
    }
}

/// Puts rows together, column by column, in one buffer.
///
/// It holds at most [`Rows::MAX_BYTES`]: a row that would go beyond is left out, and [`RowsBuilder::len`] does not count it.
/// What reads from outside bounds its batches far below that.
#[derive(Debug, Default)]
pub struct RowsBuilder {
    data: Vec<u8>,
    ends: Vec<u32>,
}

impl RowsBuilder {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one with room for `rows` rows of `bytes` bytes in all.
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self {
            data: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(rows),
        }
    }

    /// Appends a row as it is.
    pub fn push(&mut self, row: RowRef<'_>) {
        self.data.extend_from_slice(row.0);
        self.seal();
    }

    /// Appends a row of these columns, in this order; a name must not come twice.
    pub fn push_columns<'v>(&mut self, columns: impl IntoIterator<Item = (&'v str, ValueRef<'v>)>) {
        let map = wire::open(&mut self.data);
        let mut len = 0;
        for (name, value) in columns {
            wire::write_str(&mut self.data, name.as_bytes());
            value.write(&mut self.data);
            len += 1;
        }
        wire::close_map(&mut self.data, map, len);
        self.seal();
    }

    /// Appends `row` with these columns before its own; a column of `row` with one of their names is left out.
    pub fn push_with(&mut self, before: &[(&str, ValueRef<'_>)], row: RowRef<'_>) {
        self.push_kept(before, row, |name| {
            before.iter().all(|(own, _)| own.as_bytes() != name)
        });
    }

    /// Appends those columns of `row` that `keep` names, in the row's order, with these before them.
    pub(crate) fn push_kept(
        &mut self,
        before: &[(&str, ValueRef<'_>)],
        row: RowRef<'_>,
        keep: impl Fn(&[u8]) -> bool,
    ) {
        let map = wire::open(&mut self.data);
        let mut len = before.len() as u32;
        for (name, value) in before {
            wire::write_str(&mut self.data, name.as_bytes());
            value.write(&mut self.data);
        }
        for (name, entry) in row.map().raw() {
            if keep(name) {
                self.data.extend_from_slice(entry);
                len += 1;
            }
        }
        wire::close_map(&mut self.data, map, len);
        self.seal();
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none yet.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes so far.
    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    /// The rows.
    pub fn finish(self) -> Rows {
        Rows {
            data: self.data.into(),
            ends: self.ends.into(),
        }
    }

    /// The buffer, to write a row at its end, which [`RowsBuilder::seal`] must end or [`RowsBuilder::abandon`] take back.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.data
    }

    /// What was written behind the last row, as the row that it is.
    pub(crate) fn open_row(&self) -> RowRef<'_> {
        RowRef(&self.data[self.end()..])
    }

    /// Takes back what was written behind the last row.
    pub(crate) fn abandon(&mut self) {
        self.data.truncate(self.end());
    }

    fn end(&self) -> usize {
        self.ends.last().map_or(0, |&end| end as usize)
    }

    /// Ends the row that was written behind the last one.
    pub(crate) fn seal(&mut self) {
        match u32::try_from(self.data.len()) {
            Ok(end) => self.ends.push(end),
            Err(_) => self.abandon(),
        }
    }
}

#[cfg(test)]
mod tests;
