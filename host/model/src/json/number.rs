//! Numbers.

use super::Transcoder;
use crate::row::{RowErrorKind, wire};

impl Transcoder<'_> {
    /// Appends the number at `at`, and gives where it ends. An integer that 64 bits hold stays one; any other number becomes a float, which
    /// must hold it but for its rounding.
    pub(super) fn number(&self, at: usize, out: &mut Vec<u8>) -> Result<usize, RowErrorKind> {
        let text = self.text;
        let negative = text[at] == b'-';
        let first = at + usize::from(negative);
        let mut end = digits(text, first);
        if end == first {
            return Err(self.unexpected(
                if text.get(first).is_some_and(u8::is_ascii_alphabetic) {
                    first
                } else {
                    at
                },
                "a number",
            ));
        }
        if text[first] == b'0' && end > first + 1 {
            return Err(self.broken(at, "a number with a zero before it"));
        }
        let mut whole = true;
        if text.get(end) == Some(&b'.') {
            whole = false;
            let fraction = digits(text, end + 1);
            if fraction == end + 1 {
                return Err(self.broken(end, "a number with nothing behind its point"));
            }
            end = fraction;
        }
        if let Some(b'e' | b'E') = text.get(end) {
            whole = false;
            let sign = matches!(text.get(end + 1), Some(b'+' | b'-'));
            let power = end + 1 + usize::from(sign);
            if digits(text, power) == power {
                return Err(self.broken(end, "a number with nothing behind its `e`"));
            }
            end = digits(text, power);
        }
        if whole && integer(&text[first..end], negative, out) {
            return Ok(end);
        }
        match std::str::from_utf8(&text[at..end]).map(str::parse::<f64>) {
            Ok(Ok(value)) if value.is_finite() => {
                wire::write_float(out, value);
                Ok(end)
            }
            _ => Err(self.broken(at, "a number too large for a float")),
        }
    }
}

/// Where the digits at `at` end.
fn digits(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// Writes the integer of these digits, if 64 bits hold it. They don't hold the minus of `-0`.
fn integer(digits: &[u8], negative: bool, out: &mut Vec<u8>) -> bool {
    let value = digits.iter().try_fold(0u64, |value, digit| {
        value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    });
    match value {
        Some(value) if !negative => wire::write_uint(out, value),
        Some(value) if value > 0 => match 0i64.checked_sub_unsigned(value) {
            Some(value) => wire::write_int(out, value),
            None => return false,
        },
        _ => return false,
    }
    true
}
