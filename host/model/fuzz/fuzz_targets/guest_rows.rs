//! Rows that a guest returns in JSON: what is accepted are rows, and their JSON reads back to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchbox_model::{
    Rows,
    manifest::{Column, ColumnType},
    row::{JsonEncoding, rows_from_guest_json, write_json},
};

fuzz_target!(|array: &[u8]| {
    let column = |name: &str, kind| Column {
        name: name.to_owned(),
        kind,
        description: String::new(),
    };
    let columns = [
        column("i", ColumnType::Int),
        column("f", ColumnType::Float),
        column("b", ColumnType::Bytes),
    ];
    let Ok(rows) = rows_from_guest_json(array, &columns) else {
        return;
    };
    Rows::from_array(rows.to_array().into()).expect("rows that pass the check");
    let mut json = vec![b'['];
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        write_json(row, JsonEncoding::Guest, &mut json);
    }
    json.push(b']');
    assert!(json.is_ascii());
    assert_eq!(
        rows_from_guest_json(&json, &columns)
            .expect("its own JSON")
            .len(),
        rows.len()
    );
});
