//! Patterns of paths: text, with `*` for one segment, or at the end for whatever follows.

use std::fmt;

#[cfg(test)]
use super::way_up::climbs;

/// `/a`, `/a/*`, `/v1/*/x`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PathPattern {
    /// The text between the segments that a `*` stands for, each of which but the first begins with the slash after one.
    pieces: Vec<String>,
    /// Whether anything may follow.
    is_open: bool,
}

impl PathPattern {
    /// The pattern of every path.
    pub(super) fn any() -> Self {
        Self {
            pieces: vec!["/".to_owned()],
            is_open: true,
        }
    }

    /// Reads a path whose last `*` was taken off (`is_open`). The error says what is wrong.
    pub(super) fn read(path: &str, is_open: bool) -> Result<Self, &'static str> {
        let mut pieces = vec![String::new()];
        for (at, segment) in path.split('/').enumerate() {
            let mut piece = pieces.pop().unwrap_or_default();
            if at > 0 {
                piece.push('/');
            }
            match segment {
                "*" => pieces.extend([piece, String::new()]),
                _ if segment.contains('*') => return Err(STARS),
                _ => pieces.push(piece + segment),
            }
        }
        // A star at the end that was not taken off, or one before that which was.
        if pieces.last().is_some_and(String::is_empty) && pieces.len() > 1 {
            return Err(STARS);
        }
        Ok(Self { pieces, is_open })
    }

    /// Whether `path` is one of those meant. One that might lead elsewhere is nobody's.
    #[cfg(test)]
    pub(super) fn covers(&self, path: &str) -> bool {
        self.fits(path) && !climbs(path)
    }

    /// Whether every path that `other` means is meant by this pattern too. (What climbs is no pattern's, and matches none.)
    pub(super) fn covers_pattern(&self, other: &Self) -> bool {
        // A `*` in the other's text is a segment like any, which only a `*` here fits.
        (self.is_open || !other.is_open) && self.fits(&other.pieces.join("*"))
    }

    /// The same of a path that is known to lead nowhere else.
    pub(super) fn fits(&self, path: &str) -> bool {
        let mut pieces = self.pieces.iter();
        let first = pieces.next().map_or("", String::as_str);
        let Some(mut rest) = path.strip_prefix(first) else {
            return false;
        };
        for piece in pieces {
            let end = rest.find('/').unwrap_or(rest.len());
            match rest[end..].strip_prefix(piece.as_str()) {
                Some(after) if end > 0 => rest = after,
                _ => return false,
            }
        }
        self.is_open || rest.is_empty()
    }
}

const STARS: &str = "in a path `*` stands for a whole segment, as in `https://example.com/v1/*/status`, or at the end for whatever follows, as in `https://example.com/services/*`";

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pieces.join("*"))?;
        f.write_str(if self.is_open { "*" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> PathPattern {
        let (path, is_open) = match text.strip_suffix('*') {
            Some(path) => (path, true),
            None => (text, false),
        };
        PathPattern::read(path, is_open).unwrap()
    }

    #[test]
    fn a_star_within_is_one_segment_and_one_at_the_end_whatever_follows() {
        for (text, covered, others) in [
            (
                "/v1/*/x",
                &["/v1/a/x", "/v1/*/x", "/v1/a;b=c/x"][..],
                &[
                    "/v1/x",
                    "/v1//x",
                    "/v1/a/b/x",
                    "/v1/a/x/",
                    "/v1/a/xy",
                    "/v1/a",
                    "/v2/a/x",
                    "/v1/../x",
                ][..],
            ),
            ("/*/x", &["/a/x"], &["/x", "//x", "/a/b/x"]),
            (
                "/v1/*/*/x",
                &["/v1/a/b/x"],
                &["/v1/a/x", "/v1/a//x", "/v1/a/b/c/x"],
            ),
            (
                "/v1/*/x*",
                &["/v1/a/x", "/v1/a/xy/z"],
                &["/v1/x", "/v1/a/y"],
            ),
            ("/v1/*/*", &["/v1/a/", "/v1/a/b/c"], &["/v1/a", "/v1//a"]),
            ("/v1/*/", &["/v1/a/"], &["/v1/a", "/v1//", "/v1/a/b"]),
            ("/v1/*", &["/v1/", "/v1/a/b"], &["/v1", "/v2/"]),
            ("/v1", &["/v1"], &["/v1/", "/v1/a"]),
        ] {
            let one = pattern(text);
            assert_eq!(one.to_string(), text);
            for path in covered {
                assert!(one.covers(path), "{text} covers {path}");
            }
            for path in others {
                assert!(!one.covers(path), "{text} does not cover {path}");
            }
        }
    }

    #[test]
    fn stars_elsewhere_are_refused() {
        for text in ["/a*/b", "/*a/b", "/a*b", "/a/**"] {
            let path = text.strip_suffix('*').unwrap_or(text);
            assert!(PathPattern::read(path, path != text).is_err(), "{text}");
        }
    }

    fn path() -> impl Strategy<Value = String> {
        "(/[ab]{0,2}){1,4}"
    }

    fn any_pattern() -> impl Strategy<Value = PathPattern> {
        "(/([ab]{0,2}|\\*)){0,3}/[ab]{0,1}\\*?".prop_map(|text| pattern(&text))
    }

    proptest! {
        #[test]
        fn what_a_narrower_pattern_covers_the_wider_one_covers(wide in any_pattern(), narrow in any_pattern(), paths in prop::collection::vec(path(), 20)) {
            prop_assert!(wide.covers_pattern(&wide));
            if wide.covers_pattern(&narrow) {
                for path in paths.iter().filter(|path| narrow.covers(path)) {
                    prop_assert!(wide.covers(path), "{} {} {}", wide, narrow, path);
                }
            }
        }
    }
}
