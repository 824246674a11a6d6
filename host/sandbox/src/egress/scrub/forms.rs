//! The forms in which a value may come back.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};

use super::{
    ANCHOR,
    layer::{self, Kind},
};

/// Takes base64 with padding and without.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Every form of `value` that is long enough to be looked for.
pub(super) fn of(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for plain in plain(value) {
        if plain.len() < ANCHOR {
            continue;
        }
        forms.push(form_spaces(&plain));
        forms.extend(base64(&plain));
        forms.push(plain.iter().flat_map(|byte| hex(*byte)).collect());
        forms.extend(utf16(&plain));
        forms.push(plain);
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// The value itself, what a server reads it as that undoes escapes in it, and what it stands for where it is base64.
fn plain(value: &[u8]) -> Vec<Vec<u8>> {
    let mut plain = vec![value.to_vec()];
    plain.extend(Kind::ALL.map(|kind| layer::undone(value, kind)));
    // `Basic` credentials are base64 already: of `user:password` a server may show either.
    let decoded = STANDARD.decode(value).or_else(|_| URL_SAFE.decode(value));
    if let Ok(decoded) = decoded {
        if let Some(colon) = decoded.iter().position(|byte| *byte == b':') {
            plain.push(decoded[colon + 1..].to_vec());
        }
        plain.push(decoded);
    }
    plain
}

/// As a form sends it: spaces as pluses.
fn form_spaces(value: &[u8]) -> Vec<u8> {
    let plus = |byte: &u8| if *byte == b' ' { b'+' } else { *byte };
    value.iter().map(plus).collect()
}

fn hex(byte: u8) -> [u8; 2] {
    let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
    [digit(byte >> 4), digit(byte & 0xf)]
}

/// Low byte first, and high byte first. Of what is no UTF-8, nothing.
fn utf16(value: &[u8]) -> Vec<Vec<u8>> {
    let Ok(text) = str::from_utf8(value) else {
        return Vec::new();
    };
    let low = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let high = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    vec![low, high]
}

/// What of base64 depends on the value alone, with none, one or two bytes of something else before it in its group of three.
fn base64(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::with_capacity(6);
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(value);
        // Six bits a character: from the first that is all the value's to the last.
        let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        for alphabet in [
            general_purpose::STANDARD_NO_PAD,
            general_purpose::URL_SAFE_NO_PAD,
        ] {
            let text = alphabet.encode(&bytes).into_bytes();
            forms.push(text[from..to].to_vec());
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_what_of_it_depends_on_the_value_alone() {
        let value = b"s\xfb\xffcret";
        let forms = base64(value);
        for before in ["", "a", "zz", "abc"] {
            for after in ["", "x", "yy"] {
                let text = [before.as_bytes(), value, after.as_bytes()].concat();
                let text = general_purpose::STANDARD.encode(text).into_bytes();
                let held =
                    |form: &Vec<u8>| text.windows(form.len()).any(|part| part == form.as_slice());
                assert!(forms.iter().any(held), "{before} {after}");
            }
        }
    }

    #[test]
    fn basic_credentials_are_known_by_what_they_stand_for() {
        let forms = of(b"dXNlcjpodW50ZXIyMQ==");
        for form in ["user:hunter21", "hunter21", "dxnlcjpodw50zxiymq=="] {
            let has = |one: &Vec<u8>| one.to_ascii_lowercase() == form.as_bytes();
            assert!(forms.iter().any(has), "{form}");
        }
    }

    #[test]
    fn what_is_too_short_has_none() {
        assert!(of(b"12345").is_empty());
    }
}
