//! The check that every row passes once, where it comes in: one walk over its bytes.

use super::{
    MAX_DEPTH, MAX_ROW, RowErrorKind,
    keys::{Key, Keys},
    wire::{self, Head, WireError},
};

/// Walks rows and tells what is wrong with them.
pub(crate) struct Checker<'a> {
    bytes: &'a [u8],
    keys: Keys,
}

impl From<WireError> for RowErrorKind {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Truncated => Self::Truncated,
            WireError::Marker => Self::Marker,
        }
    }
}

impl<'a> Checker<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            keys: Keys::default(),
        }
    }

    /// Checks the row at `at`, and gives where it ends.
    pub(crate) fn row(&mut self, at: usize) -> Result<usize, RowErrorKind> {
        // What an earlier row left when it failed.
        self.keys.clear();
        let end = match wire::head(self.bytes, at)? {
            (Head::Map(len), next) => self.map(next, len, 1)?,
            (other, _) => return Err(RowErrorKind::Shape(kind(other))),
        };
        if end - at > MAX_ROW {
            return Err(RowErrorKind::Size(end - at));
        }
        Ok(end)
    }

    fn map(&mut self, mut at: usize, len: u32, depth: usize) -> Result<usize, RowErrorKind> {
        let first = self.keys.len();
        for _ in 0..len {
            let (Head::Str(bytes), next) = wire::head(self.bytes, at)? else {
                return Err(RowErrorKind::Key);
            };
            let end = self.text(next, bytes)?;
            self.keys.push(Key { start: next, end });
            at = self.value(end, depth)?;
        }
        match self.keys.take_duplicate(self.bytes, first) {
            None => Ok(at),
            Some(key) => Err(RowErrorKind::Duplicate(key)),
        }
    }

    fn value(&mut self, at: usize, depth: usize) -> Result<usize, RowErrorKind> {
        let (head, next) = wire::head(self.bytes, at)?;
        Ok(match head {
            Head::Str(len) => self.text(next, len)?,
            Head::Bin(len) | Head::Ext(_, len) => wire::content(self.bytes, next, len)?.1,
            Head::Array(_) | Head::Map(_) if depth == MAX_DEPTH => {
                return Err(RowErrorKind::Depth);
            }
            Head::Array(len) => {
                let mut at = next;
                for _ in 0..len {
                    at = self.value(at, depth + 1)?;
                }
                at
            }
            Head::Map(len) => self.map(next, len, depth + 1)?,
            _ => next,
        })
    }

    fn text(&self, at: usize, len: u32) -> Result<usize, RowErrorKind> {
        let (text, end) = wire::content(self.bytes, at, len)?;
        match std::str::from_utf8(text) {
            Ok(_) => Ok(end),
            Err(_) => Err(RowErrorKind::Utf8),
        }
    }
}

/// What stands where a row is wanted.
pub(crate) fn kind(head: Head) -> &'static str {
    match head {
        Head::Nil => "nil",
        Head::Bool(_) => "a boolean",
        Head::Int(_) | Head::UInt(_) => "an integer",
        Head::Float(_) => "a float",
        Head::Str(_) => "a string",
        Head::Bin(_) => "bytes",
        Head::Array(_) => "an array",
        Head::Map(_) => "a map",
        Head::Ext(..) => "an extension",
    }
}
