//! What can be wrong with rows.

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
    /// Not JSON, where JSON is wanted.
    #[error("{0}")]
    Json(String),
}
