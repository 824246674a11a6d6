use proptest::prelude::*;
use regex::Regex;
use serde_json::{Value, json};

use super::*;
use crate::{
    RowRef,
    filter::{Condition, Test},
    row::{JsonEncoding, MAX_DEPTH, MAX_ROW, write_json},
};

const AT: Time = Time::from_micros(1_700_000_000_250_000);

fn context() -> EventContext {
    EventContext {
        client: Some("C.ctx".parse().expect("an id")),
        at: AT,
    }
}

fn no_client() -> EventContext {
    EventContext {
        client: None,
        at: AT,
    }
}

fn to_json(row: RowRef<'_>) -> String {
    let mut out = Vec::new();
    write_json(row, JsonEncoding::Api, &mut out);
    String::from_utf8(out).expect("UTF-8")
}

/// Rows as JSON, without the columns that the host puts first.
fn rows(batch: &EventBatch) -> Vec<String> {
    let prefix = r#"{"_ts":1700000000.25,"ClientId":"C.ctx""#;
    let own = |row| {
        let json = to_json(row);
        let rest = json.strip_prefix(prefix).expect("the host's columns first");
        format!("{{{}", rest.trim_start_matches(','))
    };
    batch.rows.iter().map(own).collect()
}

fn refusals(batch: &EventBatch) -> Vec<(u64, &str)> {
    batch
        .refused
        .iter()
        .map(|refusal| (refusal.line, refusal.reason.as_str()))
        .collect()
}

#[track_caller]
fn reads(body: &str, wanted: &[&str]) {
    let batch = read_json(body.as_bytes(), &context());
    assert_eq!(refusals(&batch), [], "{body}");
    assert_eq!(rows(&batch), wanted, "{body}");
}

/// The one reason for which a line is refused, with the good lines around it read.
#[track_caller]
fn refused(line: &str) -> String {
    let body = [b"{\"a\":1}\n", line.as_bytes(), b"\n{\"a\":2}\n"].concat();
    let batch = read_json(&body, &context());
    assert_eq!(rows(&batch), [r#"{"a":1}"#, r#"{"a":2}"#], "{line}");
    assert_eq!(batch.refused_total, 1, "{line}: {:?}", batch.refused);
    assert_eq!(batch.refused[0].line, 2, "{line}");
    batch.refused[0].reason.clone()
}

#[test]
fn reads_every_form_of_a_body() {
    let both = [r#"{"a":1}"#, r#"{"a":2}"#];
    reads(r#"{"a":1}"#, &both[..1]);
    reads(r#"[{"a":1},{"a":2}]"#, &both);
    reads(" [\n { \"a\" : 1 } ,\r\n {\"a\":2} ]\n", &both);
    reads("{\"a\":1}\n{\"a\":2}\n", &both);
    reads("{\"a\":1}\r\n\r\n{\"a\":2}", &both);
    reads(r#"{"a":1}{"a":2}"#, &both);
    reads(r#"{"a":1} {"a":2}"#, &both);
    reads("{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n", &both);
    reads("\u{feff}{\"a\":1}", &both[..1]);
    for empty in ["", " \n\n", "[]", "\u{feff}[ ]\n"] {
        reads(empty, &[]);
    }
}

#[test]
fn the_host_s_columns_come_first_and_a_sender_s_ts_is_replaced() {
    let cases = [
        (
            r#"{"ClientId":"C.1","a":1}"#,
            r#"{"_ts":1700000000.25,"ClientId":"C.1","a":1}"#,
        ),
        (
            r#"{"a":1,"ClientId":"C.1","b":2}"#,
            r#"{"_ts":1700000000.25,"ClientId":"C.1","a":1,"b":2}"#,
        ),
        (
            r#"{"a":1,"_ts":9,"ClientId":"C.1"}"#,
            r#"{"_ts":1700000000.25,"ClientId":"C.1","a":1}"#,
        ),
        (
            r#"{"ClientId":"C.1","_ts":{"x":[]},"b":2}"#,
            r#"{"_ts":1700000000.25,"ClientId":"C.1","b":2}"#,
        ),
        (
            r#"{"a":1}"#,
            r#"{"_ts":1700000000.25,"ClientId":"C.ctx","a":1}"#,
        ),
        (
            r#"{"ClientId":null,"a":1,"_ts":1}"#,
            r#"{"_ts":1700000000.25,"ClientId":"C.ctx","a":1}"#,
        ),
        (
            r#"{"_ts":1,"a":1,"ClientId":null,"b":2}"#,
            r#"{"_ts":1700000000.25,"ClientId":"C.ctx","a":1,"b":2}"#,
        ),
        (
            r#"{"Cli\u0065ntId":"C.1"}"#,
            r#"{"_ts":1700000000.25,"ClientId":"C.1"}"#,
        ),
        ("{}", r#"{"_ts":1700000000.25,"ClientId":"C.ctx"}"#),
    ];
    for (body, wanted) in cases {
        let json = read_json(body.as_bytes(), &context());
        assert_eq!(
            json.rows.iter().map(to_json).collect::<Vec<_>>(),
            [wanted],
            "{body}"
        );
        let value: Value = serde_json::from_str(body).expect("JSON");
        let packed = rmp_serde::to_vec(&value).expect("MessagePack");
        let packed = read_msgpack(&packed, &context());
        let columns = |batch: &EventBatch| {
            let row = batch.rows.get(0).expect("a row");
            row.columns()
                .take(2)
                .map(|(name, _)| name.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(columns(&packed), ["_ts", "ClientId"], "{body}");
        let read_back = |batch: &EventBatch| -> Value {
            serde_json::from_str(&to_json(batch.rows.get(0).expect("a row"))).expect("JSON")
        };
        assert_eq!(read_back(&packed), read_back(&json), "{body}");
        // What was put in order is a row that the check lets pass.
        assert_eq!(
            Rows::from_array(json.rows.to_array().into()),
            Ok(json.rows.clone())
        );
        assert_eq!(json.rows.get(0).expect("a row").ts(), Some(AT));
    }
}

#[test]
fn values_come_through_exactly() {
    reads(
        r#"{"i":-9223372036854775808,"u":18446744073709551615,"f":1.5e-7,"z":-0,"t":true,"n":null,"s":"\u00e9\ud83d\ude00\n\"\\\/","a":[1,[],{}],"e":""}"#,
        &[
            r#"{"i":-9223372036854775808,"u":18446744073709551615,"f":1.5e-7,"z":-0.0,"t":true,"n":null,"s":"é😀\n\"\\/","a":[1,[],{}],"e":""}"#,
        ],
    );
    // No 64 bits hold it, a float does but for its rounding.
    reads(
        r#"{"big":100000000000000000000,"small":-9223372036854775809}"#,
        &[r#"{"big":1e+20,"small":-9.223372036854776e+18}"#],
    );
}

#[test]
fn a_wrong_line_is_refused_with_its_reason_and_the_rest_are_read() {
    insta::assert_snapshot!(refused(r#"{"a":}"#), @"`}` where a value is wanted (byte 6 of it)");
    insta::assert_snapshot!(refused(r#"{"a":1"#), @"`{` where `,` or `}` is wanted (byte 8 of it)");
    insta::assert_snapshot!(refused(r#"{"a":"x"#), @"a string that the end of the line cuts short (byte 8 of it)");
    insta::assert_snapshot!(refused(r#"{"a":1,}"#), @"`}` where a column's name in quotes is wanted (byte 8 of it)");
    insta::assert_snapshot!(refused(r#"{"a":1,"b":2,"a":3}"#), @"column `a` comes twice");
    insta::assert_snapshot!(refused(r#"{"a":{"b":2,"\u0062":3}}"#), @"column `b` comes twice");
    insta::assert_snapshot!(refused(r#"{"a":NaN}"#), @"`NaN` is no JSON; null is wanted in its place (byte 6 of it)");
    insta::assert_snapshot!(refused(r#"{"a":-Infinity}"#), @"`Infinity` is no JSON; null is wanted in its place (byte 7 of it)");
    insta::assert_snapshot!(refused(r#"{"a":"\ud83d x"}"#), @r"\ud83d is half a surrogate pair, without the other half (byte 7 of it)");
    insta::assert_snapshot!(refused(r#"{"a":"\ude00"}"#), @r"\ude00 is half a surrogate pair, without the other half (byte 7 of it)");
    insta::assert_snapshot!(refused(r#"{"a":"\x"}"#), @"an escape that JSON does not have (byte 7 of it)");
    insta::assert_snapshot!(refused(r#"{"a":"\u12g4"}"#), @r"\u without four hexadecimal digits (byte 7 of it)");
    insta::assert_snapshot!(refused("{\"a\":\"\t\"}"), @r"the control character 0x09 in a string, where \u0009 is wanted (byte 7 of it)");
    insta::assert_snapshot!(refused(r#"{"a":1e999}"#), @"a number too large for a float (byte 6 of it)");
    insta::assert_snapshot!(refused(r#"{"a":01}"#), @"a number with a zero before it (byte 6 of it)");
    insta::assert_snapshot!(refused(r#"{"a":1.}"#), @"a number with nothing behind its point (byte 7 of it)");
    insta::assert_snapshot!(refused(r#"{"a":1e+}"#), @"a number with nothing behind its `e` (byte 7 of it)");
    insta::assert_snapshot!(refused(r#"{"a":tru}"#), @"`tru` where a value is wanted (byte 6 of it)");
    insta::assert_snapshot!(refused(r#"{a:1}"#), @"`a` where a column's name in quotes is wanted (byte 2 of it)");
    insta::assert_snapshot!(refused("5"), @"a number where an object is wanted");
    insta::assert_snapshot!(refused("[{}]"), @"an array where an object is wanted");
    insta::assert_snapshot!(refused("garbage, and more of it"), @"`garbage` where a value is wanted (byte 1 of it)");
    insta::assert_snapshot!(refused(r#"{"ClientId":5}"#), @"its `ClientId` is no text");
    insta::assert_snapshot!(refused(r#"{"ClientId":"x"}"#), @"its `ClientId`: `x` is no client id: `C.` and 1 to 64 letters, digits, `_` or `-` are wanted");
}

#[test]
fn nesting_has_a_bound_and_its_line_is_passed_over() {
    let nested = |depth: usize| {
        format!(
            "{{\"a\":{}{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    reads(&nested(MAX_DEPTH), &[nested(MAX_DEPTH).as_str()]);
    insta::assert_snapshot!(refused(&nested(MAX_DEPTH + 1)), @"maps and arrays nest more than 64 deep");
    // A bomb of brackets neither overflows the stack nor takes long.
    let bomb = format!("{}\n{{\"a\":1}}", "[{\"a\":".repeat(100_000));
    assert_eq!(
        rows(&read_json(
            bomb.replacen("[{", "{\"x\":[{", 1).as_bytes(),
            &context()
        )),
        [r#"{"a":1}"#]
    );
}

#[test]
fn a_row_has_a_bound() {
    let long = "x".repeat(MAX_ROW);
    assert!(refused(&format!("{{\"a\":\"{long}\"}}")).contains("1048576 are allowed"));
    let most = "x".repeat(MAX_ROW - 256);
    let batch = read_json(format!("{{\"a\":\"{most}\"}}").as_bytes(), &context());
    assert_eq!(batch.rows.len(), 1);
    assert!(batch.rows.bytes() <= MAX_ROW);
}

#[test]
fn many_columns_make_a_larger_head() {
    let columns = (0..70_000).map(|n| (format!("c{n}"), json!(n))).collect();
    let body = Value::Object(columns).to_string();
    let batch = read_json(body.as_bytes(), &context());
    let row = batch.rows.get(0).expect("a row");
    assert_eq!(row.columns().count(), 70_002);
    assert_eq!(row.column("c69999"), Some(crate::ValueRef::UInt(69_999)));
    assert_eq!(
        Rows::from_array(batch.rows.to_array().into()),
        Ok(batch.rows.clone())
    );
    let twice = body.replace("\"c69999\"", "\"c1\"");
    assert!(refused(&twice).contains("`c1` comes twice"));
}

#[test]
fn bytes_that_are_no_utf8_are_refused_line_by_line() {
    let body = b"{\"a\":\"\xff\"}\n{\"a\":\"\xc3\xa9\"}\n{\"\xed\xa0\x80\":1}\n{\"a\":2}";
    let batch = read_json(body, &context());
    assert_eq!(rows(&batch), [r#"{"a":"é"}"#, r#"{"a":2}"#]);
    assert_eq!(
        refusals(&batch),
        [
            (1, "a string that is not UTF-8"),
            (3, "a string that is not UTF-8")
        ]
    );
}

#[test]
fn a_missing_bracket_does_not_swallow_the_lines_behind() {
    let body = "{\"a\":1}\n{\"a\":{\"b\":2}\n{\"a\":3}\n{\"a\":[1,2}\n{\"a\":5}\n";
    let batch = read_json(body.as_bytes(), &context());
    assert_eq!(rows(&batch), [r#"{"a":1}"#, r#"{"a":3}"#, r#"{"a":5}"#]);
    assert_eq!(
        batch
            .refused
            .iter()
            .map(|refusal| refusal.line)
            .collect::<Vec<_>>(),
        [2, 4]
    );
}

#[test]
fn a_broken_object_over_several_lines_is_refused_once() {
    let body = "{\n  \"a\": 1,\n  \"b\": {\n    \"x\": NaN\n  }\n}\n{\n  \"a\": 2\n}\n";
    let batch = read_json(body.as_bytes(), &context());
    assert_eq!(rows(&batch), [r#"{"a":2}"#]);
    assert_eq!(
        batch
            .refused
            .iter()
            .map(|refusal| refusal.line)
            .collect::<Vec<_>>(),
        [1]
    );
}

#[test]
fn an_array_s_wrong_items_are_refused_by_number() {
    let body = r#"[{"a":1},5,{"a":NaN},"x",{"a":1,"a":2},[],{"a":3}]"#;
    let batch = read_json(body.as_bytes(), &context());
    assert_eq!(rows(&batch), [r#"{"a":1}"#, r#"{"a":3}"#]);
    assert_eq!(
        batch
            .refused
            .iter()
            .map(|refusal| refusal.line)
            .collect::<Vec<_>>(),
        [2, 3, 4, 5, 6]
    );

    for (cut, wanted) in [
        (r#"[{"a":1}"#, (2, "the array is cut short before it")),
        (
            r#"[{"a":1} {"a":2}]"#,
            (
                2,
                "`,` or `]` is wanted before it; what follows was not read",
            ),
        ),
        (r#"[{"a":1},{"a":"#, (2, "it is cut short")),
        (
            r#"[{"a":1}]{"a":2}"#,
            (
                2,
                "it follows the array's end; one array is wanted, or objects one after the other",
            ),
        ),
    ] {
        let batch = read_json(cut.as_bytes(), &context());
        assert_eq!(rows(&batch), [r#"{"a":1}"#], "{cut}");
        assert_eq!(refusals(&batch), [wanted], "{cut}");
    }
}

#[test]
fn refusals_are_told_up_to_a_bound_and_counted_beyond() {
    let body = "nonsense\n".repeat(MAX_REFUSALS + 50);
    let batch = read_json(body.as_bytes(), &context());
    assert_eq!(batch.refused.len(), MAX_REFUSALS);
    assert_eq!(batch.refused_total, (MAX_REFUSALS + 50) as u64);
    assert_eq!(batch.refused[99].line, 100);
}

#[test]
fn clients_are_seen_once_with_their_latest_hostname() {
    let body = r#"
        {"ClientId":"C.1","Hostname":"one"}
        {"ClientId":"C.2"}
        {"ClientId":"C.1","Hostname":""}
        {"Hostname":"uno","ClientId":"C.1"}
        {"ClientId":"C.1","Hostname":5}
        {"ClientId":"C.3","Hostname":"refused","x":NaN}
        {"x":1}"#;
    let seen = |id: &str, hostname: Option<&str>| Seen {
        id: id.parse().expect("an id"),
        hostname: hostname.map(str::to_owned),
        at: AT,
    };
    let batch = read_json(body.as_bytes(), &no_client());
    assert_eq!(batch.seen, [seen("C.1", Some("uno")), seen("C.2", None)]);
    insta::assert_snapshot!(batch.refused[1].reason, @"it has no `ClientId`: add one, or name the client of the whole request");
}

#[test]
fn msgpack_comes_as_a_map_an_array_or_maps_back_to_back() {
    let one = rmp_serde::to_vec_named(&json!({ "a": 1 })).expect("MessagePack");
    let array = [&[0x92][..], &one, &one].concat();
    for (body, wanted) in [
        (one.clone(), 1),
        ([&one[..], &one].concat(), 2),
        (array, 2),
        (vec![0x90], 0),
        (vec![], 0),
    ] {
        let batch = read_msgpack(&body, &context());
        assert_eq!(
            (batch.rows.len(), batch.refused_total),
            (wanted, 0),
            "{body:x?}"
        );
    }
}

#[test]
fn a_wrong_item_of_msgpack_is_refused_by_number() {
    // {"a":1}, 5, {1:1}, {"a":1,"a":1}, {"a":2}, and a byte too many.
    let body = b"\x95\x81\xa1a\x01\x05\x81\x01\x01\x82\xa1a\x01\xa1a\x01\x81\xa1a\x02\xc0";
    let batch = read_msgpack(body, &context());
    assert_eq!(rows(&batch), [r#"{"a":1}"#, r#"{"a":2}"#]);
    assert_eq!(
        refusals(&batch),
        [
            (
                2,
                "an integer where an array of maps, column name to value, is wanted"
            ),
            (3, "a key that is no string"),
            (4, "column `a` comes twice"),
            (6, "1 bytes follow the last row"),
        ]
    );
    let cut = read_msgpack(b"\x92\x81\xa1a\x01\x81\xa1", &context());
    assert_eq!(rows(&cut), [r#"{"a":1}"#]);
    assert_eq!(refusals(&cut), [(2, "it is cut short")]);
}

#[test]
fn msgpack_strings_are_made_utf8() {
    let batch = read_msgpack(b"\x82\xa1a\xa2x\xff\xa1b\xc4\x01\xff", &context());
    assert_eq!(rows(&batch), ["{\"a\":\"x\u{fffd}\",\"b\":\"/w==\"}"]);
    // Two keys that become the same.
    let batch = read_msgpack(b"\x82\xa1\xff\x01\xa1\xfe\x02", &context());
    assert_eq!(refusals(&batch), [(1, "column `\u{fffd}` comes twice")]);
}

#[test]
fn matching_keeps_what_passes_cut_to_its_columns() {
    let filter = Filter::new(vec![Condition {
        column: "cmd".to_owned(),
        test: Test::Matches(Regex::new("(?i)-enc").expect("a pattern")),
    }]);
    let columns = Columns::only(vec!["cmd".to_owned()]);
    let lines = b"{\"x\":1,\"cmd\":\"a -ENC b\"}\n\n{\"cmd\":\"dir\"}\nwrong\n{\"x\":2}\n";
    let mut place = Place {
        line: 10,
        position: 7,
    };
    let (events, batch) = read_json_matching(lines, &context(), &filter, &columns, &mut place);
    assert_eq!(events, 3);
    assert_eq!(rows(&batch), [r#"{"cmd":"a -ENC b"}"#]);
    assert_eq!(
        refusals(&batch),
        [(13, "`wrong` where a value is wanted (byte 1 of it)")]
    );
    assert_eq!((place.line, place.position), (15, 10));
    assert_eq!(batch.seen.len(), 1);
}

/// Lines that are good, wrong in some way, or nearly good.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => json_object().prop_map(|value| value.to_string()),
        1 => "[ -~]{0,40}",
        1 => (json_object(), any::<prop::sample::Index>(), "[\\[\\]{}\",:x\\\\]").prop_map(|(value, at, with)| {
            let mut text: Vec<char> = value.to_string().chars().collect();
            let at = at.index(text.len());
            text.splice(at..=at, with.chars());
            text.into_iter().collect()
        }),
        1 => (json_object(), any::<prop::sample::Index>()).prop_map(|(value, at)| {
            let text = value.to_string();
            let at = at.index(text.len());
            text.chars().take(at).collect()
        }),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e300..1e300f64).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn json_object() -> impl Strategy<Value = Value> {
    let key = prop_oneof!["ClientId|Hostname|_ts|[ab]", ".{0,6}"];
    prop::collection::btree_map(key, json_value(), 0..6)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

proptest! {
    #[test]
    fn no_body_panics(body: Vec<u8>) {
        let json = read_json(&body, &context());
        prop_assert!(Rows::from_array(json.rows.to_array().into()).is_ok());
        let packed = read_msgpack(&body, &context());
        prop_assert!(Rows::from_array(packed.rows.to_array().into()).is_ok());
    }

    #[test]
    fn a_good_object_comes_through_as_serde_reads_it(value in json_object()) {
        let mut wanted = value.clone();
        wanted["ClientId"] = json!("C.ctx");
        wanted["_ts"] = json!(AT.seconds());
        let mut sent = value;
        sent.as_object_mut().expect("an object").remove("ClientId");
        let batch = read_json(sent.to_string().as_bytes(), &context());
        prop_assert_eq!(refusals(&batch), []);
        let read: Value = serde_json::from_str(&to_json(batch.rows.get(0).expect("a row"))).expect("JSON");
        prop_assert_eq!(&read, &wanted);
        let packed = rmp_serde::to_vec(&sent).expect("MessagePack");
        let batch = read_msgpack(&packed, &context());
        let read: Value = serde_json::from_str(&to_json(batch.rows.get(0).expect("a row"))).expect("JSON");
        prop_assert_eq!(&read, &wanted);
    }

    #[test]
    fn a_line_is_good_just_where_serde_finds_it_so(line in line()) {
        let batch = read_json(line.as_bytes(), &context());
        let good = match serde_json::from_str::<Value>(&line) {
            Ok(Value::Object(map)) => match map.get("ClientId") {
                None | Some(Value::Null) => true,
                Some(id) => id.as_str().is_some_and(|id| id.parse::<ClientId>().is_ok()),
            },
            _ => false,
        };
        // `serde_json` lets the last of two columns win, so a column twice is looked for apart.
        let twice = batch.refused.iter().any(|refusal| refusal.reason.contains("comes twice"));
        // Of what is no single object, its parts may still be: `{}{}`, `[{}]`.
        if good && !twice {
            prop_assert_eq!((batch.rows.len(), batch.refused_total), (1, 0));
        } else if serde_json::Deserializer::from_str(&line).into_iter::<Value>().next().is_some_and(|first| first.is_err()) && !line.trim_start().starts_with('[') {
            prop_assert!(batch.refused_total > 0);
        }
    }

    #[test]
    fn matching_is_reading_and_filtering(lines in prop::collection::vec(line(), 1..12), only in any::<bool>()) {
        let body = lines.join("\n") + "\n";
        let filter = Filter::new(vec![Condition { column: "a".to_owned(), test: Test::Exists(true) }]);
        let wanted = if only { ["a", "_position"] } else { ["*", "_position"] };
        let columns = Columns::only(wanted.map(str::to_owned).to_vec());
        let all = read_json(body.as_bytes(), &context());
        let mut place = Place::default();
        let (events, some) = read_json_matching(body.as_bytes(), &context(), &filter, &columns, &mut place);
        prop_assert_eq!(events as usize, all.rows.len());
        prop_assert_eq!(&some.refused, &all.refused);
        prop_assert_eq!(some.refused_total, all.refused_total);
        prop_assert_eq!(&some.seen, &all.seen);
        let mut wanted = crate::RowsBuilder::new();
        for (position, row) in all.rows.iter().enumerate().filter(|(_, row)| filter.passes(*row)) {
            columns.cut(row, position as u64, &mut wanted);
        }
        prop_assert_eq!(&some.rows, &wanted.finish());
        prop_assert_eq!(place, Place { line: lines.len() as u64 + 1, position: events });
    }
}
