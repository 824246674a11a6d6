//! How values stand in SQLite's columns.

use std::{error::Error, str::FromStr};

use rusqlite::{Result, Row, types::Type};
use serde::{Serialize, de::DeserializeOwned};
use watchbox_model::Time;

use crate::StoreError;

/// A count, position or number for SQLite, whose integers are signed; what is beyond them stands for "the end".
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count, position or number out of column `at`.
pub(super) fn uint(row: &Row<'_>, at: usize) -> Result<u64> {
    let number: i64 = row.get(at)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(at, number))
}

/// A moment out of column `at`.
pub(super) fn time(row: &Row<'_>, at: usize) -> Result<Time> {
    row.get(at).map(Time::from_micros)
}

/// A moment out of column `at`, if there is one.
pub(super) fn optional_time(row: &Row<'_>, at: usize) -> Result<Option<Time>> {
    let micros: Option<i64> = row.get(at)?;
    Ok(micros.map(Time::from_micros))
}

/// What column `at` holds as text.
pub(super) fn parsed<T>(row: &Row<'_>, at: usize) -> Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    parse(row.get_ref(at)?.as_str()?, at)
}

/// What column `at` holds as text, if there is something.
pub(super) fn optional<T>(row: &Row<'_>, at: usize) -> Result<Option<T>>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let text = row.get_ref(at)?.as_str_or_null()?;
    text.map(|text| parse(text, at)).transpose()
}

/// What `text` out of column `at` says.
pub(super) fn parse<T>(text: &str, at: usize) -> Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    text.parse().map_err(|error| unreadable(at, error))
}

/// What column `at` holds as JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> Result<T> {
    serde_json::from_str(row.get_ref(at)?.as_str()?).map_err(|error| unreadable(at, error))
}

/// What column `at` holds as JSON, if there is something.
pub(super) fn optional_json<T: DeserializeOwned>(row: &Row<'_>, at: usize) -> Result<Option<T>> {
    let text = row.get_ref(at)?.as_str_or_null()?;
    text.map(|text| serde_json::from_str(text).map_err(|error| unreadable(at, error)))
        .transpose()
}

/// The error for column `at` holding what nobody put there.
pub(super) fn unreadable(
    at: usize,
    error: impl Into<Box<dyn Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, Type::Text, error.into())
}

/// A value as JSON text.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Other(error.to_string()))
}
