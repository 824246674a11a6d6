//! A guest for tests: panics when an event tells it to.

use serde::Deserialize;
use watchbox_sdk::{Artifact, Batch, Failure, Rows};

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "AtStart")]
    at_start: bool,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "Do")]
    what: &'a str,
}

struct Panicking;

impl Artifact for Panicking {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, Failure> {
        assert!(!parameters.at_start, "no such start"); // line 24
        Ok(Self)
    }

    fn events(&mut self, batch: &Batch<'_>, _: &mut Rows) -> Result<(), Failure> {
        for event in batch.events::<Event>() {
            match event?.what {
                "panic" => panic!("no such thing: {}", 7), // line 31
                "index" => {
                    let empty: &[u8] = std::hint::black_box(&[]);
                    std::hint::black_box(empty[3]); // line 34
                }
                _ => {}
            }
        }
        Ok(())
    }
}

watchbox_sdk::export!(Panicking);
