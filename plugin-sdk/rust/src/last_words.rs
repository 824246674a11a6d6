//! What is left of a panic: its text and place, in memory, where the host looks for them after the trap. Nothing is called, so nothing is imported.

use std::{hint::black_box, panic};

/// The contract's mark (`handler.wit`, under `fault`).
const MARK: [u8; 16] = *b"watchbox:died\0\0\0";

/// What is left of a page for the text.
const ROOM: usize = (64 << 10) - 20;

/// A page, as the contract wants it.
#[repr(C, align(65536))]
struct Page {
    mark: [u8; 16],
    /// The lowest byte first, as it is in WebAssembly.
    length: u32,
    text: [u8; ROOM],
}

/// From now on a panic leaves its text and place. Called by [`crate::export!`].
pub fn keep() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let text = panic.payload_as_str().unwrap_or("no text");
        leave(&format!("{}: panicked: {text}", place.unwrap_or_default()));
    }));
}

fn leave(words: &str) {
    let length = words.len().min(ROOM);
    let mut page = Box::new(Page {
        mark: MARK,
        length: length as u32,
        text: [0; ROOM],
    });
    page.text[..length].copy_from_slice(&words.as_bytes()[..length]);
    // Nobody in here reads it, which must be no reason to leave it out.
    black_box(Box::leak(page));
}
