//! The forms in which rows are written.

use axum::http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use utoipa::ToSchema;
use watchbox_model::{
    RowRef,
    row::{JsonEncoding, write_json},
};

use super::csv;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// One JSON object a line.
    Ndjson,
    /// One JSON array of objects.
    Json,
    /// RFC 4180, the columns in the order in which they first come. Text that a spreadsheet would take for a formula is preceded
    /// by an apostrophe: for exact values use the other forms.
    Csv,
}

impl Format {
    /// The first form of `Accept` that is known.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT);
        let accept = accept.and_then(|accept| accept.to_str().ok());
        let known = |range: &str| match range.split(';').next().unwrap_or_default().trim() {
            "application/x-ndjson" | "application/ndjson" => Some(Self::Ndjson),
            "application/json" => Some(Self::Json),
            "text/csv" => Some(Self::Csv),
            _ => None,
        };
        accept
            .and_then(|accept| accept.split(',').find_map(known))
            .unwrap_or(Self::Ndjson)
    }

    /// What `Content-Type` says.
    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        })
    }
}

/// Writes rows in one of the forms.
pub(super) enum Writer {
    /// One JSON object a line.
    Ndjson,
    /// One JSON array.
    Json {
        /// Whether no row was written yet.
        first: bool,
    },
    /// RFC 4180.
    Csv(csv::Columns),
}

impl Writer {
    /// Of one JSON array.
    pub(super) fn json() -> Self {
        Self::Json { first: true }
    }

    /// What comes before the rows.
    pub(super) fn begin(&self, out: &mut Vec<u8>) {
        match self {
            Self::Ndjson => {}
            Self::Json { .. } => out.push(b'['),
            Self::Csv(columns) => columns.write_header(out),
        }
    }

    /// One row.
    pub(super) fn row(&mut self, row: RowRef<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Ndjson => {
                write_json(row, JsonEncoding::Api, out);
                out.push(b'\n');
            }
            Self::Json { first } => {
                if !std::mem::take(first) {
                    out.push(b',');
                }
                out.push(b'\n');
                write_json(row, JsonEncoding::Api, out);
            }
            Self::Csv(columns) => columns.write_row(row, out),
        }
    }

    /// What comes after the rows.
    pub(super) fn end(&self, out: &mut Vec<u8>) {
        if let Self::Json { .. } = self {
            out.extend_from_slice(b"\n]\n");
        }
    }
}
