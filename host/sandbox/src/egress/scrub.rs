//! Takes the values of secrets out of what comes back: a server may echo its own URL in a redirect or a header in an error page.

use std::borrow::Cow;

/// What is looked for, and what stands in its place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scrub(Vec<(Needle, String)>);

/// The bytes of a secret, kept out of `Debug`.
#[derive(Clone, PartialEq, Eq)]
struct Needle(Vec<u8>);

impl std::fmt::Debug for Needle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Scrub {
    /// Below this many bytes a secret is no secret, and its value would be found in half of all texts.
    const SHORTEST: usize = 6;

    /// From now on `value` becomes `secret(NAME)`.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        let needle = Needle(value.as_bytes().to_vec());
        if value.len() >= Self::SHORTEST && !self.0.iter().any(|(has, _)| *has == needle) {
            self.0.push((needle, format!("secret({name})")));
            // The longest first: a path is part of its URL.
            self.0
                .sort_by_key(|(needle, _)| std::cmp::Reverse(needle.0.len()));
        }
    }

    /// `bytes` without the secrets.
    pub(crate) fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut clean = Cow::Borrowed(bytes);
        for (needle, mark) in &self.0 {
            if let Some(replaced) = replace(&clean, &needle.0, mark.as_bytes()) {
                clean = Cow::Owned(replaced);
            }
        }
        clean
    }

    /// `text` without the secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }
}

/// `bytes` with each `needle` replaced by `mark`; nothing where there is none.
fn replace(bytes: &[u8], needle: &[u8], mark: &[u8]) -> Option<Vec<u8>> {
    let mut out = None;
    let mut from = 0;
    let mut at = 0;
    while at + needle.len() <= bytes.len() {
        if bytes[at] == needle[0] && bytes[at..].starts_with(needle) {
            let out = out.get_or_insert_with(Vec::new);
            out.extend_from_slice(&bytes[from..at]);
            out.extend_from_slice(mark);
            at += needle.len();
            from = at;
        } else {
            at += 1;
        }
    }
    out.map(|mut out: Vec<u8>| {
        out.extend_from_slice(&bytes[from..]);
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_goes_the_longest_first() {
        let mut scrub = Scrub::default();
        scrub.add("url", "/services/T1");
        scrub.add("url", "https://hooks/services/T1");
        scrub.add("short", "ok");
        assert_eq!(
            scrub.text("see https://hooks/services/T1, or /services/T1/x; ok"),
            "see secret(url), or secret(url)/x; ok"
        );
        assert!(matches!(scrub.bytes(b"nothing here"), Cow::Borrowed(_)));
        assert!(!format!("{scrub:?}").contains("services"));
    }

    #[test]
    fn overlaps_and_ends() {
        assert_eq!(replace(b"aaaa", b"aa", b"b").unwrap(), b"bb");
        assert_eq!(replace(b"xaa", b"aa", b"").unwrap(), b"x");
        assert_eq!(replace(b"", b"aa", b"b"), None);
    }
}
