//! The open parameters, as a guest is given them.

use serde_json::{Map, Value};

use super::Parameters;
use crate::{
    manifest::Encoding,
    row::{JsonEncoding, RowRef, wire, write_json},
};

impl Parameters {
    /// The open parameters as one map in `encoding`: what `configure` is called with.
    pub fn encode(&self, encoding: Encoding) -> Vec<u8> {
        let mut msgpack = Vec::new();
        wire::write_map_head(&mut msgpack, self.open.len() as u32);
        for (name, value) in &self.open {
            wire::write_str(&mut msgpack, name.as_bytes());
            write(&mut msgpack, value);
        }
        match encoding {
            Encoding::Msgpack => msgpack,
            Encoding::Json => {
                let mut json = Vec::new();
                write_json(RowRef(&msgpack), JsonEncoding::Guest, &mut json);
                json
            }
        }
    }
}

fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => wire::write_nil(out),
        Value::Bool(value) => wire::write_bool(out, *value),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(value), _) => wire::write_uint(out, value),
            (None, Some(value)) => wire::write_int(out, value),
            (None, None) => wire::write_float(out, number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => wire::write_str(out, text.as_bytes()),
        Value::Array(items) => {
            wire::write_array_head(out, items.len() as u32);
            items.iter().for_each(|item| write(out, item));
        }
        Value::Object(entries) => write_object(out, entries),
    }
}

fn write_object(out: &mut Vec<u8>, entries: &Map<String, Value>) {
    wire::write_map_head(out, entries.len() as u32);
    for (name, value) in entries {
        wire::write_str(out, name.as_bytes());
        write(out, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messagepack_holds_every_kind_of_value() {
        let open = json!({
            "text": "größe", "whole": -3, "large": 9_007_199_254_740_991_u64, "part": 0.5,
            "yes": true, "any": { "list": [1, null, "x"], "map": {} },
        });
        let parameters = Parameters {
            open: open.as_object().unwrap().clone().into_iter().collect(),
            ..Parameters::default()
        };
        let read: Value = rmp_serde::from_slice(&parameters.encode(Encoding::Msgpack)).unwrap();
        assert_eq!(read, open);
    }

    #[test]
    fn no_parameters_are_an_empty_map() {
        assert_eq!(Parameters::default().encode(Encoding::Msgpack), [0x80]);
    }
}
