use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn row(columns: &[(&str, ValueRef<'_>)]) -> Rows {
    let mut builder = RowsBuilder::new();
    builder.push_columns(columns.iter().copied());
    builder.finish()
}

fn json(rows: &Rows, encoding: JsonEncoding) -> String {
    let mut out = Vec::new();
    rows.iter()
        .for_each(|row| write_json(row, encoding, &mut out));
    String::from_utf8(out).expect("UTF-8")
}

fn column(name: &str, kind: ColumnType) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        description: String::new(),
    }
}

#[test]
fn each_encoding_writes_what_json_lacks_in_its_way() {
    let rows = row(&[
        ("nil", ValueRef::Nil),
        ("big", ValueRef::UInt(u64::MAX)),
        ("low", ValueRef::Int(i64::MIN)),
        ("exact", ValueRef::UInt(MAX_EXACT)),
        ("nan", ValueRef::Float(f64::NAN)),
        ("inf", ValueRef::Float(f64::NEG_INFINITY)),
        ("float", ValueRef::Float(1.0)),
        ("bytes", ValueRef::Bin(&[0xff, 0])),
        ("ext", ValueRef::Ext(7, &[1])),
        ("té😀", ValueRef::Str("\u{1}\"\\\n")),
    ]);
    insta::assert_snapshot!(json(&rows, JsonEncoding::Api), @r#"{"nil":null,"big":18446744073709551615,"low":-9223372036854775808,"exact":9007199254740991,"nan":null,"inf":null,"float":1.0,"bytes":"/wA=","ext":"AQ==","té😀":"\u0001\"\\\n"}"#);
    insta::assert_snapshot!(json(&rows, JsonEncoding::Guest), @r#"{"nil":null,"big":"18446744073709551615","low":"-9223372036854775808","exact":9007199254740991,"nan":null,"inf":null,"float":1.0,"bytes":"/wA=","ext":"AQ==","t\u00e9\ud83d\ude00":"\u0001\"\\\n"}"#);
}

#[test]
fn types_turn_a_guest_s_text_back() {
    let columns = [
        column("big", ColumnType::Int),
        column("bytes", ColumnType::Bytes),
        column("float", ColumnType::Float),
        column("text", ColumnType::String),
    ];
    let rows = rows_from_guest_json(
        br#"[{"big":"18446744073709551615","bytes":"/wA","float":1,"text":"5"},
            {"big":"n/a","bytes":"~","float":null,"text":5}]"#,
        &columns,
    )
    .expect("rows");
    let wanted = [
        ("big", ValueRef::UInt(u64::MAX)),
        ("bytes", ValueRef::Bin(&[0xff, 0])),
        ("float", ValueRef::Float(1.0)),
        ("text", ValueRef::Str("5")),
    ];
    assert_eq!(
        rows.get(0).expect("a row").columns().collect::<Vec<_>>(),
        wanted
    );
    assert_eq!(
        json(&rows.slice(1..2), JsonEncoding::Api),
        r#"{"big":"n/a","bytes":"~","float":null,"text":5}"#
    );
}

#[test]
fn a_guest_s_lone_surrogate_is_replaced() {
    let rows = rows_from_guest_json(br#"[{"a":"\ud83dx\udc00\ud83d\ude00"}]"#, &[]).expect("rows");
    let wanted = ValueRef::Str("\u{fffd}x\u{fffd}😀");
    assert_eq!(rows.get(0).and_then(|row| row.column("a")), Some(wanted));
}

#[test]
fn what_a_guest_gets_wrong_is_told_by_row() {
    let error = |text: &str| {
        rows_from_guest_json(text.as_bytes(), &[])
            .expect_err(text)
            .to_string()
    };
    insta::assert_snapshot!(error(r#"[{},{"a":NaN}]"#), @"row 1: `NaN` is no JSON; null is wanted in its place (byte 6 of it)");
    insta::assert_snapshot!(error(r#"{"a":1}"#), @"row 0: an array of objects, column name to value, is wanted");
    insta::assert_snapshot!(error("[5]"), @"row 0: a number where an object is wanted");
    insta::assert_snapshot!(error("[{}"), @"row 1: it is cut short");
    insta::assert_snapshot!(error("[{},"), @"row 1: it is cut short");
    insta::assert_snapshot!(error("[{}{}]"), @"row 1: `,` or `]` is wanted before it");
    insta::assert_snapshot!(error("[{}] x"), @"row 1: 1 bytes follow the last row");
    insta::assert_snapshot!(error(r#"[{"a":1,"a":2}]"#), @"row 0: column `a` comes twice");
    assert_eq!(
        rows_from_guest_json(b"[{\"a\":\"\xff\"}]", &[]),
        Err(RowError {
            row: 0,
            kind: RowErrorKind::Utf8
        })
    );
    for none in ["", " ", "[]", " [ ] "] {
        assert_eq!(
            rows_from_guest_json(none.as_bytes(), &[]),
            Ok(Rows::default()),
            "{none:?}"
        );
    }
}

#[test]
fn what_a_store_hands_back_unchecked_does_not_overflow_the_stack() {
    let deep: Bytes = [&[0x81, 0xa1, b'a'][..], &[0x91; 500_000], &[0xc0]]
        .concat()
        .into();
    let ends = vec![deep.len() as u32];
    let rows = Rows::from_parts(deep, ends).expect("parts that fit");
    let json = json(&rows, JsonEncoding::Api);
    assert!(json.contains("null"), "{json}");
}

proptest! {
    #[test]
    fn text_reads_back_from_both_encodings(
        columns in prop::collection::btree_map("\\PC{0,20}|[\u{0}-\u{7f}é\u{10ffff}]{0,20}", any::<String>(), 0..6)
    ) {
        let values: Vec<_> = columns.iter().map(|(name, text)| (name.as_str(), ValueRef::Str(text))).collect();
        let rows = row(&values);
        let api = json(&rows, JsonEncoding::Api);
        let guest = json(&rows, JsonEncoding::Guest);
        prop_assert!(guest.is_ascii(), "{}", guest);
        for text in [api, guest] {
            let read: std::collections::BTreeMap<String, String> = serde_json::from_str(&text).expect("JSON");
            prop_assert_eq!(&read, &columns);
            prop_assert_eq!(rows_from_guest_json(format!("[{text}]").as_bytes(), &[]), Ok(rows.clone()));
        }
    }

    #[test]
    fn no_array_of_a_guest_panics(array in "\\[\\{\"[a-z]\":.{0,40}|\\PC{0,60}") {
        if let Ok(rows) = rows_from_guest_json(array.as_bytes(), &[column("a", ColumnType::Int), column("b", ColumnType::Bytes)]) {
            prop_assert!(Rows::from_array(rows.to_array().into()).is_ok());
        }
    }
}
