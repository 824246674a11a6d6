//! A search term: whatever is accepted reads back from its text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchbox_model::{Client, SearchTerm, Time};

fuzz_target!(|text: &str| {
    let Ok(term) = text.parse::<SearchTerm>() else {
        return;
    };
    assert_eq!(term.to_string().parse(), Ok(term.clone()));
    assert!(term.covers(&term));
    let client = Client {
        id: "C.1".parse().expect("an id"),
        hostname: text.to_owned(),
        os: String::new(),
        labels: Vec::new(),
        first_seen: Time::default(),
        last_seen: Time::default(),
    };
    let _ = term.matches(&client);
});
