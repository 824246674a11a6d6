use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;

use super::{layer::Kind, *};

fn scrub(value: &str) -> Scrub {
    let mut scrub = Scrub::default();
    scrub.add("token", value);
    scrub
}

#[test]
fn every_occurrence_goes_with_all_that_it_overlaps() {
    let mut scrub = scrub("/services/T1");
    scrub.add("url", "https://hooks/services/T1");
    scrub.add("short", "ok");
    assert_eq!(
        scrub.text("see https://hooks/services/T1, or /services/T1/x; ok"),
        "see secret(url), or secret(token)/x; ok"
    );
    assert!(matches!(scrub.bytes(b"nothing here"), Cow::Borrowed(_)));
    assert!(!format!("{scrub:?}").contains("services"));
}

#[test]
fn ends_neighbours_and_repetitions() {
    let scrub = scrub("aaaaaaa");
    assert_eq!(scrub.text("aaaaaaa"), "secret(token)");
    assert_eq!(scrub.text("aaaaaaaaaa"), "secret(token)");
    assert_eq!(scrub.text("xaaaaaaax"), "xsecret(token)x");
    assert_eq!(scrub.text("aaaaaa"), "aaaaaa");
    assert_eq!(scrub.text(""), "");
    let mut two = super::Scrub::default();
    two.add("a", "one-secret");
    two.add("b", "two-secret");
    assert_eq!(two.text("one-secrettwo-secret"), "secret(a)secret(b)");
}

#[test]
fn a_value_is_found_in_every_form_it_may_come_back_in() {
    let value = "K/9 q+\"é~<&z";
    let scrub = scrub(value);
    for (form, text) in [
        ("as it is", value.to_owned()),
        ("in another case", "k/9 Q+\"é~<&Z".to_owned()),
        (
            "percent-encoded",
            "K%2F9%20q%2B%22%C3%A9%7E%3C%26z".to_owned(),
        ),
        (
            "percent-encoded, in lower case",
            "K%2f9%20q%2b%22%c3%a9%7e%3c%26z".to_owned(),
        ),
        (
            "percent-encoded, every character",
            value.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        ),
        (
            "percent-encoded twice",
            "K%252F9%2520q%252B%2522%25C3%25A9~%253C%2526z".to_owned(),
        ),
        (
            "percent-encoded, spaces as pluses",
            "K%2F9+q%2B%22%C3%A9%7E%3C%26z".to_owned(),
        ),
        ("JSON", r#"K/9 q+\"é~<&z"#.to_owned()),
        ("JSON, slashes escaped", r#"K\/9 q+\"é~<&z"#.to_owned()),
        (
            "JSON of ASCII alone",
            r#"K\u002f9\u0020q\u002B\"\u00e9~\u003C\u0026z"#.to_owned(),
        ),
        ("JSON in JSON", r#"K\\\/9 q+\\\"\\u00e9~<&z"#.to_owned()),
        (
            "JavaScript",
            r#"K\x2f9\x20q\u{2b}\"\xe9~\x3c\x26z"#.to_owned(),
        ),
        ("HTML", "K/9 q+&quot;é~&lt;&amp;z".to_owned()),
        (
            "HTML, by numbers",
            "K&#47;9&#32;q&#x2B;&#34;&#xe9;&#126;&#60;&#38;z".to_owned(),
        ),
        (
            "HTML of JSON of a URL",
            r"K%2F9%20q%2B%22%C3%A9~%3C%26z"
                .replace('%', r"\u0025")
                .replace('\\', "&#92;"),
        ),
        ("base64", STANDARD.encode(value)),
        (
            "base64 in a longer text",
            STANDARD.encode(format!("Bearer {value}; and more")),
        ),
        (
            "base64 in JSON",
            STANDARD.encode(format!("x:{value}")).replace('/', r"\/"),
        ),
        (
            "base64 in a URL",
            STANDARD
                .encode(format!("xy{value}"))
                .replace('/', "%2F")
                .replace('+', "%2B")
                .replace('=', "%3d"),
        ),
        (
            "base64 for URLs",
            STANDARD.encode(value).replace('+', "-").replace('/', "_"),
        ),
        (
            "hexadecimal digits",
            value.bytes().map(|byte| format!("{byte:02x}")).collect(),
        ),
        (
            "hexadecimal digits in capitals",
            value.bytes().map(|byte| format!("{byte:02X}")).collect(),
        ),
    ] {
        let clean = scrub.text(&format!("<p>before {text} after</p>"));
        assert!(clean.contains("secret(token)"), "{form}: {clean}");
        // Of base64 those characters are left that what stands before and after has a part in.
        if !form.starts_with("base64") {
            assert_eq!(clean, "<p>before secret(token) after</p>", "{form}");
        }
    }
    let wide: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(scrub.bytes(&wide).as_ref(), b"secret(token)");
}

#[test]
fn a_value_that_has_escapes_itself_is_found_as_it_is_and_as_it_is_read() {
    let scrub = scrub("/hook/a%2Fb%20c");
    for text in [
        "/hook/a%2Fb%20c",
        "/hook/a%2fb%20c",
        "/hook/a/b c",
        r"\/hook\/a%2Fb%20c",
        "%2Fhook%2Fa%252Fb%2520c",
    ] {
        assert_eq!(scrub.text(text), "secret(token)", "{text}");
    }
}

#[test]
fn parts_of_a_url_that_may_stand_alone_are_found() {
    let text = "https://hooks.example.com/services/T0P53CR3T/webhook?key=abc12345&x=1";
    let mut scrub = Scrub::default();
    scrub.add_url("hook", text, &text.parse().unwrap());
    for (echo, clean) in [
        (text, "secret(hook)"),
        (
            "no /services/T0P53CR3T/webhook here",
            "no secret(hook) here",
        ),
        ("unknown token T0P53CR3T", "unknown token secret(hook)"),
        ("the key abc12345 is none", "the key secret(hook) is none"),
        (
            "services and a webhook of hooks.example.com",
            "services and a webhook of hooks.example.com",
        ),
    ] {
        assert_eq!(scrub.text(echo), clean);
    }
}

/// `text`, escaped by `kind`: what must be, and of the rest what `chosen` says.
fn escaped(text: &str, kind: Kind, chosen: &[bool]) -> String {
    let mut chosen = chosen.iter().cycle();
    let mut out = String::new();
    for c in text.chars() {
        let is_chosen = *chosen.next().unwrap_or(&false);
        match kind {
            Kind::Url if c == '%' || !c.is_ascii() || is_chosen => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    out.push_str(&if is_chosen {
                        format!("%{byte:02x}")
                    } else {
                        format!("%{byte:02X}")
                    });
                }
            }
            Kind::Json if is_chosen => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            Kind::Json if matches!(c, '\\' | '"') => out.extend(['\\', c]),
            Kind::Html if c == '&' => out.push_str("&amp;"),
            Kind::Html if is_chosen => out.push_str(&format!("&#{};", c as u32)),
            _ => out.push(c),
        }
    }
    out
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Url), Just(Kind::Json), Just(Kind::Html)]
}

proptest! {
    #[test]
    fn no_escapes_hide_a_value(
        value in "[a-zA-Z0-9/+=._~:é世-]{6,20}",
        layers in prop::collection::vec((kind(), prop::collection::vec(any::<bool>(), 1..8)), 0..=3),
        before in "[a-y .,:<>(){}-]{0,10} ",
        after in " [a-y .,:<>(){}-]{0,10}",
    ) {
        let mut text = value.clone();
        for (kind, chosen) in &layers {
            text = escaped(&text, *kind, chosen);
        }
        let clean = scrub(&value).text(&format!("{before}{text}{after}"));
        prop_assert_eq!(clean, format!("{before}secret(token){after}"), "{}", text);
    }

    #[test]
    fn what_does_not_hold_it_is_not_touched(text in "[a-y%\\\\&#;u0-9]{0,60}") {
        let scrub = scrub("zzzzzzzz");
        prop_assert!(matches!(scrub.bytes(text.as_bytes()), Cow::Borrowed(_)));
    }

    #[test]
    fn never_panics(value in "\\PC{0,20}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = scrub(&value).bytes(&bytes);
    }
}
