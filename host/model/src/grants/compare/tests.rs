use proptest::{collection::vec, prelude::*, sample::select};
use url::Url;

use crate::{Grants, label::LabelOp};

fn grants(text: &str) -> Grants {
    Grants::parse("grants", text).unwrap()
}

#[test]
fn grants_are_not_beyond_themselves() {
    let own = grants(
        "{ clients: [all], labels: { add: [\"*\"], remove: [X] }, state: true, log: true, clock: true,
           http: [ { method: POST, url: \"https://*.h.example/a/*\", secrets: [s], redirects: 2, addresses: [10.0.0.1] } ],
           limits: { memory: 128MiB } }",
    );
    assert_eq!(own.beyond(&own), [""; 0]);
    assert_eq!(own.within(&own), own);
    assert_eq!(Grants::default().beyond(&own), [""; 0]);
}

#[test]
fn what_is_more_is_told_rule_by_rule() {
    let then = grants(
        "{ clients: [all, \"label:A\"], labels: { add: [A], remove: [\"*\"] }, state: true, log: true,
           http: [ { method: POST, url: \"https://h.example/*\" }, { method: GET, url: \"https://h.example/a\" } ],
           limits: { memory: 128MiB, calls: 5 } }",
    );
    let now = grants(
        "{ clients: [\"label:A\"], labels: { add: [\"*\"], remove: [A] }, log: true, clock: true,
           http: [ { method: \"*\", url: \"https://h.example/a\" } ], limits: { calls: 6 } }",
    );
    assert_eq!(
        then.beyond(&now),
        [
            "clients: all",
            "labels: remove: *",
            "http: POST https://h.example/*",
            "state",
            "limits: memory: 128MiB over 64MiB",
        ]
    );
    let both = then.within(&now);
    assert_eq!(both.beyond(&now), [""; 0]);
    assert_eq!(both.beyond(&then), [""; 0]);
    assert_eq!(both.limits.calls, 5);
    assert_eq!(both.labels.remove.len(), 1);
    assert!(both.log && !both.state && !both.clock);
}

#[test]
fn secrets_redirects_and_addresses_are_part_of_a_rule() {
    let http = |rest: &str| {
        grants(&format!(
            "http: [ {{ method: GET, url: \"https://h.example/*\"{rest} }} ]"
        ))
    };
    for more in [
        ", secrets: [s]",
        ", redirects: 1",
        ", addresses: [10.0.0.1]",
    ] {
        assert_eq!(http(more).beyond(&http("")).len(), 1, "{more}");
        assert_eq!(http("").beyond(&http(more)), [""; 0], "{more}");
        assert_eq!(http(more).within(&http("")), http(""), "{more}");
    }
}

const RULES: [&str; 8] = [
    "{ method: GET, url: \"https://h.example/a\" }",
    "{ method: GET, url: \"https://h.example/a/*\", secrets: [s] }",
    "{ method: GET, url: \"https://h.example/*\" }",
    "{ method: \"*\", url: \"https://h.example/a/b\" }",
    "{ method: POST, url: \"https://*.example/*\", secrets: [s, t] }",
    "{ method: POST, url: \"https://x.h.example/a/*\", secrets: [s] }",
    "{ method: \"*\", url: \"https://*.h.example/*\", secrets: [t] }",
    "{ method: POST, url: \"http://10.0.0.1:81/\" }",
];

fn some() -> impl Strategy<Value = Grants> {
    let terms = select(vec!["all", "label:A", "host:a*", "host:ab", "text"]);
    let labels = select(vec!["\"*\"", "A", "B"]);
    (
        vec(select(RULES.to_vec()), 0..4),
        vec(terms, 0..3),
        vec(labels, 0..3),
    )
        .prop_map(|(http, clients, labels)| {
            grants(&format!(
                "{{ http: [{}], clients: [{}], labels: {{ add: [{}] }} }}",
                http.join(", "),
                clients
                    .iter()
                    .map(|term| format!("\"{term}\""))
                    .collect::<Vec<_>>()
                    .join(", "),
                labels.join(", ")
            ))
        })
}

proptest! {
    #[test]
    fn what_both_allow_is_allowed_by_each(one in some(), other in some()) {
        let both = one.within(&other);
        prop_assert_eq!(both.beyond(&one), Vec::<String>::new());
        prop_assert_eq!(both.beyond(&other), Vec::<String>::new());
        for url in ["https://h.example/a", "https://h.example/a/b", "https://x.h.example/a/c", "https://example/", "http://10.0.0.1:81/"] {
            let url: Url = url.parse().unwrap();
            for method in ["GET", "POST", "PUT"] {
                for secrets in [&[][..], &["s"], &["t"], &["s", "t"]] {
                    let allows = |grants: &Grants| grants.send(method, &url, secrets).is_ok();
                    prop_assert!(!allows(&both) || (allows(&one) && allows(&other)));
                }
            }
        }
        for label in ["A", "B", "C"] {
            let label = label.parse().unwrap();
            let allows = |grants: &Grants| grants.change_label(LabelOp::Add, &label).is_ok();
            prop_assert_eq!(allows(&both), allows(&one) && allows(&other));
        }
    }

    #[test]
    fn what_is_beyond_nothing_is_allowed_by_the_other(one in some(), other in some()) {
        if one.beyond(&other).is_empty() {
            for url in ["https://h.example/a", "https://h.example/a/b", "https://x.h.example/a/c"] {
                let url: Url = url.parse().unwrap();
                for method in ["GET", "POST"] {
                    let allows = |grants: &Grants| grants.send(method, &url, &["s"]).is_ok();
                    prop_assert!(!allows(&one) || allows(&other));
                }
            }
        }
    }
}
