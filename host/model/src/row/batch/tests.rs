use proptest::prelude::*;
use serde_json::{Value, json};

use super::{super::MAX_DEPTH, *};
use crate::row::{CLIENT_ID, MAX_ROW};

fn packed(value: &Value) -> Bytes {
    rmp_serde::to_vec(value).expect("MessagePack").into()
}

fn some() -> Rows {
    Rows::from_array(packed(
        &json!([{ "a": 1, "b": "x" }, {}, { "c": [1, { "d": null }] }]),
    ))
    .expect("rows")
}

#[track_caller]
fn refused(array: &[u8]) -> RowError {
    Rows::from_array(Bytes::copy_from_slice(array)).expect_err("no rows")
}

#[test]
fn rows_are_read_in_place() {
    let rows = some();
    assert_eq!(rows.len(), 3);
    let first = rows.get(0).expect("a row");
    assert_eq!(first.column("a"), Some(ValueRef::UInt(1)));
    assert_eq!(first.column("b").and_then(ValueRef::as_str), Some("x"));
    assert_eq!(first.column("c"), None);
    assert_eq!(rows.get(3), None);
    let Some(ValueRef::Array(array)) = rows.get(2).and_then(|row| row.column("c")) else {
        panic!("an array");
    };
    let items: Vec<_> = array.iter().collect();
    assert_eq!((array.len(), items.len()), (2, 2));
    assert!(matches!(items[1], ValueRef::Map(map) if map.get("d") == Some(ValueRef::Nil)));
}

#[test]
fn no_bytes_and_an_empty_array_are_no_rows() {
    assert_eq!(Rows::from_array(Bytes::new()), Ok(Rows::default()));
    assert_eq!(
        Rows::from_array(Bytes::from_static(&[0x90])),
        Ok(Rows::default())
    );
    assert_eq!(Rows::default().to_array(), [0x90]);
}

#[test]
fn slices_share_the_buffer_and_are_cut_to_what_is_there() {
    let rows = some();
    let tail = rows.slice(1..9);
    assert_eq!(tail.len(), 2);
    assert_eq!(tail.get(1), rows.get(2));
    assert!(std::ptr::eq(
        tail.parts().0.as_ptr_range().end,
        rows.parts().0.as_ptr_range().end
    ));
    assert!(rows.slice(2..2).is_empty());
    assert!(rows.slice(7..9).is_empty());
}

#[test]
fn parts_lead_back_to_the_rows() {
    let rows = some();
    let (data, ends) = rows.parts();
    assert_eq!(
        Rows::from_parts(data.clone(), ends.to_vec()),
        Ok(rows.clone())
    );
    for wrong in [vec![], vec![5, 5, 20], vec![9, 3], vec![1_000_000]] {
        assert!(
            Rows::from_parts(data.clone(), wrong.clone()).is_err(),
            "{wrong:?}"
        );
    }
}

#[test]
fn what_is_no_row_is_refused_by_its_place() {
    let shape = |kind| RowErrorKind::Shape(kind);
    for (array, row, kind) in [
        (&b"\x81\xa1a\x01"[..], 0, shape("a map")),
        (b"\x05", 0, shape("an integer")),
        (b"\x92\x80\xc0", 1, shape("nil")),
        (b"\x92\x80", 1, RowErrorKind::Truncated),
        (b"\xdd\xff\xff\xff\xff", 0, RowErrorKind::Truncated),
        (b"\x91\x81\xa5ab", 0, RowErrorKind::Truncated),
        (b"\x91\x81\x01\x01", 0, RowErrorKind::Key),
        (b"\x91\x81\xa1\xff\x01", 0, RowErrorKind::Utf8),
        (b"\x91\x81\xa1a\xa1\xff", 0, RowErrorKind::Utf8),
        (b"\x91\x81\xa1a\xc1", 0, RowErrorKind::Marker),
        (b"\x91\x80\x80", 1, RowErrorKind::Trailing(1)),
        (
            b"\x91\x82\xa1a\x01\xa1a\x02",
            0,
            RowErrorKind::Duplicate("a".to_owned()),
        ),
        // The same name, once in a longer spelling.
        (
            b"\x91\x82\xa1a\x01\xd9\x01a\x02",
            0,
            RowErrorKind::Duplicate("a".to_owned()),
        ),
        (
            b"\x91\x81\xa1a\x82\xa1b\x01\xa1b\x02",
            0,
            RowErrorKind::Duplicate("b".to_owned()),
        ),
    ] {
        assert_eq!(refused(array), RowError { row, kind }, "{array:x?}");
    }
}

#[test]
fn nesting_and_size_have_bounds() {
    let nested = |depth: usize| {
        [
            &[0x91, 0x81, 0xa1, b'a'][..],
            &vec![0x91; depth - 1],
            &[0xc0],
        ]
        .concat()
    };
    assert!(Rows::from_array(nested(MAX_DEPTH).into()).is_ok());
    assert_eq!(refused(&nested(MAX_DEPTH + 1)).kind, RowErrorKind::Depth);
    assert_eq!(refused(&nested(1_000_000)).kind, RowErrorKind::Depth);
    let sized = |len: usize| packed(&json!([{ "a": "x".repeat(len) }]));
    assert!(Rows::from_array(sized(MAX_ROW - 8)).is_ok());
    assert!(matches!(
        refused(&sized(MAX_ROW)).kind,
        RowErrorKind::Size(_)
    ));
}

#[test]
fn a_column_twice_among_very_many_is_found() {
    let mut columns: serde_json::Map<_, _> =
        (0..50_000).map(|n| (format!("c{n}"), json!(n))).collect();
    assert!(Rows::from_array(packed(&json!([columns]))).is_ok());
    columns.insert("c700x".to_owned(), json!(1));
    let mut array = packed(&json!([columns])).to_vec();
    let at = array
        .windows(6)
        .position(|part| part == b"\xa5c700x")
        .expect("the column");
    array[at..at + 6].copy_from_slice(b"\xa5c7001");
    assert_eq!(
        refused(&array).kind,
        RowErrorKind::Duplicate("c7001".to_owned())
    );
}

#[test]
fn columns_are_put_before_a_row_s_own() {
    let rows = Rows::from_array(packed(&json!([{ "_ts": 1, "a": 2 }]))).expect("rows");
    let mut builder = RowsBuilder::new();
    let before = [
        ("_ts", ValueRef::Float(1.5)),
        (CLIENT_ID, ValueRef::Str("C.1")),
    ];
    builder.push_with(&before, rows.get(0).expect("a row"));
    let out = builder.finish();
    let columns: Vec<_> = out.get(0).expect("a row").columns().collect();
    assert_eq!(columns, [before[0], before[1], ("a", ValueRef::UInt(2))]);
    assert_eq!(Rows::from_array(out.to_array().into()), Ok(out));
}

#[test]
fn reading_rows_that_lie_ends_early_and_does_not_panic() {
    let rows = Rows::from_parts(Bytes::from_static(b"\x83\xa1a\x01\xa1"), vec![5])
        .expect("parts that fit");
    let row = rows.get(0).expect("a row");
    assert_eq!(row.columns().count(), 1);
    assert_eq!(row.column("b"), None);
    let none = Rows::from_parts(Bytes::from_static(b"\xc0"), vec![1]).expect("parts that fit");
    assert_eq!(none.get(0).map(|row| row.columns().count()), Some(0));
}

#[derive(Clone, Debug)]
enum Own {
    Nil,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Str(String),
    Bin(Vec<u8>),
    Ext(i8, Vec<u8>),
}

impl Own {
    fn value(&self) -> ValueRef<'_> {
        match self {
            Self::Nil => ValueRef::Nil,
            Self::Bool(value) => ValueRef::Bool(*value),
            // An integer of zero or more reads back as such.
            Self::Int(value) => u64::try_from(*value).map_or(ValueRef::Int(*value), ValueRef::UInt),
            Self::UInt(value) => ValueRef::UInt(*value),
            Self::Float(value) => ValueRef::Float(*value),
            Self::Str(text) => ValueRef::Str(text),
            Self::Bin(bytes) => ValueRef::Bin(bytes),
            Self::Ext(kind, bytes) => ValueRef::Ext(*kind, bytes),
        }
    }
}

fn own() -> impl Strategy<Value = Own> {
    prop_oneof![
        Just(Own::Nil),
        any::<bool>().prop_map(Own::Bool),
        prop_oneof![any::<i64>(), -300..300i64].prop_map(Own::Int),
        prop_oneof![any::<u64>(), 0..70_000u64].prop_map(Own::UInt),
        any::<f64>()
            .prop_filter("equal to itself", |value| !value.is_nan())
            .prop_map(Own::Float),
        prop_oneof![".{0,40}", "x{250,260}"].prop_map(Own::Str),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Own::Bin),
        (any::<i8>(), prop::collection::vec(any::<u8>(), 0..20))
            .prop_map(|(kind, bytes)| Own::Ext(kind, bytes)),
    ]
}

proptest! {
    #[test]
    fn what_is_built_reads_back(
        rows in prop::collection::vec(prop::collection::btree_map(".{0,40}", own(), 0..20), 0..8)
    ) {
        let mut builder = RowsBuilder::new();
        for row in &rows {
            builder.push_columns(row.iter().map(|(name, own)| (name.as_str(), own.value())));
        }
        let built = builder.finish();
        let read = Rows::from_array(built.to_array().into()).expect("rows");
        prop_assert_eq!(&read, &built);
        prop_assert_eq!(read.len(), rows.len());
        for (row, wanted) in read.iter().zip(&rows) {
            prop_assert_eq!(row.columns().count(), wanted.len());
            for (name, own) in wanted {
                prop_assert_eq!(row.column(name), Some(own.value()));
            }
        }
    }

    #[test]
    fn no_bytes_panic_and_what_passes_can_be_walked(bytes: Vec<u8>) {
        // Half of them at least begin like rows.
        for array in [bytes.clone(), [&[0x91, 0x81][..], &bytes].concat()] {
            if let Ok(rows) = Rows::from_array(array.into()) {
                for row in rows.iter() {
                    prop_assert_eq!(row.columns().count(), row.map().len());
                }
            }
        }
    }
}
