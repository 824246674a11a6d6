//! Rows as the server sends them: JSON objects whose columns keep their order.

use std::{borrow::Cow, fmt, io::Write};

use anyhow::Context as _;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;
use watchbox_model::{Time, row::TS};

use super::{printable, stamp};
use crate::args::RowFormat;

/// A row, its columns in the order in which they came.
#[derive(Clone, Debug, PartialEq)]
pub struct Record(pub Vec<(String, Value)>);

impl Record {
    /// The text of the column `name`, for people; empty where it is missing or null.
    pub fn text(&self, name: &str) -> Cow<'_, str> {
        self.0
            .iter()
            .find(|(column, _)| column == name)
            .map_or(Cow::Borrowed(""), |(column, value)| plain(column, value))
    }

    /// The whole row on one line: `2026-11-25T04:00:00Z ClientId=C.1 CommandLine="powershell -enc …"`.
    pub fn line(&self) -> String {
        let mut out = String::new();
        for (column, value) in &self.0 {
            if !out.is_empty() {
                out.push(' ');
            }
            if column != TS {
                out.push_str(&printable(column));
                out.push('=');
            }
            match value {
                Value::String(text) if text.contains([' ', '"', '=']) || text.is_empty() => {
                    // JSON's quotes say where it ends.
                    out.push_str(&printable(&value.to_string()));
                }
                _ => out.push_str(&printable(&plain(column, value))),
            }
        }
        out
    }
}

/// A value, for people: text as it is, `_ts` as a time, all else as JSON.
fn plain<'v>(column: &str, value: &'v Value) -> Cow<'v, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Number(seconds) if column == TS => {
            let seconds = seconds.as_f64().unwrap_or_default();
            Cow::Owned(stamp(Time::from_seconds(seconds)))
        }
        other => Cow::Owned(other.to_string()),
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Columns;

        impl<'de> Visitor<'de> for Columns {
            type Value = Record;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row: a JSON object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Record, M::Error> {
                let mut columns = Vec::new();
                while let Some(column) = map.next_entry()? {
                    columns.push(column);
                }
                Ok(Record(columns))
            }
        }

        deserializer.deserialize_map(Columns)
    }
}

/// Prints a row as it comes in: on one line for people, or as it is.
pub fn print_row(json: &[u8], format: RowFormat, out: &mut impl Write) -> anyhow::Result<()> {
    if format == RowFormat::Table {
        let record: Record =
            serde_json::from_slice(json).context("the server sent a row that can't be read")?;
        writeln!(out, "{}", record.line())?;
    } else {
        out.write_all(json)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"_ts":1764043200.5,"ClientId":"C.1","Z":"a b","A":{"k":[1,null]},"Gone":null,"Esc":"\u001b[2J"}"#;

    #[test]
    fn columns_keep_their_order_and_read_well() {
        let record: Record = serde_json::from_str(ROW).unwrap();
        insta::assert_snapshot!(record.line(), @r#"2025-11-25T04:00:00Z ClientId=C.1 Z="a b" A={"k":[1,null]} Gone= Esc=\u{1b}[2J"#);
    }

    #[test]
    fn what_is_missing_reads_as_nothing() {
        let record: Record = serde_json::from_str(ROW).unwrap();
        assert_eq!(record.text("Z"), "a b");
        assert_eq!(record.text("Gone"), "");
        assert_eq!(record.text("Never"), "");
    }
}
