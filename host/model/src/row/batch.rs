//! Many rows in one buffer.

use bytes::Bytes;

use super::{RowRef, ValueRef};

/// Checked rows, back to back. Clones and slices share the buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    data: Bytes,
    /// Where each row ends in `data`.
    ends: std::sync::Arc<[u32]>,
}

/// A row that is none, and where it stood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: {kind}")]
pub struct RowError {
    /// Which row of those read, from 0.
    pub row: usize,
    /// What is wrong with it.
    pub kind: RowErrorKind,
}

/// What can be wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowErrorKind {
    /// It ends within a value.
    #[error("it is cut short")]
    Truncated,
    /// Bytes after the last row.
    #[error("{0} bytes follow the last row")]
    Trailing(usize),
    /// Not an array of maps.
    #[error("{0} where an array of maps, column name to value, is wanted")]
    Shape(&'static str),
    /// A key that is no string.
    #[error("a key that is no string")]
    Key,
    /// A column twice.
    #[error("column `{0}` comes twice")]
    Duplicate(String),
    /// A string that is not UTF-8.
    #[error("a string that is not UTF-8")]
    Utf8,
    /// Nested too deep.
    #[error("maps and arrays nest more than {max} deep", max = super::MAX_DEPTH)]
    Depth,
    /// Too large.
    #[error("it has {0} bytes; {max} are allowed", max = super::MAX_ROW)]
    Size(usize),
    /// A marker that MessagePack leaves undefined.
    #[error("a byte (0xc1) that MessagePack does not define")]
    Marker,
}

impl Rows {
    /// Checks `array`, one MessagePack array of maps (what a guest returns), and takes it over without a copy.
    /// No bytes at all mean no rows.
    pub fn from_array(array: Bytes) -> Result<Self, RowError> {
        let _ = array;
        todo!()
    }

    /// One MessagePack array of these rows: what a guest is given.
    pub fn to_array(&self) -> Vec<u8> {
        todo!()
    }

    /// Rows as they were taken apart by [`Rows::into_parts`]; the store's way back. Checks the ends, trusts the rows.
    pub fn from_parts(data: Bytes, ends: Vec<u32>) -> Result<Self, RowError> {
        let _ = (data, ends);
        todo!()
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
        let _ = index;
        todo!()
    }

    /// Each row, in order.
    pub fn iter(&self) -> impl Iterator<Item = RowRef<'_>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Rows `range`, sharing the buffer.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        let _ = range;
        todo!()
    }
}

/// Puts rows together, column by column, in one buffer.
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

    /// Appends a row as it is.
    pub fn push(&mut self, row: RowRef<'_>) {
        let _ = row;
        todo!()
    }

    /// Appends a row of these columns, in this order; a name must not come twice.
    pub fn push_columns<'v>(&mut self, columns: impl IntoIterator<Item = (&'v str, ValueRef<'v>)>) {
        let _ = columns.into_iter();
        todo!()
    }

    /// Appends `row` with these columns before its own; a column of `row` with one of their names is left out.
    pub fn push_with(&mut self, before: &[(&str, ValueRef<'_>)], row: RowRef<'_>) {
        let _ = (before, row);
        todo!()
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
}
