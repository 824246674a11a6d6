use proptest::prelude::*;

use super::*;

/// A key and a signature over `test` that the tool minisign made, from the tests of its author's library.
const KEY_OF_MINISIGN: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
const SIGNATURE_OF_MINISIGN: &str = "untrusted comment: signature from minisign secret key
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1556193335\tfile:test
y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==
";
/// One of the old form, without a hash.
const LEGACY: &str = "untrusted comment: signature from minisign secret key
RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=
trusted comment: timestamp:1555779966\tfile:test
QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==
";

fn of_minisign() -> (PublicKey, Signature) {
    let signature = Signature::new(SIGNATURE_OF_MINISIGN.to_owned());
    (KEY_OF_MINISIGN.parse().unwrap(), signature)
}

#[test]
fn a_signature_is_of_one_text_and_one_key() {
    let key = SigningKey::generate().unwrap();
    let signature = key.sign(b"text", "a comment").unwrap();
    assert_eq!(key.public().verify(b"text", &signature), Ok(()));
    let other = SigningKey::generate().unwrap();
    for (by, text) in [(&key, b"Text"), (&other, b"text")] {
        let verdict = by.public().verify(text, &signature);
        assert!(
            matches!(verdict, Err(SigningError::Wrong(_))),
            "{verdict:?}"
        );
    }
    let forged = signature.as_str().replace("a comment", "b comment");
    let verdict = key.public().verify(b"text", &Signature::new(forged));
    assert!(
        matches!(verdict, Err(SigningError::Wrong(_))),
        "{verdict:?}"
    );
}

#[test]
fn what_minisign_signed_is_verified() {
    let (key, signature) = of_minisign();
    assert_eq!(key.verify(b"test", &signature), Ok(()));
    assert!(key.verify(b"test2", &signature).is_err());
    assert_eq!(key.id().to_string(), "E7620F1842B4E81F");
    let parts = signature.parts().unwrap();
    assert_eq!(parts.key, key.id());
    assert_eq!(parts.comment, "timestamp:1556193335\tfile:test");
}

#[test]
fn a_signature_of_the_old_form_is_refused_with_the_remedy() {
    let (key, _) = of_minisign();
    let verdict = key.verify(b"test", &Signature::new(LEGACY.to_owned()));
    assert!(verdict.unwrap_err().to_string().contains("sign it again"));
}

#[test]
fn keys_are_read_back() {
    let key = SigningKey::generate().unwrap();
    let text = key.to_text("whose it is").unwrap();
    assert!(!SigningKey::is_locked(&text));
    let again = SigningKey::parse(&text).unwrap();
    assert_eq!(again.public(), key.public());
    let line = key.public().to_string();
    for text in [line.clone(), key.public().to_text(), format!(" {line}\r\n")] {
        assert_eq!(text.parse().as_ref(), Ok(key.public()), "{text}");
    }
}

#[test]
fn a_key_under_a_password_is_opened_by_it_alone() {
    let password = Secret::new("correct horse");
    let (text, public) = SigningKey::generate_locked(&password, "whose it is").unwrap();
    let text = text.reveal();
    assert!(SigningKey::is_locked(text));
    let key = SigningKey::unlock(text, &password).unwrap();
    assert_eq!(key.public(), &public);
    assert!(SigningKey::unlock(text, &Secret::new("wrong")).is_err());
    assert!(SigningKey::parse(text).is_err());
}

#[test]
fn a_key_that_minisign_made_without_a_password_has_no_checksum() {
    let key = SigningKey::generate().unwrap();
    let text = key.to_text("whose it is").unwrap();
    let line = text.lines().nth(1).unwrap();
    let mut bytes = STANDARD.decode(line).unwrap();
    bytes[SECRET_KEY - CHECKSUM..].fill(0);
    let bare = text.replace(line, &STANDARD.encode(&bytes));
    assert_eq!(SigningKey::parse(&bare).unwrap().public(), key.public());
    bytes[SECRET_KEY - 1] = 1;
    let damaged = text.replace(line, &STANDARD.encode(&bytes));
    assert!(SigningKey::parse(&damaged).is_err());
}

#[test]
fn what_is_none_is_refused() {
    for text in ["", "x", "RWQ", "untrusted comment: x\nRWQ\n", "\n\n\n\n"] {
        assert!(text.parse::<PublicKey>().is_err(), "{text:?}");
        assert!(SigningKey::parse(text).is_err(), "{text:?}");
        assert!(
            SigningKey::unlock(text, &Secret::new("x")).is_err(),
            "{text:?}"
        );
        let key = SigningKey::generate().unwrap();
        let verdict = key.public().verify(b"", &Signature::new(text.to_owned()));
        assert!(
            matches!(verdict, Err(SigningError::NoSignature(_))),
            "{text:?}"
        );
    }
    assert!(
        SigningKey::generate()
            .unwrap()
            .sign(b"", "two\nlines")
            .is_err()
    );
}

#[test]
fn parts_of_a_wrong_length_are_refused() {
    let (key, _) = of_minisign();
    let lines: Vec<&str> = SIGNATURE_OF_MINISIGN.lines().collect();
    for (at, bytes) in [(1, SIGNED), (3, SIGNATURE)] {
        let right = STANDARD.decode(lines[at]).unwrap();
        assert_eq!(right.len(), bytes);
        let lengths = [0, 2, 10, 32, 33, bytes - 1].map(|len| right[..len].to_vec());
        for wrong in lengths
            .into_iter()
            .chain([[right.as_slice(), &[0]].concat()])
        {
            let wrong = STANDARD.encode(wrong);
            let mut lines = lines.clone();
            lines[at] = &wrong;
            let verdict = key.verify(b"test", &Signature::new(lines.join("\n")));
            assert!(
                matches!(verdict, Err(SigningError::NoSignature(_))),
                "{at}: {verdict:?}"
            );
        }
    }
}

#[test]
fn a_secret_key_is_in_no_debug_output() {
    let key = SigningKey::generate().unwrap();
    assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.public()));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}(\n\\PC{0,100}){0,5}", data: Vec<u8>) {
        let (key, _) = of_minisign();
        let _ = key.verify(&data, &Signature::new(text.clone()));
        let _ = text.parse::<PublicKey>();
        let _ = SigningKey::parse(&text);
        let _ = SigningKey::is_locked(&text);
    }

    /// Each bit of a signature counts.
    #[test]
    fn an_edited_signature_does_not_hold(at in 0..SIGNED, bit in 0_u8..8) {
        let (key, _) = of_minisign();
        let mut lines: Vec<String> = SIGNATURE_OF_MINISIGN.lines().map(str::to_owned).collect();
        let mut bytes = STANDARD.decode(&lines[1]).unwrap();
        bytes[at] ^= 1 << bit;
        lines[1] = STANDARD.encode(bytes);
        prop_assert!(key.verify(b"test", &Signature::new(lines.join("\n"))).is_err());
    }
}
