//! A guest for tests: hands its events back as rows, unless one tells it to misbehave.
//!
//! Written against the contract alone, without the SDK, as a stranger might.

#![cfg(target_arch = "wasm32")]

use exports::watchbox::artifact::handler::{Failure, Guest, Trigger};
use watchbox::artifact::{clients, http, labels, log, state};

wit_bindgen::generate!({
    path: "../../../wit",
    world: "watchbox:artifact/artifact",
});

struct Misbehaving;

impl Guest for Misbehaving {
    fn configure(_: Vec<u8>) -> Result<(), String> {
        Ok(())
    }

    fn handle(trigger: Trigger) -> Result<Vec<u8>, Failure> {
        let Trigger::Events(batch) = trigger else {
            return Err(Failure::Reject("no tick was asked for".to_owned()));
        };
        let told_to = |act: &str| {
            batch
                .rows
                .windows(act.len())
                .any(|bytes| bytes == act.as_bytes())
        };
        if told_to("act:loop") {
            spin();
        }
        if told_to("act:eat") {
            eat();
        }
        if told_to("act:recurse") {
            std::hint::black_box(recurse(1));
        }
        if told_to("act:trap") {
            std::arch::wasm32::unreachable();
        }
        if told_to("act:garbage") {
            return Ok(b"\x93 these are no rows".to_vec());
        }
        if told_to("act:deep") {
            // One row, in which values stand in values without end.
            return Ok([&b"\x91\x81\xa4Deep"[..], &[0x91; 100_000]].concat());
        }
        if told_to("act:lie") {
            // One row of four thousand million columns.
            return Ok(b"\x91\xdf\xff\xff\xff\xff".to_vec());
        }
        if told_to("act:huge") {
            // One row with two MiB of bytes.
            let bytes = vec![7; 2 << 20];
            return Ok([&b"\x91\x81\xa4Huge\xc6\x00\x20\x00\x00"[..], &bytes].concat());
        }
        if told_to("act:label") {
            // More changes than a turn has calls.
            let many: Vec<String> = (0..100).map(|label| format!("label-{label}")).collect();
            while labels::add("C.1", &many).is_ok() {}
        }
        if told_to("act:forge") {
            log::write(log::Level::Info, FORGED);
            let _ = state::get(FORGED);
        }
        if told_to("act:reach") {
            reach();
        }
        if told_to("act:flood") {
            (0..5_000).for_each(|line| log::write(log::Level::Warn, &format!("line {line}")));
        }
        if told_to("act:slow") {
            let slow = batch.rows.windows(8).filter(|bytes| *bytes == b"act:slow");
            slow.for_each(|_| dawdle());
        }
        if told_to("act:fault") {
            return Err(Failure::Fault("said to be at fault".to_owned()));
        }
        if told_to("act:reject") {
            return Err(Failure::Reject("said to refuse".to_owned()));
        }
        Ok(batch.rows)
    }
}

/// What would look like a line of somebody else's, and would steer the terminal that shows it.
const FORGED: &str = "well\r\n2026-11-27T00:00:00Z error Server.Other: all is lost\u{1b}[2J\u{9b}1A\u{202e}\u{200b}\0";

/// Tries what nobody granted it.
fn reach() {
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:8421/api/v1/tokens",
        "file:///etc/passwd",
    ] {
        let request = http::Request {
            method: "GET".to_owned(),
            url: http::Text::Plain(url.to_owned()),
            headers: Vec::new(),
            body: Vec::new(),
            body_secrets: Vec::new(),
            timeout_ms: None,
            once: None,
        };
        assert!(http::send(&request).is_err(), "{url}");
    }
    assert!(clients::search("all", 0, None).is_err());
    assert!(clients::get("C.1").is_err());
    assert!(state::set("key", b"value").is_err());
    assert!(labels::remove("C.1", &["Slack".to_owned()]).is_err());
}

/// Never ends.
fn spin() {
    let mut turns = 0_u64;
    while std::hint::black_box(turns) != u64::MAX {
        turns = turns.wrapping_add(2);
    }
}

/// Takes some milliseconds.
fn dawdle() {
    for turn in 0..2_000_000_u64 {
        std::hint::black_box(turn);
    }
}

/// Takes memory, and uses it, until there is no more.
fn eat() {
    let mut eaten = Vec::new();
    loop {
        eaten.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&eaten);
    }
}

/// Calls itself until the stack is full.
#[allow(unconditional_recursion)]
fn recurse(depth: u64) -> u64 {
    std::hint::black_box([depth; 64])[7] + recurse(depth + 1)
}

export!(Misbehaving);
