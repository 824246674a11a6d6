//! A guest for tests: tells a webhook of each event and each tick, and then fails where it is told to, so that one sees what is told twice.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use watchbox_sdk::{
    Artifact, Batch, Failure, Rows, Tick,
    http::{self, Request},
};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    text: &'a str,
    #[serde(default, skip_serializing)]
    once: Option<&'a str>,
}

/// What it is given.
#[derive(Debug, Deserialize)]
pub struct Parameters {
    fails: String,
}

/// The artifact.
#[derive(Debug)]
pub struct Teller(Parameters);

impl Artifact for Teller {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, Failure> {
        Ok(Self(parameters))
    }

    fn events(&mut self, batch: &Batch<'_>, rows: &mut Rows) -> Result<(), Failure> {
        let mut fails = false;
        for event in batch.events::<Event<'_>>() {
            let event = event?;
            tell(event.text, event.once)?;
            fails |= event.text == self.0.fails;
            rows.push(&event)?;
        }
        assert!(!fails, "told to fail on {}", self.0.fails);
        Ok(())
    }

    fn tick(&mut self, _: Tick, rows: &mut Rows) -> Result<(), Failure> {
        if !self.0.fails.starts_with("ticks") {
            return Ok(());
        }
        let text = "a tick";
        tell(text, Some("tick"))?;
        assert!(self.0.fails != "ticks", "told to fail on ticks");
        rows.push(&Event { text, once: None })
    }
}

fn tell(text: &str, once: Option<&str>) -> Result<(), Failure> {
    let mut request =
        Request::post(http::secret("hook")).json(&serde_json::json!({ "text": text }));
    if let Some(once) = once {
        request = request.once(once);
    }
    let status = request.send()?.status;
    match status {
        200 => Ok(()),
        _ => Err(Failure::retry(format!("status {status}"), Duration::ZERO)),
    }
}

watchbox_sdk::export!(Teller);
