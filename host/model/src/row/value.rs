//! Values read in place.

/// One row: a view of its map's bytes, checked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRef<'a>(pub(super) &'a [u8]);

/// One value, borrowed from a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// Null.
    Nil,
    /// A boolean.
    Bool(bool),
    /// An integer below zero, or one that was written signed.
    Int(i64),
    /// An integer of zero or more.
    UInt(u64),
    /// A float, of either width.
    Float(f64),
    /// A string.
    Str(&'a str),
    /// Bytes.
    Bin(&'a [u8]),
    /// An array.
    Array(ArrayRef<'a>),
    /// A map.
    Map(MapRef<'a>),
    /// An extension: its type and its bytes.
    Ext(i8, &'a [u8]),
}

/// An array, not yet walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayRef<'a> {
    pub(super) len: u32,
    pub(super) items: &'a [u8],
}

/// A map, not yet walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapRef<'a> {
    pub(super) len: u32,
    pub(super) entries: &'a [u8],
}

impl<'a> RowRef<'a> {
    /// The row's MessagePack.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The value of column `name`. Walks past the columns before it; copies nothing.
    pub fn column(self, name: &str) -> Option<ValueRef<'a>> {
        let _ = name;
        todo!()
    }

    /// Each column, in order.
    pub fn columns(self) -> impl Iterator<Item = (&'a str, ValueRef<'a>)> {
        std::iter::empty()
    }

    /// `_ts`, where it is there and a number.
    pub fn ts(self) -> Option<crate::Time> {
        todo!()
    }
}

impl<'a> ValueRef<'a> {
    /// The string, if it is one.
    pub fn as_str(self) -> Option<&'a str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }
}

impl<'a> ArrayRef<'a> {
    /// The items, in order.
    pub fn iter(self) -> impl Iterator<Item = ValueRef<'a>> {
        std::iter::empty()
    }
}

impl<'a> MapRef<'a> {
    /// The entries, in order.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, ValueRef<'a>)> {
        std::iter::empty()
    }
}
