//! Rows that a guest returns in MessagePack: what passes the check can be walked, written and cut.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use watchbox_model::{
    Rows, RowsBuilder,
    filter::Columns,
    row::{JsonEncoding, write_json},
};

fuzz_target!(|array: &[u8]| {
    let Ok(rows) = Rows::from_array(Bytes::copy_from_slice(array)) else {
        return;
    };
    let mut json = Vec::new();
    for row in rows.iter() {
        for (name, value) in row.columns() {
            // Compared as text: a NaN is no equal of itself.
            let found = format!("{:?}", row.column(name));
            assert_eq!(found, format!("{:?}", Some(value)));
        }
        write_json(row, JsonEncoding::Guest, &mut json);
        write_json(row, JsonEncoding::Api, &mut json);
    }
    assert_eq!(Rows::from_array(rows.to_array().into()).as_ref(), Ok(&rows));
    let (data, ends) = rows.parts();
    assert_eq!(
        Rows::from_parts(data.clone(), ends.to_vec()).as_ref(),
        Ok(&rows)
    );
    let columns = Columns::only(vec!["a".to_owned(), "_position".to_owned()]);
    let mut cut = RowsBuilder::new();
    for (position, row) in (u64::from(u32::MAX)..).zip(rows.iter()) {
        columns.cut(row, position, &mut cut);
    }
    let cut = cut.finish();
    assert_eq!(cut.len(), rows.len());
    Rows::from_array(cut.to_array().into()).expect("what was cut are rows");
});
