use proptest::prelude::*;

use super::*;
use crate::Time;

fn client() -> Client {
    Client {
        id: "C.1a2b".parse().expect("an id"),
        hostname: "Web-01.example.com".to_owned(),
        os: "linux".to_owned(),
        labels: vec![
            "Payroll".parse().expect("a label"),
            "Slack".parse().expect("a label"),
        ],
        first_seen: Time::default(),
        last_seen: Time::default(),
    }
}

fn term(text: &str) -> SearchTerm {
    text.parse().expect("a term")
}

#[test]
fn terms_mean_what_they_say() {
    for text in [
        "all",
        "label:slack",
        "label: Slack",
        "client:C.1a2b",
        "host:WEB-01.EXAMPLE.COM",
        "host:web-*",
        "host:*example*",
        "host:*",
        "host:w**b*1.*com",
        "1A2B",
        "roll",
        "web-01",
    ] {
        assert!(term(text).matches(&client()), "{text}");
    }
    for text in [
        "label:Sla",
        "client:C.1a2",
        "host:web-01",
        "host:*.org",
        "host:web-*-*",
        "host:*com*x",
        "linux",
        "label:all",
    ] {
        assert!(!term(text).matches(&client()), "{text}");
    }
}

#[test]
fn what_is_no_term_is_refused_with_the_reason() {
    let error = |text: &str| text.parse::<SearchTerm>().expect_err(text).to_string();
    insta::assert_snapshot!(error("  "), @"search term ``: it is empty; use label:X, host:X, client:X, all, or text");
    insta::assert_snapshot!(error("host: "), @"search term `host:`: the hostname is missing; use label:X, host:X, client:X, all, or text");
    insta::assert_snapshot!(error("a\nb"), @r"search term `a\nb`: it holds control characters; use label:X, host:X, client:X, all, or text");
    assert!(error("client:nobody").contains("is no client id"));
    assert!(error("label:a,b").contains("is no label"));
    assert!(error(&"x".repeat(201)).contains("more than 200"));
}

proptest! {
    #[test]
    fn a_term_s_text_reads_back(text in "(label:|host:|client:C\\.|all)?.{0,30}") {
        if let Ok(term) = text.parse::<SearchTerm>() {
            prop_assert_eq!(term.to_string().parse(), Ok(term.clone()));
            // A term covers itself.
            prop_assert!(term.covers(&term));
        }
    }

    #[test]
    fn a_pattern_s_stars_stand_for_anything(parts in prop::collection::vec("[ab]{0,3}", 1..5), fill in "[ab*]{0,4}") {
        let pattern = parts.join("*");
        let host = parts.join(&fill);
        prop_assert!(host_matches(&pattern, &host), "{} {}", pattern, host);
    }

    #[test]
    fn host_patterns_match_as_a_regular_expression_would(pattern in "[ab*]{0,8}", host in "[abAB]{0,10}") {
        let regex = format!("(?i)^{}$", pattern.replace('*', ".*"));
        let wanted = regex::Regex::new(&regex).expect("a pattern").is_match(&host);
        prop_assert_eq!(host_matches(&pattern, &host), wanted);
    }
}
