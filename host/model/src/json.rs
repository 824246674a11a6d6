//! JSON read straight into MessagePack: one walk over the text, no value in between.
//!
//! It is written by hand because the rules are ours (a column twice, a lone surrogate and a number that nothing holds are errors that say
//! where; nesting has a bound) and because it is the hottest code there is: every event passes it.

mod number;
mod scan;
mod string;

use crate::row::{
    MAX_DEPTH, RowErrorKind,
    keys::{Key, Keys},
    wire,
};

pub(crate) use scan::{outline, plain, skip_space};

/// What becomes of half a surrogate pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surrogates {
    /// It is an error.
    Refused,
    /// It becomes U+FFFD.
    Replaced,
}

/// Turns JSON values into MessagePack. One serves all rows of a text, of whose bytes it expects UTF-8 and whoever calls it makes sure.
#[derive(Debug)]
pub(crate) struct Transcoder<'t> {
    text: &'t [u8],
    surrogates: Surrogates,
    keys: Keys,
    /// Where the row under way begins: errors count from there.
    start: usize,
}

/// A row that was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<const N: usize> {
    /// How many columns it has.
    pub(crate) len: u32,
    /// Where it ends in the text.
    pub(crate) end: usize,
    /// Where each of the columns asked for stands in the output.
    pub(crate) found: [Option<Entry>; N],
}

/// Where a column stands in the output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Where its key begins.
    pub(crate) key: usize,
    /// Where its value begins.
    pub(crate) value: usize,
    /// Where its value ends.
    pub(crate) end: usize,
}

impl Entry {
    /// Where this column stands once `gone` is taken out.
    pub(crate) fn moved(self, gone: Self) -> Self {
        let by = if gone.key < self.key {
            gone.end - gone.key
        } else {
            0
        };
        Self {
            key: self.key - by,
            value: self.value - by,
            end: self.end - by,
        }
    }
}

impl<'t> Transcoder<'t> {
    pub(crate) fn new(text: &'t [u8], surrogates: Surrogates) -> Self {
        Self {
            text,
            surrogates,
            keys: Keys::default(),
            start: 0,
        }
    }

    /// Appends the columns of the object at `at` to `out`, without the head of a map, and tells where the columns called `watched` came to stand.
    #[inline]
    pub(crate) fn row<const N: usize>(
        &mut self,
        at: usize,
        out: &mut Vec<u8>,
        watched: [&str; N],
    ) -> Result<Written<N>, RowErrorKind> {
        self.start = at;
        // What an earlier row left when it failed.
        self.keys.clear();
        if self.text.get(at) != Some(&b'{') {
            return Err(self.no_row(at));
        }
        let mut found = [None; N];
        let (len, end) = self.entries(at + 1, out, 1, |out, entry| {
            let key = &out[entry.key..entry.value];
            for (name, found) in watched.iter().zip(&mut found) {
                // A watched name is short enough for its head to be one byte.
                if key.len() == name.len() + 1 && key[1..] == *name.as_bytes() {
                    *found = Some(entry);
                }
            }
        })?;
        Ok(Written { len, end, found })
    }

    /// That the value at `at` is no row: by what it is instead, if it is JSON at all.
    fn no_row(&mut self, at: usize) -> RowErrorKind {
        if let Err(error) = self.value(at, &mut Vec::new(), 0) {
            return error;
        }
        let kind = match self.text.get(at) {
            Some(b'"') => "text",
            Some(b'[') => "an array",
            Some(b't' | b'f') => "true or false",
            Some(b'n') => "null",
            _ => "a number",
        };
        RowErrorKind::Json(format!("{kind} where an object is wanted"))
    }

    fn entries(
        &mut self,
        at: usize,
        out: &mut Vec<u8>,
        depth: usize,
        mut each: impl FnMut(&[u8], Entry),
    ) -> Result<(u32, usize), RowErrorKind> {
        let first = self.keys.len();
        let mut len = 0;
        let mut at = skip_space(self.text, at);
        if self.text.get(at) == Some(&b'}') {
            return Ok((0, at + 1));
        }
        loop {
            if self.text.get(at) != Some(&b'"') {
                return Err(self.unexpected(at, "a column's name in quotes"));
            }
            let key = out.len();
            at = self.string(at, out)?;
            let value = out.len();
            let start = key + wire::str_head_len(out[key]);
            self.keys.push(Key { start, end: value });
            at = skip_space(self.text, at);
            if self.text.get(at) != Some(&b':') {
                return Err(self.unexpected(at, "`:`"));
            }
            at = skip_space(self.text, at + 1);
            at = self.value(at, out, depth)?;
            let end = out.len();
            each(out, Entry { key, value, end });
            len += 1;
            at = skip_space(self.text, at);
            match self.text.get(at) {
                Some(b',') => at = skip_space(self.text, at + 1),
                Some(b'}') => break,
                _ => return Err(self.unexpected(at, "`,` or `}`")),
            }
        }
        match self.keys.take_duplicate(out, first) {
            None => Ok((len, at + 1)),
            Some(key) => Err(RowErrorKind::Duplicate(key)),
        }
    }

    fn items(
        &mut self,
        at: usize,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(u32, usize), RowErrorKind> {
        let mut len = 0;
        let mut at = skip_space(self.text, at);
        if self.text.get(at) == Some(&b']') {
            return Ok((0, at + 1));
        }
        loop {
            at = self.value(at, out, depth)?;
            len += 1;
            at = skip_space(self.text, at);
            match self.text.get(at) {
                Some(b',') => at = skip_space(self.text, at + 1),
                Some(b']') => return Ok((len, at + 1)),
                _ => return Err(self.unexpected(at, "`,` or `]`")),
            }
        }
    }

    /// Appends the value at `at`, which stands within `depth` maps and arrays, and gives where it ends.
    fn value(&mut self, at: usize, out: &mut Vec<u8>, depth: usize) -> Result<usize, RowErrorKind> {
        match self.text.get(at) {
            Some(b'"') => self.string(at, out),
            Some(b'0'..=b'9' | b'-') => self.number(at, out),
            Some(b'{' | b'[') if depth == MAX_DEPTH => Err(RowErrorKind::Depth),
            Some(b'{') => {
                let map = wire::open(out);
                let (len, end) = self.entries(at + 1, out, depth + 1, |_, _| {})?;
                wire::close_map(out, map, len);
                Ok(end)
            }
            Some(b'[') => {
                let array = wire::open(out);
                let (len, end) = self.items(at + 1, out, depth + 1)?;
                wire::close_array(out, array, len);
                Ok(end)
            }
            Some(b't') if self.word(at) == b"true" => {
                wire::write_bool(out, true);
                Ok(at + 4)
            }
            Some(b'f') if self.word(at) == b"false" => {
                wire::write_bool(out, false);
                Ok(at + 5)
            }
            Some(b'n') if self.word(at) == b"null" => {
                wire::write_nil(out);
                Ok(at + 4)
            }
            _ => Err(self.unexpected(at, "a value")),
        }
    }

    /// The letters and digits at `at`.
    fn word(&self, at: usize) -> &'t [u8] {
        let rest = self.text.get(at..).unwrap_or_default();
        let len = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count();
        &rest[..len]
    }

    /// That something else stands at `at` than what is wanted there.
    #[cold]
    fn unexpected(&self, at: usize, wanted: &str) -> RowErrorKind {
        let word = self.word(at);
        let shown = match self.text.get(at) {
            None => return RowErrorKind::Truncated,
            Some(b'\n' | b'\r') => "the end of the line".to_owned(),
            Some(_) if word.eq_ignore_ascii_case(b"nan") || word == b"Infinity" => {
                let word = String::from_utf8_lossy(word);
                return self.broken(
                    at,
                    format_args!("`{word}` is no JSON; null is wanted in its place"),
                );
            }
            Some(_) if !word.is_empty() => {
                format!("`{}`", String::from_utf8_lossy(&word[..word.len().min(20)]))
            }
            Some(byte) if byte.is_ascii_graphic() => format!("`{}`", char::from(*byte)),
            Some(byte) => format!("the byte 0x{byte:02x}"),
        };
        self.broken(at, format_args!("{shown} where {wanted} is wanted"))
    }

    /// That something is wrong at `at`.
    #[cold]
    fn broken(&self, at: usize, reason: impl std::fmt::Display) -> RowErrorKind {
        let byte = at.saturating_sub(self.start) + 1;
        RowErrorKind::Json(format!("{reason} (byte {byte} of it)"))
    }
}
