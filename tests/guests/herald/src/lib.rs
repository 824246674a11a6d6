//! A guest for tests: posts a message for each number that it is given, by the standard's `wasi:http` instead of the contract's `http`, and emits a row with the answer.

use serde::{Deserialize, Serialize};
use wasip2::{
    http::{
        outgoing_handler,
        types::{ErrorCode, Fields, Method, OutgoingBody, OutgoingRequest, Scheme},
    },
    io::streams::StreamError,
};
use watchbox_sdk::{Artifact, Batch, Failure, Rows};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    number: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    number: u64,
    /// The answer's status and body, or why there is none.
    answer: String,
}

/// The artifact, which is its parameters.
#[derive(Debug, Deserialize)]
pub struct Herald {
    authority: String,
    path: String,
}

impl Artifact for Herald {
    type Parameters = Self;

    fn configure(parameters: Self) -> Result<Self, Failure> {
        Ok(parameters)
    }

    fn events(&mut self, batch: &Batch<'_>, rows: &mut Rows) -> Result<(), Failure> {
        for event in batch.events::<Event>() {
            let Event { number } = event?;
            let message = format!("{{\"text\":\"number {number}\"}}");
            let answer = match self.post(&message) {
                Ok((status, body)) => format!("{status} {body}"),
                Err(why) => why.to_string(),
            };
            rows.push(&Row { number, answer })?;
        }
        Ok(())
    }
}

impl Herald {
    /// Posts a message. The body is written once the request was handed over, as it is by most libraries.
    fn post(&self, message: &str) -> Result<(u16, String), ErrorCode> {
        let wrong = |what: &str| ErrorCode::InternalError(Some(what.to_owned()));
        let headers = Fields::new();
        headers
            .append("content-type", b"application/json")
            .map_err(|_| wrong("the header"))?;
        let request = OutgoingRequest::new(headers);
        request
            .set_method(&Method::Post)
            .and_then(|()| request.set_scheme(Some(&Scheme::Http)))
            .and_then(|()| request.set_authority(Some(&self.authority)))
            .and_then(|()| request.set_path_with_query(Some(&self.path)))
            .map_err(|()| wrong("the URL"))?;
        let body = request.body().map_err(|()| wrong("the body"))?;
        let answer = outgoing_handler::handle(request, None)?;
        let out = body.write().map_err(|()| wrong("the body"))?;
        // Where it was refused, nobody takes the body.
        let written = out.blocking_write_and_flush(message.as_bytes());
        drop(out);
        if written.is_ok() {
            OutgoingBody::finish(body, None)?;
        }
        answer.subscribe().block();
        let answer = answer
            .get()
            .ok_or_else(|| wrong("no answer"))?
            .map_err(|()| wrong("the answer twice"))??;
        let incoming = answer.consume().map_err(|()| wrong("the answer's body"))?;
        let stream = incoming.stream().map_err(|()| wrong("the answer's body"))?;
        let mut text = Vec::new();
        loop {
            match stream.blocking_read(1 << 10) {
                Ok(part) => text.extend(part),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(_)) => {
                    return Err(wrong("the answer broke off"));
                }
            }
        }
        Ok((answer.status(), String::from_utf8_lossy(&text).into_owned()))
    }
}

watchbox_sdk::export!(Herald);
