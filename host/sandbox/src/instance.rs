//! A warm instance: it is configured, then called once a turn, each time under the limits.

use std::{
    fmt,
    future::Future,
    time::{Duration, Instant},
};

use bytes::Bytes;
use wasmtime::{Store, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;
use watchbox_model::{
    Limits, Rows,
    limits::Limit,
    manifest::{Column, Encoding},
    row::{JsonEncoding, rows_from_guest_json, write_json},
};

use crate::{
    Effects, Input, Turn, TurnFailure, TurnReport, Usage,
    bindings::{
        Artifact,
        exports::watchbox::artifact::handler::{Batch, Failure, Tick, Trigger},
    },
    guest::{Ended, Guest},
    last_words::last_words,
    printable,
};

/// How much of last words is told, in bytes: text and place come first, and after them may come every thread that there was.
const WORDS: usize = 1_000;

/// A warm instance. After a turn that failed it must be dropped: what is in its memory is not to be trusted.
pub struct Instance {
    store: Store<Guest>,
    artifact: Artifact,
    encoding: Encoding,
    columns: Vec<Column>,
    /// Whether it failed, or was given up in the midst of a call.
    spent: bool,
}

/// Why a call into a guest came to nothing.
pub(crate) enum Stopped {
    /// It took too long over all.
    Late(Duration),
    /// It was stopped from within.
    Error(wasmtime::Error),
}

/// Gets a store ready for what begins now.
pub(crate) fn arm(store: &mut Store<Guest>, turn: Option<Turn>, limits: &Limits, now: Instant) {
    // What one call hands to the host can be no more than the guest has memory, however often its lists name the same bytes.
    store.set_hostcall_fuel(usize::try_from(limits.memory).unwrap_or(usize::MAX));
    store.set_epoch_deadline(1);
    store.data_mut().begin(turn, limits.clone(), now);
}

/// Runs `call` for no longer than the turn may take. Epochs stop a guest that computes; this stops one that waits.
pub(crate) async fn within<T>(
    limits: &Limits,
    call: impl Future<Output = wasmtime::Result<T>>,
) -> Result<T, Stopped> {
    match tokio::time::timeout(limits.turn, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(why)) => Err(Stopped::Error(why)),
        Err(_) => Err(Stopped::Late(limits.turn)),
    }
}

impl Stopped {
    /// The failure, by name.
    pub(crate) fn named(self, store: &Store<Guest>) -> TurnFailure {
        let guest = store.data();
        let why = match self {
            Self::Late(allowed) => {
                return TurnFailure::Limit {
                    limit: Limit::Turn,
                    detail: format!(
                        "a turn may take {allowed:?}; `limits.turn` in its grants raises that"
                    ),
                };
            }
            Self::Error(why) => why,
        };
        if let Some(Ended(failure)) = why.downcast_ref::<Ended>() {
            return failure.clone();
        }
        if let Some(wanted) = guest.memory.refused() {
            return TurnFailure::Limit {
                limit: Limit::Memory,
                detail: format!(
                    "it asked for {wanted} bytes of memory, {} are allowed; `limits.memory` in its grants raises that",
                    guest.work.limits.memory
                ),
            };
        }
        if let Some(I32Exit(code)) = why.downcast_ref() {
            return TurnFailure::Trap(format!("it ended itself with exit code {code}"));
        }
        if why.downcast_ref() == Some(&Trap::StackOverflow) {
            return TurnFailure::Limit {
                limit: Limit::Stack,
                detail: format!(
                    "it calls itself too deep: {} KiB of stack are allowed",
                    crate::engine::STACK >> 10
                ),
            };
        }
        TurnFailure::Trap(match last_words(&why, store) {
            Some(words) => printable::lines(&words, WORDS),
            None => printable::line(&told(&why), printable::REASON),
        })
    }
}

/// A trap's own words, and the functions in which it happened, innermost first.
fn told(why: &wasmtime::Error) -> String {
    let mut told = why.root_cause().to_string();
    let frames = why
        .downcast_ref::<WasmBacktrace>()
        .map(WasmBacktrace::frames);
    let names: Vec<&str> = frames
        .unwrap_or_default()
        .iter()
        .filter_map(|frame| frame.func_name())
        .collect();
    if !names.is_empty() {
        told.push_str(&format!(" (in {})", names.join(", called by ")));
    }
    told
}

impl Instance {
    pub(crate) fn new(
        store: Store<Guest>,
        artifact: Artifact,
        encoding: Encoding,
        columns: Vec<Column>,
    ) -> Self {
        Self {
            store,
            artifact,
            encoding,
            columns,
            spent: false,
        }
    }

    /// Hands the guest its parameters, once.
    pub(crate) async fn configure(&mut self, limits: &Limits) -> Result<(), TurnFailure> {
        let parameters = self.store.data().gate.authority.parameters.clone();
        self.store.set_epoch_deadline(1);
        let handler = self.artifact.watchbox_artifact_handler();
        let call = handler.call_configure(&mut self.store, &parameters);
        match within(limits, call).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(refused)) => Err(TurnFailure::Configure(printable::line(
                &refused,
                printable::REASON,
            ))),
            Err(stopped) => Err(stopped.named(&self.store)),
        }
    }

    /// One try of a turn, under the limits.
    pub async fn handle(&mut self, turn: &Turn, input: &Input) -> TurnReport {
        let began = Instant::now();
        let limits = self.store.data().gate.authority.grants().limits.clone();
        arm(&mut self.store, Some(turn.clone()), &limits, began);
        let result = if self.spent {
            Err(TurnFailure::Host(
                "this instance failed before and must be dropped".to_owned(),
            ))
        } else {
            // Until it has returned, in case it is given up in its midst.
            self.spent = true;
            let result = self.call(&limits, input).await;
            // What was begun in a turn ends in it, however it went.
            let over = self.store.data_mut().see_through().await;
            let result = result.and_then(|rows| over.map(|()| rows).map_err(|Ended(why)| why));
            self.spent = result.is_err();
            result
        };
        self.report(began, result)
    }

    async fn call(&mut self, limits: &Limits, input: &Input) -> Result<Rows, TurnFailure> {
        let trigger = self.trigger(input);
        let handler = self.artifact.watchbox_artifact_handler();
        let call = handler.call_handle(&mut self.store, &trigger);
        match within(limits, call).await {
            Ok(Ok(rows)) => self.rows(limits, rows.into()),
            Ok(Err(failure)) => Err(said(failure)),
            Err(stopped) => Err(stopped.named(&self.store)),
        }
    }

    fn trigger(&self, input: &Input) -> Trigger {
        match input {
            Input::Tick { due } => Trigger::Tick(Tick { due: due.seconds() }),
            Input::Events { artifact, rows } => Trigger::Events(Batch {
                artifact: artifact.to_string(),
                rows: match self.encoding {
                    Encoding::Msgpack => rows.to_array(),
                    Encoding::Json => json_array(rows),
                },
            }),
        }
    }

    fn rows(&self, limits: &Limits, returned: Bytes) -> Result<Rows, TurnFailure> {
        let over = |limit, detail| Err(TurnFailure::Limit { limit, detail });
        if returned.len() as u64 > limits.rows_bytes {
            let detail = format!(
                "it returned {} bytes of rows, {} are allowed; `limits.rows-bytes` in its grants raises that",
                returned.len(),
                limits.rows_bytes
            );
            return over(Limit::RowsBytes, detail);
        }
        let rows = match self.encoding {
            Encoding::Msgpack => Rows::from_array(returned),
            Encoding::Json => rows_from_guest_json(&returned, &self.columns),
        };
        let rows = rows.map_err(|why| {
            TurnFailure::Garbage(printable::line(&why.to_string(), printable::REASON))
        })?;
        if rows.len() > limits.rows as usize {
            let detail = format!(
                "it returned {} rows, {} are allowed; `limits.rows` in its grants raises that",
                rows.len(),
                limits.rows
            );
            return over(Limit::Rows, detail);
        }
        Ok(rows)
    }

    fn report(&mut self, began: Instant, result: Result<Rows, TurnFailure>) -> TurnReport {
        let guest = self.store.data_mut();
        let memory = guest.memory.peak();
        let work = std::mem::take(&mut guest.work);
        let (messages, dropped_lines) = guest.lines.finish();
        TurnReport {
            result: result.map(|rows| Effects {
                rows,
                labels: work.labels,
                state: work.state.finish(),
                left_machine: work.effects.left_machine(),
            }),
            messages,
            audit: guest.gate.take_records(),
            usage: Usage {
                elapsed: began.elapsed(),
                calls: work.calls,
                denied: guest.gate.denied(),
                memory,
                dropped_lines,
            },
        }
    }
}

/// What the guest itself says of its failure.
fn said(failure: Failure) -> TurnFailure {
    let text = |text: String| printable::lines(&text, printable::REASON);
    match failure {
        Failure::Retry(retry) => TurnFailure::Retry {
            reason: text(retry.reason),
            after: Duration::from_millis(retry.after_ms.into()),
        },
        Failure::Reject(reason) => TurnFailure::Reject(text(reason)),
        Failure::Fault(reason) => TurnFailure::Fault(text(reason)),
    }
}

fn json_array(rows: &Rows) -> Vec<u8> {
    // JSON is some two thirds longer than MessagePack.
    let mut out = Vec::with_capacity(rows.bytes() * 2 + 2);
    out.push(b'[');
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_json(row, JsonEncoding::Guest, &mut out);
    }
    out.push(b']');
    out
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("guest", self.store.data())
            .field("spent", &self.spent)
            .finish_non_exhaustive()
    }
}
