//! A guest for tests: sends its secrets where it is told to, and tells all that it can come to know of them, by every way that it has: rows, messages,
//! state, errors, the text of a panic, and its whole memory.

use serde::{Deserialize, Serialize};
use watchbox_sdk::{
    Artifact, Batch, Failure, Rows,
    http::{self, Request, Response},
    state,
};

/// Bytes of memory in a row.
const PIECE: usize = 256 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    number: u64,
    act: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row<'r> {
    number: u64,
    act: &'r str,
    told: String,
    memory: Bytes,
}

/// Bytes as MessagePack has them.
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// What it is given: whatever is among them, it tells.
#[derive(Debug, Deserialize)]
pub struct Parameters {
    #[serde(flatten)]
    all: serde_json::Map<String, serde_json::Value>,
}

/// The artifact.
#[derive(Debug)]
pub struct Prober(Parameters);

impl Artifact for Prober {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, Failure> {
        watchbox_sdk::info!("configured with {parameters:?}");
        Ok(Self(parameters))
    }

    fn events(&mut self, batch: &Batch<'_>, rows: &mut Rows) -> Result<(), Failure> {
        for event in batch.events::<Event>() {
            let Event { number, act } = event?;
            let mut memory = Vec::new();
            let told = match act.as_str() {
                "hook" => told(self.hook().send()),
                "body" => told(self.body().send()),
                "key" => told(self.key(&format!("{}/echo", self.of("site"))).send()),
                "once" => told(self.hook().once(number.to_string()).send()),
                "astray" => told(self.key(&format!("{}/echo", self.of("elsewhere"))).send()),
                "redirected" => told(self.key(&format!("{}/redirect", self.of("site"))).send()),
                "unknown" => told(Request::get(http::secret("no-such-secret")).send()),
                "memory" => {
                    memory = own_memory();
                    format!("{} bytes", memory.len())
                }
                "fault" => {
                    let told = told(self.hook().send());
                    return Err(Failure::fault(format!("at fault: {told}")));
                }
                "reject" => {
                    let told = told(self.hook().send());
                    return Err(Failure::reject(format!("refused: {told}")));
                }
                "trap" => {
                    let told = told(self.hook().send());
                    assert!(told.is_empty(), "it traps: {told}");
                    told
                }
                other => format!("does not know how to {other}"),
            };
            state::set(&format!("told-{number}"), &told)?;
            watchbox_sdk::warn!("{act}: {told}");
            let mut pieces: Vec<Vec<u8>> = memory.chunks(PIECE).map(<[u8]>::to_vec).collect();
            if pieces.is_empty() {
                pieces.push(Vec::new());
            }
            for piece in pieces {
                rows.push(&Row {
                    number,
                    act: &act,
                    told: told.clone(),
                    memory: Bytes(piece),
                })?;
            }
        }
        Ok(())
    }
}

impl Prober {
    fn of(&self, parameter: &str) -> &str {
        let value = self.0.all.get(parameter);
        value.and_then(|value| value.as_str()).unwrap_or_default()
    }

    /// A request to the secret URL, with the secret key in a header.
    fn hook(&self) -> Request {
        Request::post(http::secret("hook"))
            .header("authorization", http::secret_after("Bearer ", "key"))
            .json(&serde_json::json!({ "text": "a message" }))
    }

    /// A request to the secret URL, with the secret key in its body.
    fn body(&self) -> Request {
        let parts = ["{\"key\":\"".into(), http::secret("key"), "\"}".into()];
        Request::post(http::secret("hook")).body_parts(parts)
    }

    /// A request to a URL that is none, with the secret key in a header.
    fn key(&self, url: &str) -> Request {
        Request::get(url).header("x-key", http::secret("key"))
    }
}

/// All that it is told of what came of a request.
fn told(answer: Result<Response, http::Error>) -> String {
    match answer {
        Ok(response) => format!(
            "{} {:?} {}",
            response.status,
            response.headers,
            String::from_utf8_lossy(&response.body)
        ),
        Err(error) => format!("{error} {error:?}"),
    }
}

/// Its memory, as it is before this reads it.
#[cfg(target_arch = "wasm32")]
fn own_memory() -> Vec<u8> {
    let end = core::arch::wasm32::memory_size(0) * (64 << 10);
    let mut copy = Vec::with_capacity(end);
    for address in 1..end {
        // SAFETY: every address below the memory's size can be read; that what is there changes meanwhile, the copy among it, does no harm.
        #[allow(unsafe_code, reason = "to read all of the memory is what it is for")]
        copy.push(unsafe { core::ptr::read_volatile(address as *const u8) });
    }
    copy
}

#[cfg(not(target_arch = "wasm32"))]
fn own_memory() -> Vec<u8> {
    Vec::new()
}

watchbox_sdk::export!(Prober);
