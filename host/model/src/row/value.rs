//! Values read in place.

use super::{
    TS,
    wire::{self, Head},
};

/// One row: a view of its map's bytes, checked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRef<'a>(pub(crate) &'a [u8]);

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
        self.map().get(name)
    }

    /// Each column, in order.
    pub fn columns(self) -> impl Iterator<Item = (&'a str, ValueRef<'a>)> {
        self.map().iter()
    }

    /// `_ts`, where it is there and a number.
    pub fn ts(self) -> Option<crate::Time> {
        self.column(TS)?.as_f64().map(crate::Time::from_seconds)
    }

    /// The row as the map that it is; an empty one where trusted bytes turn out to be none.
    pub(crate) fn map(self) -> MapRef<'a> {
        match wire::head(self.0, 0) {
            Ok((Head::Map(len), next)) => MapRef {
                len,
                entries: &self.0[next..],
            },
            _ => MapRef {
                len: 0,
                entries: &[],
            },
        }
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

    /// The number, if it is one; an integer beyond 2^53 is rounded.
    pub fn as_f64(self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(value as f64),
            Self::UInt(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The value at `at`, and where it ends. Of a string, UTF-8 is checked again, for a `str` can't be had otherwise without `unsafe`.
    fn read(bytes: &'a [u8], at: usize) -> Option<(Self, usize)> {
        let (head, next) = wire::head(bytes, at).ok()?;
        let content = |len| wire::content(bytes, next, len).ok();
        Some(match head {
            Head::Nil => (Self::Nil, next),
            Head::Bool(value) => (Self::Bool(value), next),
            Head::Int(value) => (Self::Int(value), next),
            Head::UInt(value) => (Self::UInt(value), next),
            Head::Float(value) => (Self::Float(value), next),
            Head::Str(len) => {
                let (text, end) = content(len)?;
                (Self::Str(std::str::from_utf8(text).ok()?), end)
            }
            Head::Bin(len) => {
                let (bytes, end) = content(len)?;
                (Self::Bin(bytes), end)
            }
            Head::Ext(kind, len) => {
                let (bytes, end) = content(len)?;
                (Self::Ext(kind, bytes), end)
            }
            Head::Array(len) => {
                let end = wire::skip(bytes, at).ok()?;
                let items = &bytes[next..end];
                (Self::Array(ArrayRef { len, items }), end)
            }
            Head::Map(len) => {
                let end = wire::skip(bytes, at).ok()?;
                let entries = &bytes[next..end];
                (Self::Map(MapRef { len, entries }), end)
            }
        })
    }

    /// Appends the value's MessagePack to `out`.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Nil => wire::write_nil(out),
            Self::Bool(value) => wire::write_bool(out, value),
            Self::Int(value) => wire::write_int(out, value),
            Self::UInt(value) => wire::write_uint(out, value),
            Self::Float(value) => wire::write_float(out, value),
            Self::Str(text) => wire::write_str(out, text.as_bytes()),
            Self::Bin(bytes) => wire::write_bin(out, bytes),
            Self::Ext(kind, bytes) => wire::write_ext(out, kind, bytes),
            Self::Array(array) => {
                wire::write_array_head(out, array.len);
                out.extend_from_slice(array.items);
            }
            Self::Map(map) => {
                wire::write_map_head(out, map.len);
                out.extend_from_slice(map.entries);
            }
        }
    }
}

impl<'a> ArrayRef<'a> {
    /// How many items.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The items, in order.
    pub fn iter(self) -> impl Iterator<Item = ValueRef<'a>> {
        let mut at = 0;
        (0..self.len).map_while(move |_| {
            let (value, end) = ValueRef::read(self.items, at)?;
            at = end;
            Some(value)
        })
    }
}

impl<'a> MapRef<'a> {
    /// How many entries.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The value of `key`. Walks past the entries before it.
    pub fn get(self, key: &str) -> Option<ValueRef<'a>> {
        let mut at = 0;
        for _ in 0..self.len {
            let (name, value) = self.key(at)?;
            if name == key.as_bytes() {
                return ValueRef::read(self.entries, value).map(|(value, _)| value);
            }
            at = wire::skip(self.entries, value).ok()?;
        }
        None
    }

    /// The entries, in order.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, ValueRef<'a>)> {
        let mut at = 0;
        (0..self.len).map_while(move |_| {
            let (name, value) = self.key(at)?;
            let (value, end) = ValueRef::read(self.entries, value)?;
            at = end;
            Some((std::str::from_utf8(name).ok()?, value))
        })
    }

    /// Each entry's key and, as they stand, the bytes of key and value.
    pub(crate) fn raw(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let mut at = 0;
        (0..self.len).map_while(move |_| {
            let start = at;
            let (name, value) = self.key(at)?;
            at = wire::skip(self.entries, value).ok()?;
            Some((name, &self.entries[start..at]))
        })
    }

    /// The key at `at`, and where its value begins.
    fn key(self, at: usize) -> Option<(&'a [u8], usize)> {
        let (Head::Str(len), next) = wire::head(self.entries, at).ok()? else {
            return None;
        };
        wire::content(self.entries, next, len).ok()
    }
}
