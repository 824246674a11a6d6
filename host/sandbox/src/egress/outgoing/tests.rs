use proptest::prelude::*;

use super::*;
use crate::bindings::watchbox::artifact::http::Header as GuestHeader;

fn request(method: &str, url: &str, headers: &[(&str, &str)]) -> Request {
    Request {
        method: method.to_owned(),
        url: Text::Plain(url.to_owned()),
        headers: headers
            .iter()
            .map(|(name, value)| GuestHeader {
                name: (*name).to_owned(),
                value: Text::Plain((*value).to_owned()),
            })
            .collect(),
        body: b"body".to_vec(),
        body_secrets: Vec::new(),
        timeout_ms: None,
        once: None,
    }
}

fn read(request: &Request) -> Result<Outgoing, String> {
    Outgoing::read(request, &BTreeMap::new())
}

#[test]
fn headers_of_the_connection_can_not_be_set() {
    for name in RESERVED.iter().chain(&[
        "Host",
        "Content-Length",
        "TRANSFER-ENCODING",
        "Proxy-Authorization",
        "Proxy-Anything",
        "te",
    ]) {
        let wrong = read(&request("GET", "https://a/", &[(name, "x")])).unwrap_err();
        assert!(wrong.contains("host's own"), "{name}: {wrong}");
    }
    for name in OVERRIDES.iter().chain(&["X-HTTP-Method-Override"]) {
        let wrong = read(&request("GET", "https://a/", &[(name, "x")])).unwrap_err();
        assert!(wrong.contains("some servers"), "{name}: {wrong}");
    }
    assert!(
        read(&request(
            "GET",
            "https://a/",
            &[("Authorization", "x"), ("X-A", "ü")]
        ))
        .is_ok()
    );
}

#[test]
fn what_would_end_a_header_is_refused() {
    for (name, value) in [
        ("a b", "x"),
        ("a:", "x"),
        ("", "x"),
        ("a\r\nb", "x"),
        ("a", "x\r\ny: z"),
        ("a", "x\ny"),
        ("a", "x\0y"),
        ("a", "x\r\n y"),
        ("a", "x\n\ty"),
        ("a", "x\ry"),
        ("a", "\u{7f}"),
        ("ä", "x"),
        ("a\0", "x"),
        (":authority", "x"),
    ] {
        assert!(
            read(&request("GET", "https://a/", &[(name, value)])).is_err(),
            "{name:?}: {value:?}"
        );
    }
}

/// A request with the secret `s` in a header, of this value, and other headers.
fn with_secret(value: &str, headers: &[(&str, &str)]) -> Result<Outgoing, String> {
    let mut request = request("GET", "https://a/", headers);
    request.headers.push(GuestHeader {
        name: "x-secret".to_owned(),
        value: Text::Secret(Filled {
            parameter: "s".to_owned(),
            prefix: "Bearer ".to_owned(),
        }),
    });
    Outgoing::read(&request, &[("s".to_owned(), Secret::new(value))].into())
}

#[test]
fn how_long_a_secret_is_does_not_show() {
    let rest = |bytes: usize| HEADER_BYTES - "ax-secretBearer ".len() - bytes;
    for length in [6, 60, 6_000] {
        let read = |bytes| with_secret(&"x".repeat(length), &[("a", &"y".repeat(bytes))]);
        assert!(read(rest(0)).is_ok());
        let wrong = read(rest(0) + 1).unwrap_err();
        assert!(wrong.starts_with("65537 bytes of headers"), "{wrong}");
    }
}

#[test]
fn what_can_not_be_cleaned_of_a_secret_is_not_asked_for() {
    let map = with_secret("sesame-open-up", &[("accept-encoding", "gzip")])
        .unwrap()
        .header_map();
    let encodings: Vec<_> = map.get_all(ACCEPT_ENCODING).iter().collect();
    assert_eq!(encodings, ["identity"]);
    for name in ["Range", "if-range"] {
        let wrong = with_secret("sesame-open-up", &[(name, "bytes=0-3")]).unwrap_err();
        assert!(wrong.contains("a piece of an answer"), "{wrong}");
    }
    let plain = read(&request(
        "GET",
        "https://a/",
        &[("accept-encoding", "gzip"), ("range", "bytes=0-3")],
    ));
    assert_eq!(plain.unwrap().header_map()[ACCEPT_ENCODING], "gzip");
}

#[test]
fn methods_are_words_in_capitals() {
    for method in ["GET", "POST", "PROPFIND", "M-SEARCH"] {
        assert!(
            read(&request(method, "https://a/", &[])).is_ok(),
            "{method}"
        );
    }
    for method in ["", "get", "G ET", "GET\r\n", "CONNECT", "TRACE"] {
        assert!(
            read(&request(method, "https://a/", &[])).is_err(),
            "{method:?}"
        );
    }
}

#[test]
fn urls_are_absolute_and_of_http() {
    for url in ["https://a/", "http://a:1/b?c"] {
        assert!(read(&request("GET", url, &[])).is_ok(), "{url}");
    }
    for url in [
        "",
        "/a",
        "file:///etc/passwd",
        "ftp://a/",
        "https://u:p@a/",
        "https://u@a/",
        "https://",
        "data:,x",
        "https://a/b\nc",
        "https://a/\tb",
        "ht\ntps://a/",
        "https://a\r\nhost: b/",
        "https://a/\0",
        "\u{1}https://a/",
    ] {
        assert!(read(&request("GET", url, &[])).is_err(), "{url:?}");
    }
    let long = format!("https://a/{}", "x".repeat(URL));
    assert!(read(&request("GET", &long, &[])).is_err());
    let outgoing = read(&request("GET", "https://a/b#fragment", &[])).unwrap();
    assert_eq!(outgoing.url.as_str(), "https://a/b");
}

#[test]
fn a_secret_never_shows_in_what_is_wrong_with_it() {
    let mut request = request("GET", "https://a/", &[]);
    for value in [
        "T0P53CR3T",
        "ftp://T0P53CR3T",
        "https://T0P53CR3T:x@a/",
        "https://a/\u{7f}T0P53CR3T:bad port:99999",
    ] {
        let secrets = [("s".to_owned(), Secret::new(format!("{value}\r\nT0P53CR3T")))].into();
        let filled = Text::Secret(Filled {
            parameter: "s".to_owned(),
            prefix: String::new(),
        });
        request.url = filled.clone();
        if let Err(wrong) = Outgoing::read(&request, &secrets) {
            assert!(!wrong.contains("T0P53CR3T"), "{wrong}");
        }
        request.url = Text::Plain("https://a/".to_owned());
        request.headers = vec![GuestHeader {
            name: "a".to_owned(),
            value: filled,
        }];
        let wrong = Outgoing::read(&request, &secrets).unwrap_err();
        assert!(!wrong.contains("T0P53CR3T"), "{wrong}");
        request.headers.clear();
    }
}

#[test]
fn redirects_change_the_request_as_browsers_do() {
    let from = |method| {
        read(&request(
            method,
            "https://a/x",
            &[("content-type", "t"), ("accept", "u")],
        ))
        .unwrap()
    };
    let to = |method, status| {
        from(method)
            .redirected(status, "/y")
            .map(|next| (next.method.to_string(), next.body.len()))
    };
    assert_eq!(to("POST", 301), Some(("GET".to_owned(), 0)));
    assert_eq!(to("POST", 303), Some(("GET".to_owned(), 0)));
    assert_eq!(to("PUT", 302), Some(("PUT".to_owned(), 4)));
    assert_eq!(to("POST", 307), Some(("POST".to_owned(), 4)));
    assert_eq!(to("HEAD", 303), Some(("HEAD".to_owned(), 4)));
    assert_eq!(to("POST", 304), None);
    assert_eq!(to("POST", 200), None);
    let next = from("POST").redirected(303, "https://b/z#f").unwrap();
    assert_eq!(next.url.as_str(), "https://b/z");
    assert_eq!(
        next.header_map()
            .keys()
            .map(HeaderName::as_str)
            .collect::<Vec<_>>(),
        ["accept"]
    );
    for evil in [
        "file:///etc/passwd",
        "https://u:p@b/",
        "http://[",
        "javascript:alert(1)",
    ] {
        assert!(from("GET").redirected(302, evil).is_none(), "{evil}");
    }
}

proptest! {
    #[test]
    fn never_panics(method in ".{0,8}", url in ".{0,40}", name in ".{0,8}", value in ".{0,8}") {
        let _ = read(&request(&method, &url, &[(&name, &value)]));
    }
}
