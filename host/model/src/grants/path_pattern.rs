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

    /// Whether a path may be meant by both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let (one, two) = (self.pieces.join("*"), other.pieces.join("*"));
        let (mut one, mut two) = (one.split('/').peekable(), two.split('/').peekable());
        loop {
            let (Some(a), Some(b)) = (one.next(), two.next()) else {
                return one.next().is_none() && two.next().is_none();
            };
            // What is open ends in the beginning of a segment, and of whatever follows.
            let ends = (
                self.is_open && one.peek().is_none(),
                other.is_open && two.peek().is_none(),
            );
            match ends {
                (true, true) => {
                    return a.starts_with(b) || b.starts_with(a) || a == "*" || b == "*";
                }
                (true, false) => return b == "*" || b.starts_with(a),
                (false, true) => return a == "*" || a.starts_with(b),
                (false, false) => {}
            }
            let is_same = a == b || (a == "*" && !b.is_empty()) || (b == "*" && !a.is_empty());
            if !is_same {
                return false;
            }
            if one.peek().is_none() != two.peek().is_none() {
                return false;
            }
        }
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
    fn what_is_meant_by_both_is_found() {
        for (one, two, both) in [
            ("/a/*/x", "/a/b/*", true),
            ("/a/*/x", "/a/b/y", false),
            ("/a/*/x", "/*/b/x", true),
            ("/a/*", "/a/b", true),
            ("/a/b*", "/a/*/x", true),
            ("/a", "/a/b", false),
            ("/a*", "/ab/*/c", true),
            ("/a/*/", "/a/b", false),
            ("/*", "/", true),
        ] {
            assert_eq!(pattern(one).overlaps(&pattern(two)), both, "{one} {two}");
            assert_eq!(pattern(two).overlaps(&pattern(one)), both, "{two} {one}");
        }
    }

    proptest! {
        #[test]
        fn patterns_that_cover_one_path_overlap(
            one in "(/(a|b|\\*)){1,3}(/|/a|\\*)?", two in "(/(a|b|\\*)){1,3}(/|/a|\\*)?", path in "(/(a|b|ab)){1,4}/?",
        ) {
            let read = |text: &str| match text.strip_suffix('*') {
                Some(path) => PathPattern::read(path, true),
                None => PathPattern::read(text, false),
            };
            if let (Ok(one), Ok(two)) = (read(&one), read(&two))
                && one.covers(&path) && two.covers(&path)
            {
                prop_assert!(one.overlaps(&two), "{one} {two} {path}");
            }
        }
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
