//! A file in large pieces that end where lines end.

use std::io::{self, Read};

/// How much is read at once: enough to make calls rare, little enough to stay in the processor's cache.
const CHUNK: usize = 1 << 20;

/// The longest line, and so the most memory: a row has at most 1 MiB of MessagePack, its JSON may be longer.
pub const MAX_LINE: usize = 8 << 20;

/// A piece of the file.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'b> {
    /// Whole lines; only the file's last may lack its line end.
    Lines(&'b [u8]),
    /// A line of more than [`MAX_LINE`] bytes, passed over.
    TooLong,
}

/// Reads `source` piece by piece.
#[derive(Debug)]
pub struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    /// How much of the buffer is filled.
    filled: usize,
    /// How much of that was given out by the last call.
    given: usize,
    /// Whether the line that is being read is too long.
    skipping: bool,
    at_end: bool,
}

impl<R: Read> Lines<R> {
    /// Reads from `source`.
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; CHUNK],
            filled: 0,
            given: 0,
            skipping: false,
            at_end: false,
        }
    }

    /// The next piece: what one read gives, so that a slow source's lines are not held back. None at the end.
    pub fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.buffer.copy_within(self.given..self.filled, 0);
        self.filled -= self.given;
        self.given = 0;
        // What is left over is the beginning of a line.
        let mut searched = self.filled;
        loop {
            if self.at_end {
                return Ok(self.rest());
            }
            if self.filled == self.buffer.len() {
                if self.filled < MAX_LINE {
                    self.buffer.resize(self.filled * 2, 0);
                } else {
                    self.skipping = true;
                    self.filled = 0;
                }
                searched = self.filled;
            }
            let read = self.read()?;
            self.at_end = read == 0;
            self.filled += read;
            if self.skipping {
                let Some(end) = self.buffer[..self.filled]
                    .iter()
                    .position(|byte| *byte == b'\n')
                else {
                    self.filled = 0;
                    continue;
                };
                self.skipping = false;
                self.given = end + 1;
                return Ok(Some(Piece::TooLong));
            }
            let new = &self.buffer[searched..self.filled];
            if let Some(end) = new.iter().rposition(|byte| *byte == b'\n') {
                self.given = searched + end + 1;
                return Ok(Some(Piece::Lines(&self.buffer[..self.given])));
            }
            searched = self.filled;
        }
    }

    fn rest(&mut self) -> Option<Piece<'_>> {
        if std::mem::take(&mut self.skipping) {
            return Some(Piece::TooLong);
        }
        self.given = self.filled;
        (self.filled > 0).then(|| Piece::Lines(&self.buffer[..self.filled]))
    }

    fn read(&mut self) -> io::Result<usize> {
        loop {
            match self.source.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives at most `step` bytes a call.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let step = self.1.min(buffer.len());
            (&mut self.0).take(step as u64).read(buffer)
        }
    }

    fn all(source: impl Read) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::new(source);
        let mut pieces = Vec::new();
        while let Some(piece) = lines.next().unwrap() {
            pieces.push(match piece {
                Piece::Lines(lines) => Some(lines.to_vec()),
                Piece::TooLong => None,
            });
        }
        pieces
    }

    #[test]
    fn a_long_line_is_passed_over_and_those_around_it_are_kept() {
        let mut file = b"one\n".to_vec();
        file.extend(vec![b'x'; MAX_LINE + 1]);
        file.extend(b"\ntwo\n");
        let pieces = all(Slow(&file, 1 << 16));
        assert_eq!(pieces.iter().filter(|piece| piece.is_none()).count(), 1);
        let kept: Vec<u8> = pieces.into_iter().flatten().flatten().collect();
        assert_eq!(kept, b"one\ntwo\n");
    }

    #[test]
    fn a_long_last_line_without_its_end_is_told_too() {
        assert_eq!(all(vec![b'x'; MAX_LINE + 1].as_slice()), [None]);
    }

    #[test]
    fn a_line_of_the_greatest_length_is_whole() {
        let mut file = vec![b'x'; MAX_LINE - 1];
        file.push(b'\n');
        assert_eq!(all(file.as_slice()), [Some(file.clone())]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_pieces_end_where_lines_end(
            lines in proptest::collection::vec("[a-z]{0,9}", 0..20),
            last_ends in any::<bool>(),
            step in 1..30_usize,
        ) {
            let mut file = lines.join("\n");
            if last_ends {
                file.push('\n');
            }
            let pieces: Vec<Vec<u8>> = all(Slow(file.as_bytes(), step)).into_iter().flatten().collect();
            prop_assert_eq!(pieces.concat(), file.as_bytes());
            for piece in pieces.iter().rev().skip(1) {
                prop_assert_eq!(piece.last(), Some(&b'\n'));
            }
        }
    }
}
