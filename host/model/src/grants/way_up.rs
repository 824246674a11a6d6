//! Whether a server might read a way up, or another separator, out of a path that the URL library left as it is.
//!
//! Servers differ in what they undo before they look at a path: escapes, escapes of escapes, overlong UTF-8, look-alikes of the dot and the slash. What
//! any of them might turn into `.`, `/`, `\` or a control character is a way up here. Nothing is allocated: this is a part of each decision on a request.

/// Whether `path` might lead out of where it seems to be.
pub(super) fn climbs(path: &str) -> bool {
    let dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    path.contains('\\') || path.split('/').any(dots) || (path.contains('%') && hides(path))
}

/// Whether escapes hide a way up. Escapes may stand in escapes (`%252f`), three deep; what is hidden deeper is hidden on purpose.
fn hides(path: &str) -> bool {
    let plain = |byte| Unit {
        byte,
        hidden: false,
    };
    let one = Undone(path.bytes().map(plain));
    let two = Undone(one.clone());
    let three = Undone(two.clone());
    // A percent sign that begins no escape; `%u002f` is an escape to some.
    one.clone().any(|unit| unit.byte == b'%' && !unit.hidden)
        || is_wrong(one)
        || is_wrong(two)
        || is_wrong(three.clone())
        || Undone(three.clone()).count() < three.count()
}

/// A byte of a path, and whether it came out of an escape.
#[derive(Clone, Copy)]
struct Unit {
    byte: u8,
    hidden: bool,
}

/// A path with one layer of its escapes undone.
#[derive(Clone)]
struct Undone<I>(I);

impl<I: Iterator<Item = Unit> + Clone> Iterator for Undone<I> {
    type Item = Unit;

    fn next(&mut self) -> Option<Unit> {
        let unit = self.0.next()?;
        if unit.byte == b'%' {
            let mut ahead = self.0.clone();
            let mut digit = || char::from(ahead.next()?.byte).to_digit(16);
            if let (Some(high), Some(low)) = (digit(), digit()) {
                self.0 = ahead;
                let byte = (high << 4 | low) as u8;
                return Some(Unit { byte, hidden: true });
            }
        }
        Some(unit)
    }
}

fn is_wrong(units: impl Iterator<Item = Unit>) -> bool {
    // The last three bytes that were hidden; zeros where one was not.
    let mut last = [0_u8; 3];
    let mut percent = false;
    for Unit { byte, hidden } in units {
        last = [last[1], last[2], if hidden { byte } else { 0 }];
        let is_separator = matches!(byte, b'.' | b'/' | b'\\' | 0..=0x1f | 0x7f);
        if (hidden && (is_separator || is_overlong(last) || is_alike(last)))
            || (percent && byte == b'u')
        {
            return true;
        }
        percent = byte == b'%';
    }
    false
}

/// Whether the last byte makes it UTF-8 that is longer than need be: lenient decoders take `%c0%ae` for a dot.
fn is_overlong(last: [u8; 3]) -> bool {
    matches!(
        last,
        [.., 0xc0 | 0xc1] | [_, 0xe0, 0x80..=0x9f] | [_, 0xf0, 0x80..=0x8f]
    )
}

/// Whether it is a character that is a dot or a slash to those that map text to what looks the same.
fn is_alike(last: [u8; 3]) -> bool {
    matches!(
        last,
        // Full-width `.`, `/`, `\`; the small ones; the leaders of one dot and of two.
        [0xef, 0xbc, 0x8e | 0x8f | 0xbc] | [0xef, 0xb9, 0x92 | 0xa8] | [0xe2, 0x80, 0xa4 | 0xa5]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_might_undo_to_a_way_up_climbs() {
        for path in [
            "/a/../b",
            "/a/.",
            "/a/..;/b",
            "/a/.;x=1/b",
            "/a\\b",
            "/%2e%2e/b",
            "/a/.%2E/b",
            "/a/file%2etxt",
            "/a/..%2fb",
            "/a/..%5cb",
            "/a/%00",
            "/a/%0d%0ab",
            "/a/%09",
            "/a/%7f",
            "/a/%252e",
            "/a/%25252f",
            "/a/%2525252f",
            "/a/%25%32%65",
            "/a/%25%35%63",
            "/a/%2532%2565%252e",
            "/a/%%32%65",
            "/a/%u002e",
            "/a/%25u002e",
            "/a/%zz",
            "/a/100%",
            "/a/%c0%ae",
            "/a/%C0%AF",
            "/a/%e0%80%ae",
            "/a/%f0%80%80%ae",
            "/a/%25c0%25ae",
            "/a/%ef%bc%8e%ef%bc%8e",
            "/a/%EF%BC%8F",
            "/a/%ef%bc%bc",
            "/a/%e2%80%a5",
        ] {
            assert!(climbs(path), "{path}");
        }
    }

    #[test]
    fn other_escapes_and_dots_stay_where_they_are() {
        for path in [
            "/",
            "/a/b.c/..d/...",
            "/a;b/c..",
            "/a%20b",
            "/a/100%25",
            "/a/100%25off",
            "/a/%2520",
            "/gr%C3%BC%C3%9Fe",
            "/%e4%b8%96",
            "/%F0%9F%98%80",
            "/latin%E9",
            "/%e2%80%a6",
            "/a/%3f%23%3a%40",
        ] {
            assert!(!climbs(path), "{path}");
        }
    }
}
