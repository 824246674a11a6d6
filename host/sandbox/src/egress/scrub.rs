//! Takes the values of secrets out of what comes back: a server may echo its own URL in a redirect, or a header in an error page.
//!
//! A value is found in upper and lower case, as it is, and as base64 (wherever in it the value begins), as hexadecimal digits and as UTF-16; each of these also
//! where some of its characters, or all, are escaped: by the rules of URLs, of JSON and JavaScript, of HTML, up to three layers deep
//! (`layer.rs`). What is found is cut out with the whole of its escapes.
//!
//! What can't be found is what a server computes: a hash of the value, an encryption, a compression, its halves apart from each other, the value backwards. Nor is a
//! value of less than six bytes, which half of all texts would hold. So a secret is safe where its destination does not hand it back in such a way; the
//! grant that names the destination says so.
//!
//! How long it takes follows from the text and its escapes, and not from the value: a guess that the guest sends along is not compared with it byte by
//! byte, so the time does not tell how much of the guess was right.

mod forms;
mod layer;

use std::borrow::Cow;

use layer::{Kind, Layer, Unit};

/// How many bytes of a value are looked for at once. One that is shorter is not looked for at all.
const ANCHOR: usize = 6;

/// How many bytes are read at most to undo escapes within escapes: enough for every order of three layers of a text of one MiB.
const DEEPER: usize = 64 << 20;

/// What is looked for, and what stands in its place.
#[derive(Clone, Default)]
pub(crate) struct Scrub {
    /// Sorted by how they begin.
    needles: Vec<Needle>,
    filter: Filter,
}

/// One form of a secret's value, in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Needle {
    anchor: u64,
    /// What follows the anchor.
    rest: Vec<u8>,
    name: String,
}

/// Which anchors there may be: one bit for each of the values that a short hash of them has.
#[derive(Clone)]
struct Filter([u64; 64]);

/// Where a value was found, and the secret's name.
type Found<'s> = (usize, usize, &'s str);

impl Scrub {
    /// From now on `value` becomes `secret(NAME)`, whatever form it is in.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        for form in forms::of(value.as_bytes()) {
            let form = form.to_ascii_lowercase();
            let Some((anchor, rest)) = form.split_at_checked(ANCHOR) else {
                continue;
            };
            let anchor = anchor.iter().fold(0, |window, byte| slide(window, *byte));
            self.filter.add(anchor);
            self.needles.push(Needle {
                anchor,
                rest: rest.to_vec(),
                name: name.to_owned(),
            });
        }
        self.needles.sort_unstable();
        self.needles.dedup();
    }

    /// As [`Scrub::add`] for a URL: also the parts of it that may stand alone. Its scheme and host are none: they are shown.
    pub(crate) fn add_url(&mut self, name: &str, text: &str, url: &url::Url) {
        let path = &url[url::Position::BeforePath..];
        for part in [text, url.as_str(), path, url.path()] {
            self.add(name, part);
        }
        let values = url
            .query()
            .into_iter()
            .flat_map(|query| query.split(['&', '=']));
        let parts = url.path().split('/').chain(values);
        // Words such as `services` are in everybody's texts; tokens have digits.
        let token = |part: &&str| part.len() >= 8 && part.bytes().any(|byte| byte.is_ascii_digit());
        for part in parts.filter(token) {
            self.add(name, part);
        }
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// `bytes` without the secrets.
    pub(crate) fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut found = Vec::new();
        if !self.is_empty() {
            self.find(bytes, &mut found);
        }
        if found.is_empty() {
            return Cow::Borrowed(bytes);
        }
        found.sort_unstable_by_key(|(start, end, _)| (*start, usize::MAX - end));
        let mut clean = Vec::with_capacity(bytes.len());
        let mut from = 0;
        for (start, end, name) in found {
            // What overlaps with the one before is a part of the same echo.
            if start >= from || clean.is_empty() {
                clean.extend_from_slice(&bytes[from..start]);
                clean.extend_from_slice(format!("secret({name})").as_bytes());
            }
            from = from.max(end);
        }
        clean.extend_from_slice(&bytes[from..]);
        Cow::Owned(clean)
    }

    /// The names of the secrets that are in `bytes`, whatever form they are in.
    pub(crate) fn names(&self, bytes: &[u8]) -> Vec<&str> {
        let mut found = Vec::new();
        if !self.is_empty() {
            self.find(bytes, &mut found);
        }
        let mut names: Vec<&str> = found.into_iter().map(|(_, _, name)| name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// `text` without the secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    /// Looks through `bytes`, and through what is below up to three layers of escapes, of whatever kinds in whatever order.
    fn find<'s>(&'s self, bytes: &[u8], found: &mut Vec<Found<'s>>) {
        let plain = bytes.iter().enumerate().map(|(at, byte)| Unit {
            byte: *byte,
            start: at,
            end: at + 1,
        });
        let mut left = DEEPER;
        let length = self.seek(plain.clone(), found);
        let has_some = |kind: &Kind| bytes.contains(&kind.begins());
        for kind in Kind::ALL.into_iter().filter(has_some) {
            let one = Layer::new(plain.clone(), kind);
            let Some(length) = self.seek_below(length, one.clone(), found) else {
                continue;
            };
            for kind in Kind::ALL {
                let two = Layer::new(one.clone(), kind);
                let Some(length) = left.checked_sub(length).and_then(|rest| {
                    left = rest;
                    self.seek_below(length, two.clone(), found)
                }) else {
                    continue;
                };
                for kind in Kind::ALL {
                    if let Some(rest) = left.checked_sub(length) {
                        left = rest;
                        self.seek_below(length, Layer::new(two.clone(), kind), found);
                    }
                }
            }
        }
    }

    /// As [`Scrub::seek`], in a layer above one of this length. Nothing where it is the same: what is undone gets shorter.
    fn seek_below<'s>(
        &'s self,
        length: usize,
        units: impl Iterator<Item = Unit> + Clone,
        found: &mut Vec<Found<'s>>,
    ) -> Option<usize> {
        let own = self.seek(units, found);
        (own < length).then_some(own)
    }

    /// Looks through one layer. Gives its length.
    fn seek<'s>(
        &'s self,
        mut units: impl Iterator<Item = Unit> + Clone,
        found: &mut Vec<Found<'s>>,
    ) -> usize {
        let mut window = 0;
        let mut starts = [0; ANCHOR];
        let mut seen = 0;
        while let Some(unit) = units.next() {
            window = slide(window, unit.byte.to_ascii_lowercase());
            starts[seen % ANCHOR] = unit.start;
            seen += 1;
            if seen < ANCHOR || !self.filter.may_have(window) {
                continue;
            }
            let first = self
                .needles
                .partition_point(|needle| needle.anchor < window);
            let alike = self.needles[first..].iter();
            for needle in alike.take_while(|needle| needle.anchor == window) {
                if let Some(end) = needle.end(unit.end, units.clone()) {
                    found.push((starts[seen % ANCHOR], end, &needle.name));
                }
            }
        }
        // What is not escaped is found in every layer.
        found.sort_unstable();
        found.dedup();
        seen
    }
}

impl Needle {
    /// Where it ends, if it goes on like this after its anchor, which ended at `end`.
    fn end(&self, mut end: usize, mut units: impl Iterator<Item = Unit>) -> Option<usize> {
        for byte in &self.rest {
            let unit = units.next()?;
            if unit.byte.to_ascii_lowercase() != *byte {
                return None;
            }
            end = unit.end;
        }
        Some(end)
    }
}

/// The last bytes that were seen, with `byte` as the newest.
fn slide(window: u64, byte: u8) -> u64 {
    (window << 8 | u64::from(byte)) & ((1 << (8 * ANCHOR)) - 1)
}

impl Filter {
    fn place(anchor: u64) -> (usize, u64) {
        // The top twelve bits of a product: six of them choose the word, six the bit.
        let hash = anchor.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
        ((hash >> 6) as usize, 1 << (hash & 63))
    }

    fn add(&mut self, anchor: u64) {
        let (word, bit) = Self::place(anchor);
        self.0[word] |= bit;
    }

    fn may_have(&self, anchor: u64) -> bool {
        let (word, bit) = Self::place(anchor);
        self.0[word] & bit != 0
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl std::fmt::Debug for Scrub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scrub(…)")
    }
}

#[cfg(test)]
mod tests;
