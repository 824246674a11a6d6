//! What a payload says: base64 of UTF-16, little end first, or what is left or made of it.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::{
    oddity::{Oddities, Oddity},
    script,
};

/// Lenient where a cut payload needs it; what PowerShell would not take is flagged apart.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How many bytes must stand before a character that is not base64 for the whole to count as a payload and not as a word.
const MIN_BEFORE_JUNK: usize = 16;

/// The script in a payload; `None` where there is none to speak of.
pub(crate) fn decode(payload: &str, oddities: &mut Oddities) -> Option<String> {
    let bytes = bytes(payload, oddities)?;
    if bytes.starts_with(&[0x1f, 0x8b, 0x08]) {
        oddities.note(Oddity::Gzip);
    }
    let script = text(&bytes, oddities)?;
    let odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    if script.contains(odd) {
        oddities.note(Oddity::ControlCharacters);
    }
    script::look(&script, oddities);
    Some(script)
}

/// The bytes of a payload, as far as it is base64. White space in it is passed over, as .NET does.
fn bytes(payload: &str, oddities: &mut Oddities) -> Option<Vec<u8>> {
    let white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let mut symbols: Vec<u8> = payload.bytes().filter(|byte| !white(byte)).collect();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let end = symbols
        .iter()
        .position(|byte| !plain(byte))
        .unwrap_or(symbols.len());
    let padding = symbols.len() - end;
    let padded = symbols[end..].iter().all(|&byte| byte == b'=');
    if !padded {
        oddities.note(Oddity::NotBase64);
    } else if !symbols.len().is_multiple_of(4) || padding > 2 {
        oddities.note(Oddity::Truncated);
    }
    // A single symbol behind the last quantum holds no whole byte.
    symbols.truncate(if end % 4 == 1 { end - 1 } else { end });
    let bytes = LENIENT.decode(&symbols).ok()?;
    (!bytes.is_empty() && (padded || bytes.len() >= MIN_BEFORE_JUNK)).then_some(bytes)
}

/// The text of a payload's bytes.
fn text(bytes: &[u8], oddities: &mut Oddities) -> Option<String> {
    if let Some(text) = utf8(bytes) {
        oddities.note(Oddity::NotUtf16);
        return Some(text.to_owned());
    }
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        oddities.note(Oddity::Truncated);
    }
    // ASCII, which every script has some of, tells which end comes first.
    let ascii = |high: usize| {
        pairs
            .iter()
            .filter(|pair| pair[high] == 0 && pair[1 - high] != 0)
            .count()
    };
    let big_end = pairs.first() == Some(&[0xfe, 0xff]) || ascii(0) > ascii(1);
    let units = pairs.iter().map(|&pair| {
        if big_end {
            u16::from_be_bytes(pair)
        } else {
            u16::from_le_bytes(pair)
        }
    });
    if big_end {
        oddities.note(Oddity::Utf16Be);
    }
    let mut script = String::with_capacity(bytes.len());
    for unit in char::decode_utf16(units) {
        script.push(unit.unwrap_or_else(|_| {
            oddities.note(Oddity::LoneSurrogate);
            char::REPLACEMENT_CHARACTER
        }));
    }
    if script.starts_with('\u{feff}') {
        oddities.note(Oddity::Bom);
    }
    (!script.is_empty()).then_some(script)
}

/// The bytes as UTF-8, if that is what they are. UTF-16 of a script is not: its ASCII brings zeros along.
fn utf8(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{1b}');
    (bytes.len() > 2 && !text.contains(odd)).then_some(text)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn read(payload: &str) -> (Option<String>, String) {
        let mut oddities = Oddities::default();
        let script = decode(payload, &mut oddities);
        (script, oddities.to_string())
    }

    fn utf16(script: &str) -> Vec<u8> {
        script.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn encoded(script: &str) -> String {
        STANDARD.encode(utf16(script))
    }

    fn is(script: &str, oddities: &str) -> (Option<String>, String) {
        (Some(script.to_owned()), oddities.to_owned())
    }

    #[test]
    fn the_usual() {
        assert_eq!(read(&encoded("whoami")), is("whoami", ""));
        assert_eq!(read(&encoded("a ü 😀 你\r\n\t")), is("a ü 😀 你\r\n\t", ""));
        let spaced: String = encoded("whoami")
            .chars()
            .flat_map(|c| [c, ' ', '\n'])
            .collect();
        assert_eq!(read(&spaced), is("whoami", ""));
    }

    #[test]
    fn cut_ones_are_read_as_far_as_they_go() {
        let whole = encoded("whoami"); // dwBoAG8AYQBtAGkA
        assert_eq!(read(&whole[..15]), is("whoam", "truncated"));
        assert_eq!(read(&whole[..14]), is("whoam", "truncated"));
        assert_eq!(read(&whole[..13]), is("whoa", "truncated"));
        assert_eq!(read(&whole[..12]), is("whoa", "truncated"));
        assert_eq!(read(encoded("who").trim_end_matches('=')), is("who", ""));
        assert_eq!(
            read(encoded("ab").trim_end_matches('=')),
            is("ab", "truncated")
        );
        assert_eq!(read(&STANDARD.encode(b"w\0h\0o")), is("wh", "truncated"));
        assert_eq!(read(&format!("{whole}===")), is("whoami", "truncated"));
        assert_eq!(read("d"), (None, "truncated".into()));
        assert_eq!(read(""), (None, String::new()));
    }

    #[test]
    fn junk_is_no_payload_unless_much_stood_before_it() {
        assert_eq!(read("$x").0, None);
        assert_eq!(read("foo.ps1").0, None);
        assert_eq!(read("ü").0, None);
        let long = format!("{}...", encoded("Get-Process"));
        assert_eq!(read(&long), is("Get-Process", "not-base64"));
    }

    #[test]
    fn other_encodings() {
        assert_eq!(
            read(&STANDARD.encode("whoami ü")),
            is("whoami ü", "not-utf16")
        );
        let big: Vec<u8> = "whoami".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&STANDARD.encode(big)), is("whoami", "utf-16be"));
        assert_eq!(read(&encoded("\u{feff}dir")), is("\u{feff}dir", "bom"));
        assert_eq!(read(&encoded("你好世界")), is("你好世界", ""));
        let mut lone = utf16("a");
        lone.extend([0x3d, 0xd8, b'b', 0]);
        assert_eq!(
            read(&STANDARD.encode(lone)),
            is("a\u{fffd}b", "lone-surrogate")
        );
        assert_eq!(
            read(&encoded("a\0\u{1b}[31m")),
            is("a\0\u{1b}[31m", "control-characters")
        );
        assert!(
            read("H4sIAAAAAAAAA/NIzcnJBwCCidH3BQAAAA==")
                .1
                .contains("gzip")
        );
    }

    proptest! {
        #[test]
        fn any_script_with_ascii_comes_back(script in "[ -~]{1,9}.{0,40}") {
            let script: String = script;
            prop_assert_eq!(read(&encoded(&script)).0, Some(script));
        }

        #[test]
        fn any_payload_is_survived(payload in "[A-Za-z0-9+/=]{0,60}.{0,9}") {
            let _ = read(&payload);
        }
    }
}
