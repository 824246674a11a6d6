use proptest::{collection::vec, prelude::*, sample::select};
use url::Url;

use crate::{Client, Grants, SearchTerm, Time, difference::is_wider, label::LabelOp};

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
            "state: true",
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

#[test]
fn everything_covers_whatever_a_file_can_say_but_for_secrets_and_redirects() {
    let all = Grants::everything(["s".to_owned()]);
    let file = |rest: &str| {
        grants(&format!(
            "{{ clients: [all], labels: {{ add: [\"*\"] }}, http: [ {{ method: \"*\", url: \"http://127.0.0.1:81/*\"{rest} }} ], state: true }}"
        ))
    };
    assert!(all.covers(&file("")) && all.covers(&file(", secrets: [s]")));
    assert!(!all.covers(&file(", secrets: [t]")));
    assert!(!all.covers(&file(", redirects: 1")));
    assert!(!file("").covers(&all));
}

#[test]
fn what_a_request_may_reach_is_what_all_rules_for_it_say() {
    let some = grants(
        "http: [ { method: GET, url: \"https://h.example/*\" },
                 { method: GET, url: \"https://h.example/a\", redirects: 3 },
                 { method: \"*\", url: \"https://*.example/a\", addresses: [10.0.0.1] },
                 { method: POST, url: \"https://h.example/a\", redirects: 9 } ]",
    );
    let reach = |path: &str| {
        let url: Url = format!("https://h.example/{path}").parse().unwrap();
        let reach = some.reach("GET", &url, &[]);
        (reach.redirects, reach.addresses.len())
    };
    assert_eq!(reach("a"), (3, 1));
    assert_eq!(reach("b"), (0, 0));
    let own: Url = "http://127.0.0.1/".parse().unwrap();
    let named = grants("http: [ { method: GET, url: \"http://127.0.0.1/\" } ]");
    assert_eq!(named.reach("GET", &own, &[]).addresses.len(), 1);
}

/// One grants file a line, and whether the first covers the second, and the second the first.
#[test]
fn covering_goes_by_each_part() {
    let table = [
        ("clients: [all]", "clients: [\"host:a*\"]", true, false),
        (
            "clients: [\"host:a*\"]",
            "clients: [\"host:ab*\", \"host:abc\"]",
            true,
            false,
        ),
        (
            "clients: [\"label:A\"]",
            "clients: [\"label:a\"]",
            true,
            true,
        ),
        (
            "clients: [\"text\"]",
            "clients: [\"more text\"]",
            true,
            false,
        ),
        (
            "clients: [\"label:A\"]",
            "clients: [\"client:C.1\"]",
            false,
            false,
        ),
        (
            "labels: { add: [\"*\"] }",
            "labels: { add: [A, B] }",
            true,
            false,
        ),
        (
            "labels: { add: [A] }",
            "labels: { remove: [A] }",
            false,
            false,
        ),
        (
            "http: [{ method: \"*\", url: \"https://h.example/*\" }]",
            "http: [{ method: GET, url: \"https://h.example/*\" }]",
            true,
            false,
        ),
        (
            "http: [{ method: GET, url: \"https://*.example/*\" }]",
            "http: [{ method: GET, url: \"https://h.example/*\" }]",
            true,
            false,
        ),
        (
            "http: [{ method: GET, url: \"https://h.example/*\" }]",
            "http: [{ method: GET, url: \"http://h.example/*\" }]",
            false,
            false,
        ),
        (
            "http: [{ method: GET, url: \"https://h.example/*\" }]",
            "http: [{ method: GET, url: \"https://h.example:8443/*\" }]",
            false,
            false,
        ),
        (
            "http: [{ method: GET, url: \"https://h.example/a/*\" }]",
            "http: [{ method: GET, url: \"https://h.example/a/b\" }]",
            true,
            false,
        ),
        (
            "http: [{ method: GET, url: \"https://h.example/*\", secrets: [s, t] }]",
            "http: [{ method: GET, url: \"https://h.example/*\", secrets: [t] }]",
            true,
            false,
        ),
        // Two rules do not make one: no rule here lets both secrets go.
        (
            "http: [{ method: GET, url: \"https://h.example/*\", secrets: [s] }, { method: GET, url: \"https://h.example/*\", secrets: [t] }]",
            "http: [{ method: GET, url: \"https://h.example/*\", secrets: [s, t] }]",
            false,
            true,
        ),
        (
            "http: [{ method: GET, url: \"https://h.example/*\", redirects: 2 }]",
            "http: [{ method: GET, url: \"https://h.example/*\", redirects: 1 }]",
            true,
            false,
        ),
        ("state: true", "{}", true, false),
        ("state: true", "log: true", false, false),
        (
            "limits: { memory: 128MiB }",
            "limits: { memory: 64MiB }",
            true,
            false,
        ),
        (
            "limits: { memory: 128MiB }",
            "limits: { calls: 20000 }",
            false,
            false,
        ),
        ("{}", "{}", true, true),
    ];
    for (one, other, there, back) in table {
        let (a, b) = (grants(one), grants(other));
        assert_eq!(
            (a.covers(&b), b.covers(&a)),
            (there, back),
            "{one} | {other}"
        );
    }
}

const RULES: [&str; 10] = [
    "{ method: GET, url: \"https://h.example/a\" }",
    "{ method: GET, url: \"https://h.example/a/*\", secrets: [s] }",
    "{ method: GET, url: \"https://h.example/*\" }",
    "{ method: \"*\", url: \"https://h.example/a/b\" }",
    "{ method: POST, url: \"https://*.example/*\", secrets: [s, t] }",
    "{ method: POST, url: \"https://x.h.example/a/*\", secrets: [s] }",
    "{ method: \"*\", url: \"https://*.h.example/*\", secrets: [t] }",
    "{ method: POST, url: \"http://10.0.0.1:81/\" }",
    "{ method: GET, url: \"https://h.example/a/b\", redirects: 2, addresses: [10.0.0.1] }",
    "{ method: GET, url: \"https://*.h.example/*\", redirects: 1, addresses: [10.0.0.1, 10.0.0.2] }",
];

fn some() -> impl Strategy<Value = Grants> {
    let terms = select(vec![
        "all",
        "label:A",
        "host:a*",
        "host:a*b",
        "host:ab",
        "text",
        "a text",
        "client:C.1",
    ]);
    let labels = select(vec!["\"*\"", "A", "B"]);
    let mail = select(vec![
        "\"*\"",
        "\"*@a.example\"",
        "soc@a.example",
        "x@b.example",
    ]);
    (
        vec(select(RULES.to_vec()), 0..4),
        vec(terms, 0..3),
        vec(labels, 0..3),
        vec(mail, 0..3),
        (any::<bool>(), 1..4_u32),
    )
        .prop_map(|(http, clients, labels, mail, (state, calls))| {
            grants(&format!(
                "{{ http: [{}], clients: [{}], labels: {{ add: [{}] }}, mail: [{}], state: {state}, limits: {{ calls: {calls} }} }}",
                http.join(", "),
                clients
                    .iter()
                    .map(|term| format!("\"{term}\""))
                    .collect::<Vec<_>>()
                    .join(", "),
                labels.join(", "),
                mail.join(", ")
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
        for address in ["soc@a.example", "x@a.example", "x@b.example", "y@c.example"] {
            let address = address.parse().unwrap();
            let allows = |grants: &Grants| grants.mail_to(&address).is_ok();
            prop_assert_eq!(allows(&both), allows(&one) && allows(&other));
        }
        for label in ["A", "B", "C"] {
            let label = label.parse().unwrap();
            let allows = |grants: &Grants| grants.change_label(LabelOp::Add, &label).is_ok();
            prop_assert_eq!(allows(&both), allows(&one) && allows(&other));
        }
    }

    #[test]
    fn covering_is_reflexive_and_transitive(one in some(), other in some(), third in some()) {
        let under = |grants: &Grants, limits: &Grants| Grants {
            limits: limits.limits.clone(),
            ..grants.clone()
        };
        prop_assert!(one.covers(&one));
        prop_assert!(one.covers(&under(&Grants::default(), &one)));
        if one.covers(&other) && other.covers(&third) {
            prop_assert!(one.covers(&third));
        }
        // Made to be covered, so that there is something to see.
        let (both, all) = (one.within(&other), one.with(&other));
        prop_assert!(one.covers(&both) && all.covers(&under(&other, &all)));
        prop_assert!(all.covers(&under(&both.within(&third), &all)));
        prop_assert_eq!(one.covers(&third), third.beyond(&one).is_empty());
    }

    #[test]
    fn what_is_covered_is_allowed(
        one in some(),
        other in some(),
        (host, path) in (select(vec!["h.example", "x.h.example", "example", "10.0.0.1:81"]), "(/a|/b){0,3}/?"),
        (method, label) in (select(vec!["GET", "POST", "PUT"]), "[A-C]"),
        term in select(vec!["all", "label:A", "label:a", "host:ab", "host:aab", "host:a*b", "some text", "client:C.1"]),
    ) {
        // Half of the time it is covered for sure.
        for covered in [other.within(&one), other] {
            if !one.covers(&covered) {
                continue;
            }
            for scheme in ["https", "http"] {
                let url: Url = format!("{scheme}://{host}{path}").parse().unwrap();
                for secrets in [&[][..], &["s"], &["t"], &["s", "t"]] {
                    if covered.send(method, &url, secrets).is_ok() {
                        prop_assert!(one.send(method, &url, secrets).is_ok());
                        let [far, near] = [&one, &covered].map(|grants| grants.reach(method, &url, secrets));
                        prop_assert!(near.redirects <= far.redirects);
                        prop_assert!(near.addresses.iter().all(|address| far.addresses.contains(address)));
                    }
                }
            }
            for address in ["soc@a.example", "x@a.example", "x@b.example"] {
                let address = address.parse().unwrap();
                prop_assert!(covered.mail_to(&address).is_err() || one.mail_to(&address).is_ok());
            }
            let label = label.parse().unwrap();
            prop_assert!(covered.change_label(LabelOp::Add, &label).is_err() || one.change_label(LabelOp::Add, &label).is_ok());
            let term: SearchTerm = term.parse().unwrap();
            prop_assert!(covered.search(&term).is_err() || one.search(&term).is_ok());
            let client = Client {
                id: "C.1".parse().unwrap(),
                hostname: "aab".to_owned(),
                os: String::new(),
                labels: vec![label],
                first_seen: Time::default(),
                last_seen: Time::default(),
            };
            prop_assert!(covered.read_client(&client).is_err() || one.read_client(&client).is_ok());
            prop_assert!(!covered.state || one.state);
            prop_assert!(covered.limits.calls <= one.limits.calls);
        }
    }

    #[test]
    fn differences_lead_from_one_to_the_other(one in some(), other in some()) {
        let differences = one.differences(&other);
        prop_assert_eq!(differences.is_empty(), one.rules().all(|rule| other.rules().any(|has| has == rule))
            && other.rules().all(|rule| one.rules().any(|has| has == rule)) && one.limits == other.limits);
        prop_assert_eq!(is_wider(&differences), !one.covers(&other));
        let back = other.differences(&one);
        prop_assert_eq!(back.len(), differences.len());
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
