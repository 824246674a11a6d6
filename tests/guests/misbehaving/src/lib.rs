//! A guest for tests: hands its events back as rows, unless one tells it to misbehave.
//!
//! Written against the contract alone, without the SDK, as a stranger might.

#![cfg(target_arch = "wasm32")]

use exports::watchbox::artifact::handler::{Failure, Guest, Trigger};
use watchbox::artifact::log;

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
