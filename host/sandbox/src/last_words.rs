//! What a guest leaves in its memory before it dies: the text and place of a panic that can't be returned.
//!
//! In some languages nothing can be called after a panic and nothing be returned (in Rust, since WebAssembly without exceptions can't unwind), and a
//! trap carries no text. So the guest leaves a page of its memory that begins with a mark (`handler.wit` says how), and the host looks for it after
//! the trap. That needs no import, and so no capability.

use wasmtime::{Store, WasmCoreDump};

use crate::guest::Guest;

/// A page of memory.
const PAGE: usize = 64 << 10;

/// What such a page begins with. The length of the text follows, in four bytes, the lowest first, and then the text.
const MARK: &[u8; 16] = b"watchbox:died\0\0\0";

/// The last words of the guest that `why` stopped, if it left any.
pub(crate) fn last_words(why: &wasmtime::Error, store: &Store<Guest>) -> Option<String> {
    let dump = why.downcast_ref::<WasmCoreDump>()?;
    let memories = dump.memories().iter();
    memories.map(|memory| memory.data(store)).find_map(read)
}

/// The words in a memory, of the page that was added last.
fn read(memory: &[u8]) -> Option<String> {
    let mut pages = memory.chunks_exact(PAGE).rev();
    let (length, text) = pages
        .find_map(|page| page.strip_prefix(MARK))?
        .split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let text = String::from_utf8_lossy(&text[..length.min(text.len())]);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(pages: &[&[u8]]) -> Vec<u8> {
        let mut memory = Vec::new();
        for page in pages {
            memory.extend_from_slice(page);
            memory.resize(memory.len().next_multiple_of(PAGE).max(PAGE), 0);
        }
        memory
    }

    fn page(length: u32, text: &str) -> Vec<u8> {
        [MARK, length.to_le_bytes().as_slice(), text.as_bytes()].concat()
    }

    #[test]
    fn the_words_that_were_left_last_are_found() {
        let words = |pages: &[&[u8]]| read(&memory(pages));
        assert_eq!(words(&[b"nothing of the kind"]), None);
        let first = page(5, "first and more");
        assert_eq!(words(&[b"x", &first, b"y"]).as_deref(), Some("first"));
        let last = page(4, "last");
        assert_eq!(words(&[&first, &last, b"y"]).as_deref(), Some("last"));
    }

    #[test]
    fn what_is_no_text_does_no_harm() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&memory(&[&page(0, "")])), None);
        let endless = read(&memory(&[&page(u32::MAX, "a")])).unwrap();
        assert!(endless.starts_with('a') && endless.len() < PAGE);
        let bytes = [MARK.as_slice(), &2_u32.to_le_bytes(), &[0xff, b'b']].concat();
        assert_eq!(read(&memory(&[&bytes])).as_deref(), Some("\u{fffd}b"));
        // Not at a page's begin.
        let aside = [b"..".as_slice(), &page(1, "a")].concat();
        assert_eq!(read(&memory(&[&aside])), None);
    }
}
