//! A URL pattern and a URL, a line each: whatever is accepted reads back from its text, and covers no URL of another host or above its path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use url::Url;
use watchbox_model::grants::UrlPattern;

fuzz_target!(|text: &str| {
    let (pattern, path) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(pattern) = pattern.parse::<UrlPattern>() {
        assert_eq!(pattern.to_string().parse(), Ok(pattern));
    }
    let prefix: UrlPattern = "https://h.example/a/*".parse().expect("a pattern");
    if let Ok(url) = Url::parse(&format!("https://h.example{path}"))
        && prefix.covers(&url)
    {
        assert_eq!(
            url.host_str().map(|host| host.trim_end_matches('.')),
            Some("h.example")
        );
        assert!(url.path().starts_with("/a/"));
    }
});
