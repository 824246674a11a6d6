//! A body of JSON: what is accepted are rows, and reading with a filter accepts and refuses the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchbox_model::{
    Filter, Rows, RowsBuilder, Time,
    event::{EventContext, Place, read_json, read_json_matching},
    filter::{Columns, Condition, Test},
};

fuzz_target!(|body: &[u8]| {
    let context = EventContext {
        client: "C.1".parse().ok(),
        at: Time::from_micros(1),
    };
    let all = read_json(body, &context);
    Rows::from_array(all.rows.to_array().into()).expect("rows that pass the check");
    for row in all.rows.iter() {
        let first: Vec<&str> = row.columns().map(|(name, _)| name).take(2).collect();
        assert_eq!(first, ["_ts", "ClientId"]);
    }
    let filter = Filter::new(vec![Condition {
        column: "a".to_owned(),
        test: Test::Exists(true),
    }]);
    let columns = Columns::only(vec!["a".to_owned(), "_position".to_owned()]);
    let mut place = Place::default();
    let (events, some) = read_json_matching(body, &context, &filter, &columns, &mut place);
    assert_eq!(events as usize, all.rows.len());
    assert_eq!(
        (some.refused, some.refused_total, some.seen),
        (all.refused, all.refused_total, all.seen)
    );
    let mut wanted = RowsBuilder::new();
    for (position, row) in (0..).zip(all.rows.iter()) {
        if filter.passes(row) {
            columns.cut(row, position, &mut wanted);
        }
    }
    assert_eq!(some.rows, wanted.finish());
});
