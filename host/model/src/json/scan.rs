//! Text walked without being understood: white space, the plain part of a string, and where a broken value ends.

/// Where the first byte at or after `at` stands that is no white space.
#[inline(always)]
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

/// How many bytes of `text` come before the first quote, backslash or control character or, where `ASCII` is wanted, other letter.
#[inline(always)]
pub(crate) fn plain<const ASCII: bool>(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let special = special(word) | if ASCII { word & HIGH } else { 0 };
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let special = |&byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20) || (ASCII && byte >= 0x80);
    let end = rest.iter().position(special);
    words.len() * 8 + end.unwrap_or(rest.len())
}

/// The lowest and the highest bit of each byte.
const LOW: u64 = u64::MAX / 255;
const HIGH: u64 = LOW << 7;

/// The high bit of each byte that is a quote, a backslash or a control character; above the first such byte also of others.
#[inline(always)]
fn special(word: u64) -> u64 {
    let zero = |word: u64| word.wrapping_sub(LOW) & !word;
    let quote = zero(word ^ (LOW * b'"' as u64));
    let backslash = zero(word ^ (LOW * b'\\' as u64));
    let control = word.wrapping_sub(LOW * 0x20) & !word;
    (quote | backslash | control) & HIGH
}

/// Where the value that begins at `at` ends, going by its quotes and brackets alone, where that can be told within `budget` bytes, which
/// it takes what it looks at from. A string does not go on over the end of a line.
pub(crate) fn outline(text: &[u8], mut at: usize, budget: &mut usize) -> Option<usize> {
    let mut open: Vec<u8> = Vec::new();
    loop {
        *budget = budget.checked_sub(1)?;
        let byte = *text.get(at)?;
        at += 1;
        match byte {
            b'{' | b'[' => open.push(byte),
            // `{` and `}`, `[` and `]` are two apart.
            b'}' | b']' if open.pop() != Some(byte - 2) => return None,
            b'"' => {
                let end = string_end(text, at)?;
                *budget = budget.checked_sub(end - at)?;
                at = end;
            }
            _ => {}
        }
        if open.is_empty() {
            return Some(at);
        }
    }
}

fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += plain::<false>(text.get(at..)?);
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\n' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
