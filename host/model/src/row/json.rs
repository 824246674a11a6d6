//! Rows from JSON, and to JSON.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{
    MAX_DEPTH, MAX_ROW, RowError, RowErrorKind, RowRef, Rows, RowsBuilder, ValueRef, wire,
};
use crate::{
    json::{Surrogates, Transcoder, plain, skip_space},
    manifest::{Column, ColumnType},
};

/// Base64 as it is written everywhere; read with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The largest integer that every reader of JSON holds exactly.
const MAX_EXACT: u64 = (1 << 53) - 1;

/// How values that JSON lacks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonEncoding {
    /// For people and scripts (API, CLI): UTF-8, integers exact as numbers, bytes as base64, NaN and infinities as null.
    Api,
    /// For guests whose manifest says `encoding: json`: ASCII only, integers beyond 2^53-1 as decimal text, bytes as base64, NaN and infinities as null.
    Guest,
}

/// Appends `row` to `out` as one JSON object, without a line end.
pub fn write_json(row: RowRef<'_>, encoding: JsonEncoding, out: &mut Vec<u8>) {
    write_value(ValueRef::Map(row.map()), encoding, out, 1);
}

fn write_value(value: ValueRef<'_>, encoding: JsonEncoding, out: &mut Vec<u8>, depth: usize) {
    match value {
        ValueRef::Nil => out.extend_from_slice(b"null"),
        ValueRef::Bool(true) => out.extend_from_slice(b"true"),
        ValueRef::Bool(false) => out.extend_from_slice(b"false"),
        ValueRef::Int(value) => write_integer(value, value.unsigned_abs(), encoding, out),
        ValueRef::UInt(value) => write_integer(value, value, encoding, out),
        // Of what is not finite, this makes null. Writing to memory can't fail.
        ValueRef::Float(value) => drop(serde_json::to_writer(out, &value)),
        ValueRef::Str(text) => write_text(text, encoding, out),
        ValueRef::Bin(bytes) | ValueRef::Ext(_, bytes) => {
            out.push(b'"');
            out.extend_from_slice(BASE64.encode(bytes).as_bytes());
            out.push(b'"');
        }
        // Checked rows nest less deep; those that a store hands back unchecked must not overflow the stack.
        ValueRef::Array(_) | ValueRef::Map(_) if depth > MAX_DEPTH => {
            out.extend_from_slice(b"null");
        }
        ValueRef::Array(array) => {
            out.push(b'[');
            for (index, item) in array.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(item, encoding, out, depth + 1);
            }
            out.push(b']');
        }
        ValueRef::Map(map) => {
            out.push(b'{');
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(key, encoding, out);
                out.push(b':');
                write_value(value, encoding, out, depth + 1);
            }
            out.push(b'}');
        }
    }
}

fn write_integer(
    value: impl serde::Serialize,
    size: u64,
    encoding: JsonEncoding,
    out: &mut Vec<u8>,
) {
    let quoted = encoding == JsonEncoding::Guest && size > MAX_EXACT;
    if quoted {
        out.push(b'"');
    }
    drop(serde_json::to_writer(&mut *out, &value));
    if quoted {
        out.push(b'"');
    }
}

fn write_text(text: &str, encoding: JsonEncoding, out: &mut Vec<u8>) {
    let mut rest = text;
    out.push(b'"');
    loop {
        let len = match encoding {
            JsonEncoding::Api => plain::<false>(rest.as_bytes()),
            JsonEncoding::Guest => plain::<true>(rest.as_bytes()),
        };
        let (before, special) = rest.split_at(len);
        out.extend_from_slice(before.as_bytes());
        let mut letters = special.chars();
        match letters.next() {
            None => break,
            Some(letter @ ('"' | '\\')) => out.extend_from_slice(&[b'\\', letter as u8]),
            Some('\n') => out.extend_from_slice(b"\\n"),
            Some('\r') => out.extend_from_slice(b"\\r"),
            Some('\t') => out.extend_from_slice(b"\\t"),
            Some(letter) => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write_unit(*unit, out);
                }
            }
        }
        rest = letters.as_str();
    }
    out.push(b'"');
}

/// Appends `\uXXXX`.
fn write_unit(unit: u16, out: &mut Vec<u8>) {
    let digit = |shift: u32| b"0123456789abcdef"[usize::from(unit >> shift & 0xf)];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Reads what a guest of `encoding: json` returned: a JSON array of objects. The types of `columns` turn text back into integers and bytes, and
/// whole numbers into floats; a value that does not fit its column's type stays as it is. A lone surrogate becomes U+FFFD; `NaN` is an error
/// by name. No bytes at all mean no rows.
pub fn rows_from_guest_json(array: &[u8], columns: &[Column]) -> Result<Rows, RowError> {
    let failed = |row, kind| RowError { row, kind };
    let wrong = |row, text: &str| failed(row, RowErrorKind::Json(text.to_owned()));
    // A row in MessagePack can be some five times as long as in JSON.
    if array.len() > Rows::MAX_BYTES / 8 {
        return Err(failed(0, RowErrorKind::Size(array.len())));
    }
    let mut at = skip_space(array, 0);
    if at == array.len() {
        return Ok(Rows::default());
    }
    if array[at] != b'[' {
        return Err(wrong(
            0,
            "an array of objects, column name to value, is wanted",
        ));
    }
    if std::str::from_utf8(array).is_err() {
        return Err(failed(0, RowErrorKind::Utf8));
    }
    let typed = Typed::new(columns);
    let mut transcoder = Transcoder::new(array, Surrogates::Replaced);
    let mut rows = RowsBuilder::with_capacity(0, array.len());
    at = skip_space(array, at + 1);
    let mut row = 0;
    if array.get(at) == Some(&b']') {
        at += 1;
    } else {
        loop {
            let out = rows.buffer();
            let start = out.len();
            let map = wire::open(out);
            let written = transcoder
                .row(at, out, [])
                .map_err(|kind| failed(row, kind))?;
            wire::close_map(out, map, written.len);
            typed.apply(start, out);
            let size = out.len() - start;
            if size > MAX_ROW {
                return Err(failed(row, RowErrorKind::Size(size)));
            }
            rows.seal();
            row += 1;
            at = skip_space(array, written.end);
            match array.get(at) {
                Some(b',') => at = skip_space(array, at + 1),
                Some(b']') => break,
                Some(_) => return Err(wrong(row, "`,` or `]` is wanted before it")),
                None => return Err(failed(row, RowErrorKind::Truncated)),
            }
        }
        at += 1;
    }
    match array.len() - skip_space(array, at) {
        0 => Ok(rows.finish()),
        more => Err(failed(row, RowErrorKind::Trailing(more))),
    }
}

/// The columns whose types tell more than JSON does.
struct Typed<'c>(Vec<&'c Column>);

impl<'c> Typed<'c> {
    fn new(columns: &'c [Column]) -> Self {
        let tells = |column: &&Column| {
            matches!(
                column.kind,
                ColumnType::Int | ColumnType::Float | ColumnType::Bytes
            )
        };
        Self(columns.iter().filter(tells).collect())
    }

    /// Writes the row at the end of `out`, from `start` on, anew where a column's type asks for it.
    fn apply(&self, start: usize, out: &mut Vec<u8>) {
        if self.0.is_empty() {
            return;
        }
        let row = out.split_off(start);
        let map = wire::open(out);
        let mut len = 0;
        for (name, value) in RowRef(&row).columns() {
            wire::write_str(out, name.as_bytes());
            let kind = self
                .0
                .iter()
                .find(|column| column.name == name)
                .map(|column| column.kind);
            write_as(kind, value, out);
            len += 1;
        }
        wire::close_map(out, map, len);
    }
}

fn write_as(kind: Option<ColumnType>, value: ValueRef<'_>, out: &mut Vec<u8>) {
    match (kind, value) {
        (Some(ColumnType::Int), ValueRef::Str(text)) => match (text.parse(), text.parse()) {
            (Ok(value), _) => wire::write_int(out, value),
            (_, Ok(value)) => wire::write_uint(out, value),
            _ => value.write(out),
        },
        (Some(ColumnType::Float), ValueRef::Int(value)) => wire::write_float(out, value as f64),
        (Some(ColumnType::Float), ValueRef::UInt(value)) => wire::write_float(out, value as f64),
        (Some(ColumnType::Bytes), ValueRef::Str(text)) => match BASE64.decode(text) {
            Ok(bytes) => wire::write_bin(out, &bytes),
            Err(_) => value.write(out),
        },
        _ => value.write(out),
    }
}

#[cfg(test)]
mod tests;
