//! CSV as RFC 4180 has it: comma, CRLF, quotes where they are needed.
//!
//! The attack that the apostrophe stops: a spreadsheet runs text that begins with `=`, `+`, `-` or `@` as a formula, and what clients report
//! (a command line, say) is for an attacker to choose. So such *text* is preceded by `'`; numbers are left as they are.

use std::collections::HashMap;

use watchbox_model::{
    RowRef, RowsBuilder, ValueRef,
    row::{JsonEncoding, write_json},
};

use super::Reader;
use crate::api::problem::{Kind, Problem};

/// The most columns of one page.
const MAX_COLUMNS: usize = 2_000;

/// The columns of a page, in the order in which they first come.
pub(super) struct Columns {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Columns {
    /// Reads the page once for its columns, so that none of it need be kept to write the header.
    pub(super) async fn of(mut page: Reader) -> Result<Self, Problem> {
        let mut columns = Self {
            names: Vec::new(),
            places: HashMap::new(),
        };
        while page.next(|_, row| columns.add(row)).await? {
            if columns.names.len() > MAX_COLUMNS {
                let detail = format!(
                    "the page has more than {MAX_COLUMNS} columns: ask for NDJSON, or for a smaller page"
                );
                return Err(Problem::new(Kind::Invalid, detail));
            }
        }
        Ok(columns)
    }

    fn add(&mut self, row: RowRef<'_>) {
        for (name, _) in row.columns() {
            // One more than there may be tells that there are too many.
            if self.names.len() <= MAX_COLUMNS && !self.places.contains_key(name) {
                self.places.insert(name.to_owned(), self.names.len());
                self.names.push(name.to_owned());
            }
        }
    }

    /// The header.
    pub(super) fn write_header(&self, out: &mut Vec<u8>) {
        for (at, name) in self.names.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_text(name, out);
        }
        out.extend_from_slice(b"\r\n");
    }

    /// One row. What it lacks is left empty.
    pub(super) fn write_row(&self, row: RowRef<'_>, out: &mut Vec<u8>) {
        let mut cells = vec![ValueRef::Nil; self.names.len()];
        for (name, value) in row.columns() {
            if let Some(place) = self.places.get(name) {
                cells[*place] = value;
            }
        }
        for (at, value) in cells.into_iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_cell(value, out);
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn write_cell(value: ValueRef<'_>, out: &mut Vec<u8>) {
    match value {
        ValueRef::Nil => {}
        ValueRef::Str(text) => write_text(text, out),
        ValueRef::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
        ValueRef::Int(value) => out.extend_from_slice(value.to_string().as_bytes()),
        ValueRef::UInt(value) => out.extend_from_slice(value.to_string().as_bytes()),
        ValueRef::Float(_)
        | ValueRef::Bin(_)
        | ValueRef::Array(_)
        | ValueRef::Map(_)
        | ValueRef::Ext(..) => write_quoted(&json(value), out),
    }
}

/// A value as the API's JSON has it; what is a string or null there is bare text or nothing here.
fn json(value: ValueRef<'_>) -> String {
    const BEFORE: &[u8] = b"{\"\":";
    let mut row = RowsBuilder::new();
    row.push_columns([("", value)]);
    let mut json = Vec::new();
    if let Some(row) = row.finish().get(0) {
        write_json(row, JsonEncoding::Api, &mut json);
    }
    let json = json
        .strip_prefix(BEFORE)
        .and_then(|json| json.strip_suffix(b"}"))
        .unwrap_or_default();
    let text = json
        .strip_prefix(b"\"")
        .and_then(|json| json.strip_suffix(b"\""))
        .unwrap_or(json);
    match text {
        b"null" => String::new(),
        text => String::from_utf8_lossy(text).into_owned(),
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        write_quoted(&format!("'{text}"), out);
    } else {
        write_quoted(text, out);
    }
}

fn write_quoted(text: &str, out: &mut Vec<u8>) {
    if !text.contains([',', '"', '\r', '\n']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(value: ValueRef<'_>) -> String {
        let mut out = Vec::new();
        write_cell(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn quotes_are_put_where_they_are_needed() {
        insta::assert_snapshot!(cell(ValueRef::Str("plain")), @"plain");
        insta::assert_snapshot!(cell(ValueRef::Str("a,b")), @r#""a,b""#);
        insta::assert_snapshot!(cell(ValueRef::Str("say \"hi\"")), @r#""say ""hi""""#);
        assert_eq!(cell(ValueRef::Str("two\r\nlines")), "\"two\r\nlines\"");
        assert_eq!(cell(ValueRef::Nil), "");
    }

    #[test]
    fn text_that_a_spreadsheet_would_run_is_defused() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"] {
            assert_eq!(cell(ValueRef::Str(text)), format!("'{text}"));
        }
        assert_eq!(cell(ValueRef::Str("=\"a\"")), "\"'=\"\"a\"\"\"");
        assert_eq!(cell(ValueRef::Int(-1)), "-1");
        assert_eq!(cell(ValueRef::Float(-1.5)), "-1.5");
    }

    #[test]
    fn columns_come_in_the_order_in_which_they_first_came() {
        let mut rows = RowsBuilder::new();
        rows.push_columns([("a", ValueRef::UInt(1)), ("b", ValueRef::Bool(true))]);
        rows.push_columns([("c", ValueRef::Str("x")), ("a", ValueRef::UInt(2))]);
        let rows = rows.finish();
        let mut columns = Columns {
            names: Vec::new(),
            places: HashMap::new(),
        };
        rows.iter().for_each(|row| columns.add(row));
        let mut out = Vec::new();
        columns.write_header(&mut out);
        rows.iter().for_each(|row| columns.write_row(row, &mut out));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "a,b,c\r\n1,true,\r\n2,,x\r\n"
        );
    }
}
