//! A guest for tests: posts a message for each number that it is given, and emits a row. In its second version it fails once all are posted,
//! so that one sees whether another version posts them again.

use serde::{Deserialize, Serialize};
use watchbox_sdk::{
    Artifact, Batch, Failure, Rows,
    http::{self, Request},
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    number: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    number: u64,
    version: &'static str,
}

/// The webhook is a secret, and so not among them.
#[derive(Debug, Deserialize)]
pub struct Parameters {}

/// The artifact.
#[derive(Debug)]
pub struct Courier;

impl Artifact for Courier {
    type Parameters = Parameters;

    fn configure(_: Parameters) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn events(&mut self, batch: &Batch<'_>, rows: &mut Rows) -> Result<(), Failure> {
        for event in batch.events::<Event>() {
            let Event { number } = event?;
            let message = serde_json::json!({ "text": format!("number {number}") });
            let answer = Request::post(http::secret("hook"))
                .json(&message)
                .once(number.to_string())
                .send();
            if let Err(error) = answer {
                return Err(Failure::reject(format!("number {number}: {error}")));
            }
            rows.push(&Row {
                number,
                version: VERSION,
            })?;
        }
        if VERSION == "2.0.0" {
            return Err(Failure::fault("this version fails once all is posted"));
        }
        Ok(())
    }
}

watchbox_sdk::export!(Courier);
