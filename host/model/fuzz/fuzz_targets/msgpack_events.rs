//! A body of MessagePack: what is accepted are rows with the host's columns first.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchbox_model::{
    Rows, Time,
    event::{EventContext, read_msgpack},
};

fuzz_target!(|body: &[u8]| {
    let context = EventContext {
        client: "C.1".parse().ok(),
        at: Time::from_micros(1),
    };
    let batch = read_msgpack(body, &context);
    Rows::from_array(batch.rows.to_array().into()).expect("rows that pass the check");
    for row in batch.rows.iter() {
        let first: Vec<&str> = row.columns().map(|(name, _)| name).take(2).collect();
        assert_eq!(first, ["_ts", "ClientId"]);
    }
});
