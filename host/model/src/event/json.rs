//! A body of JSON, taken apart into events.

use super::collect::{Collector, HOSTNAME};
use crate::{
    json::{Surrogates, Transcoder, outline, skip_space},
    row::{CLIENT_ID, RowErrorKind, TS},
};

/// Reads the events of `body`, the first line of which has the number `first_line`, and calls `ended` after each that is good.
pub(super) fn read<'c>(
    body: &[u8],
    first_line: u64,
    collector: &mut Collector<'c>,
    mut ended: impl FnMut(&mut Collector<'c>),
) {
    let mut reader = Reader::new(body, first_line);
    let start = match body.strip_prefix(b"\xef\xbb\xbf") {
        Some(_) => skip_space(body, 3),
        None => skip_space(body, 0),
    };
    if body.get(start) == Some(&b'[') {
        reader.array(start + 1, collector, &mut ended);
    } else {
        reader.stream(start, collector, &mut ended);
    }
}

/// How many lines end in `text`.
pub(super) fn line_ends(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

struct Reader<'b> {
    body: &'b [u8],
    transcoder: Transcoder<'b>,
    /// Up to where the body is known to be UTF-8.
    utf8: usize,
    /// A place, and its line: lines are counted only as far as they are told.
    counted: (usize, u64),
    /// How much may still be looked at to find where broken events end, so that a body of nothing else is not read over and over.
    budget: usize,
}

impl<'b> Reader<'b> {
    fn new(body: &'b [u8], first_line: u64) -> Self {
        Self {
            body,
            transcoder: Transcoder::new(body, Surrogates::Refused),
            utf8: match std::str::from_utf8(body) {
                Ok(_) => body.len(),
                Err(error) => error.valid_up_to(),
            },
            counted: (0, first_line),
            budget: 2 * body.len(),
        }
    }

    /// One event after the other, each on a line of its own or not.
    fn stream<'c>(
        &mut self,
        mut at: usize,
        collector: &mut Collector<'c>,
        ended: &mut impl FnMut(&mut Collector<'c>),
    ) {
        while at < self.body.len() {
            at = match self.event(at, collector) {
                Ok(end) => {
                    ended(collector);
                    end
                }
                Err(reason) => {
                    collector.refuse(self.line(at), &reason);
                    self.resume(at)
                }
            };
            at = skip_space(self.body, at);
        }
    }

    /// The events of an array, the first of which may begin at `at`.
    fn array<'c>(
        &mut self,
        at: usize,
        collector: &mut Collector<'c>,
        ended: &mut impl FnMut(&mut Collector<'c>),
    ) {
        let wrong = |text: &str| RowErrorKind::Json(text.to_owned());
        let mut at = skip_space(self.body, at);
        let mut item = 1;
        if self.body.get(at) == Some(&b']') {
            at += 1;
        } else {
            loop {
                at = match self.event(at, collector) {
                    Ok(end) => {
                        ended(collector);
                        end
                    }
                    Err(reason) => {
                        collector.refuse(item, &reason);
                        match self.item_end(at) {
                            Some(end) => end,
                            // Where it ends can't be told, nor where the next one begins.
                            None => return,
                        }
                    }
                };
                item += 1;
                at = skip_space(self.body, at);
                match self.body.get(at) {
                    Some(b',') => at = skip_space(self.body, at + 1),
                    Some(b']') => break,
                    Some(_) => {
                        return collector.refuse(
                            item,
                            &wrong("`,` or `]` is wanted before it; what follows was not read"),
                        );
                    }
                    None => {
                        return collector.refuse(item, &wrong("the array is cut short before it"));
                    }
                }
            }
            at += 1;
        }
        if skip_space(self.body, at) < self.body.len() {
            collector.refuse(item, &wrong("it follows the array's end; one array is wanted, or objects one after the other"));
        }
    }

    /// Writes the event at `at`, and gives where it ends.
    #[inline]
    fn event(&mut self, at: usize, collector: &mut Collector<'_>) -> Result<usize, RowErrorKind> {
        let (begun, out) = collector.begin()?;
        let written = self.transcoder.row(at, out, [CLIENT_ID, TS, HOSTNAME])?;
        if written.end > self.utf8 && std::str::from_utf8(&self.body[at..written.end]).is_err() {
            return Err(RowErrorKind::Utf8);
        }
        collector.end(begun, written)?;
        Ok(written.end)
    }

    /// The line of a place, which must not lie before the last one asked for.
    fn line(&mut self, at: usize) -> u64 {
        let (place, line) = self.counted;
        let line = line + line_ends(&self.body[place..at]);
        self.counted = (at, line);
        line
    }

    /// Where to go on after the broken event at `at`.
    fn resume(&mut self, at: usize) -> usize {
        let line_end = |at: usize| {
            memchr::memchr(b'\n', &self.body[at..]).map_or(self.body.len(), |len| at + len)
        };
        let end_of_line = line_end(at);
        if self.body[at] != b'{' {
            return end_of_line;
        }
        let Some(end) = outline(self.body, at, &mut self.budget) else {
            return end_of_line;
        };
        // An object that goes on over lines has none of them begin with another: there, a bracket is missing.
        if end > end_of_line && self.body.get(end_of_line + 1) == Some(&b'{') {
            return end_of_line;
        }
        let next = skip_space(self.body, end);
        match self.body.get(next) {
            Some(b'{') | None => next,
            Some(_) => line_end(end),
        }
    }

    /// Where the broken item at `at` of an array ends, if that can be told.
    fn item_end(&mut self, at: usize) -> Option<usize> {
        match self.body.get(at)? {
            b'{' | b'[' | b'"' => outline(self.body, at, &mut self.budget),
            _ => memchr::memchr2(b',', b']', &self.body[at..]).map(|len| at + len),
        }
    }
}
