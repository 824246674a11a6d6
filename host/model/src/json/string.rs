//! Strings and their escapes.

use super::{Surrogates, Transcoder, scan::plain};
use crate::row::{RowErrorKind, wire};

impl Transcoder<'_> {
    /// Appends the string whose quote stands at `at`, and gives where it ends.
    #[inline]
    pub(super) fn string(&self, at: usize, out: &mut Vec<u8>) -> Result<usize, RowErrorKind> {
        let start = at + 1;
        let rest = &self.text[start..];
        let len = plain::<false>(rest);
        if rest.get(len) == Some(&b'"') {
            wire::write_str(out, &rest[..len]);
            return Ok(start + len + 1);
        }
        self.escaped_string(start, out)
    }

    /// The same of a string that has escapes, or that is broken.
    fn escaped_string(&self, mut at: usize, out: &mut Vec<u8>) -> Result<usize, RowErrorKind> {
        let string = wire::open(out);
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let len = plain::<false>(rest);
            out.extend_from_slice(&rest[..len]);
            at += len;
            match rest.get(len) {
                Some(b'\\') => at = self.escape(at, out)?,
                Some(b'"') => break,
                Some(b'\n') => {
                    return Err(self.broken(at, "a string that the end of the line cuts short"));
                }
                Some(byte) => {
                    let reason = format_args!(
                        "the control character 0x{byte:02x} in a string, where \\u00{byte:02x} is wanted"
                    );
                    return Err(self.broken(at, reason));
                }
                None => return Err(RowErrorKind::Truncated),
            }
        }
        wire::close_str(out, string);
        Ok(at + 1)
    }

    /// Appends what the escape at `at` stands for, and gives where it ends.
    #[inline]
    fn escape(&self, at: usize, out: &mut Vec<u8>) -> Result<usize, RowErrorKind> {
        let plain = match self.text.get(at + 1) {
            Some(b'"') => b'"',
            Some(b'\\') => b'\\',
            Some(b'/') => b'/',
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => return self.unicode_escape(at, out),
            Some(_) => return Err(self.broken(at, "an escape that JSON does not have")),
            None => return Err(RowErrorKind::Truncated),
        };
        out.push(plain);
        Ok(at + 2)
    }

    fn unicode_escape(&self, at: usize, out: &mut Vec<u8>) -> Result<usize, RowErrorKind> {
        let unit = self.code_unit(at)?;
        let mut end = at + 6;
        let mut code = Some(unit);
        if (0xd800..0xdc00).contains(&unit) {
            code = match self.text.get(end..end + 2) {
                Some(b"\\u") => Some(self.code_unit(end)?)
                    .filter(|low| (0xdc00..0xe000).contains(low))
                    .map(|low| 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)),
                _ => None,
            };
            end += if code.is_some() { 6 } else { 0 };
        }
        let letter = match code.and_then(char::from_u32) {
            Some(letter) => letter,
            None if self.surrogates == Surrogates::Replaced => char::REPLACEMENT_CHARACTER,
            None => {
                let reason =
                    format_args!("\\u{unit:04x} is half a surrogate pair, without the other half");
                return Err(self.broken(at, reason));
            }
        };
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(end)
    }

    /// The four digits of the escape at `at`.
    fn code_unit(&self, at: usize) -> Result<u32, RowErrorKind> {
        let wrong = || self.broken(at, "\\u without four hexadecimal digits");
        let digits = self.text.get(at + 2..at + 6).ok_or_else(wrong)?;
        let mut unit = 0;
        for digit in digits {
            unit = unit << 4 | char::from(*digit).to_digit(16).ok_or_else(wrong)?;
        }
        Ok(unit)
    }
}
