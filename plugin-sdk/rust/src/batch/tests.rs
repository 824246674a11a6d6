use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
struct Event<'a> {
    name: &'a str,
    #[serde(default)]
    size: Option<u32>,
}

fn msgpack(rows: &Json) -> Vec<u8> {
    rmp_serde::to_vec_named(rows).unwrap()
}

#[test]
fn reads_and_borrows() {
    let bytes = msgpack(&json!([{"name": "a", "size": 7, "more": [1]}, {"name": "b"}]));
    let batch = Batch::read("X", &bytes).unwrap();
    assert_eq!(
        (batch.artifact(), batch.len(), batch.is_empty()),
        ("X", 2, false)
    );
    let events: Vec<Event<'_>> = batch.events().map(Result::unwrap).collect();
    assert_eq!(events[0].size, Some(7));
    let name = events[1].name.as_bytes().as_ptr_range();
    let within = bytes.as_ptr_range();
    assert!(within.start <= name.start && name.end <= within.end);
}

#[test]
fn goes_on_behind_a_wrong_event() {
    let bytes = msgpack(&json!([
        {"name": "a"}, {"name": "b"}, {"name": 3}, {"other": {"name": ["deep", {}]}}, {"name": "e"}, 5, {"name": "g"},
    ]));
    let read: Vec<Result<String, u32>> = Batch::read("X", &bytes)
        .unwrap()
        .events::<Event<'_>>()
        .map(|event| {
            event
                .map(|event| event.name.to_owned())
                .map_err(|error| error.index)
        })
        .collect();
    let good = |name: &str| Ok(name.to_owned());
    assert_eq!(
        read,
        [
            good("a"),
            good("b"),
            Err(2),
            Err(3),
            good("e"),
            Err(5),
            good("g")
        ]
    );
}

#[test]
fn a_batch_cut_short_ends() {
    let whole = msgpack(&json!([{"name": "a"}, {"name": "bcd"}, {"name": "e"}]));
    for cut in 1..whole.len() {
        let read = Batch::read("X", &whole[..cut])
            .unwrap()
            .events::<Event<'_>>()
            .count();
        assert!(read <= 3);
    }
    let error = Batch::read("X", b"{}").unwrap_err();
    assert!(
        error.to_string().contains("`encoding` must be msgpack"),
        "{error}"
    );
}

#[test]
fn extensions_are_passed_over() {
    #[derive(Serialize)]
    struct Stamp(#[serde(with = "ext")] ());
    mod ext {
        pub(super) fn serialize<S: serde::Serializer>((): &(), to: S) -> Result<S::Ok, S::Error> {
            struct Bytes;
            impl serde::Serialize for Bytes {
                fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                    to.serialize_bytes(&[1, 2, 3, 4])
                }
            }
            to.serialize_newtype_struct(rmp_serde::MSGPACK_EXT_STRUCT_NAME, &(5_i8, Bytes))
        }
    }
    let mut bytes = rmp_serde::to_vec(&Stamp(())).unwrap();
    let after = bytes.len();
    bytes.extend([0xc0, 0xc1]);
    assert_eq!(skip(&bytes), Some(&bytes[after..]));
    assert_eq!(skip(&bytes[after..]), Some(&bytes[after + 1..]));
    assert_eq!(skip(&bytes[after + 1..]), None, "0xc1 is no value");
}

proptest! {
    #[test]
    fn skip_finds_the_end_that_the_reader_finds(
        value in json_value(), tail in proptest::collection::vec(any::<u8>(), 0..9),
    ) {
        let mut bytes = msgpack(&value);
        let end = bytes.len();
        bytes.extend(&tail);
        prop_assert_eq!(skip(&bytes), Some(&tail[..]));
        prop_assert!(skip(&bytes[..end - 1]).is_none());
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = skip(&bytes);
        if let Ok(batch) = Batch::read("X", &bytes) {
            let _ = batch.events::<crate::Value<'_>>().take(1_000).count();
        }
    }
}

fn json_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,300}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 64, 20, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..20).prop_map(Json::from),
            proptest::collection::hash_map(".{0,9}", inner, 0..20)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}
