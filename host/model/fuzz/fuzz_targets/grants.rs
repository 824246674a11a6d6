//! Grants: whatever is accepted reads back from its JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watchbox_model::Grants;

fuzz_target!(|text: &str| {
    if let Ok(grants) = Grants::parse("grants.yaml", text) {
        let json = grants.to_json().to_string();
        assert_eq!(Grants::parse("grants.json", &json), Ok(grants));
    }
});
