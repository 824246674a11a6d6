//! Rows, as they go out.

use serde::Serialize;

use crate::Failure;

/// The rows that a turn emits. They count if the turn does.
#[derive(Debug)]
pub struct Rows {
    /// A MessagePack array whose head, of fixed width, is filled in at the end.
    bytes: Vec<u8>,
    len: u32,
}

const HEAD: usize = 5;

impl Default for Rows {
    fn default() -> Self {
        Self {
            bytes: vec![0; HEAD],
            len: 0,
        }
    }
}

impl Rows {
    /// Emits a row: a struct, or a map with text for keys. Its fields become columns. A row that is neither is a [`Failure::Fault`].
    #[track_caller]
    pub fn push<R: Serialize + ?Sized>(&mut self, row: &R) -> Result<(), Failure> {
        let start = self.bytes.len();
        let written =
            row.serialize(&mut rmp_serde::Serializer::new(&mut self.bytes).with_struct_map());
        let wrong = match written {
            Err(error) => error.to_string(),
            // The marks of a MessagePack map.
            Ok(()) if matches!(self.bytes[start], 0x80..=0x8f | 0xde | 0xdf) => {
                self.len += 1;
                return Ok(());
            }
            Ok(()) => "a row must be a struct or a map".to_owned(),
        };
        self.bytes.truncate(start);
        Err(Failure::fault(format_args!(
            "a {} as a row: {wrong}",
            std::any::type_name::<R>()
        )))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The rows as the contract has them: an array of maps, or nothing for none.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.len == 0 {
            return Vec::new();
        }
        self.bytes[0] = 0xdd;
        self.bytes[1..HEAD].copy_from_slice(&self.len.to_be_bytes());
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn rows_become_one_array_of_maps() {
        #[derive(Serialize)]
        struct Row {
            name: &'static str,
            size: Option<u8>,
        }
        let mut rows = Rows::default();
        rows.push(&Row {
            name: "a",
            size: None,
        })
        .unwrap();
        rows.push(&json!({"x": [1, 2]})).unwrap();
        assert_eq!(rows.len(), 2);
        let read: Value = rmp_serde::from_slice(&rows.finish()).unwrap();
        assert_eq!(read, json!([{"name": "a", "size": null}, {"x": [1, 2]}]));
    }

    #[test]
    fn what_is_no_row_is_a_fault_and_leaves_nothing() {
        let mut rows = Rows::default();
        let error = rows.push(&7).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("a i32 as a row: a row must be a struct or a map"),
            "{error}"
        );
        assert!(rows.is_empty());
        assert_eq!(rows.finish(), b"");
    }
}
