use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

fn grants(text: &str) -> Grants {
    Grants::parse("g", text).unwrap()
}

const GRANTED: &str = "{ clients: [\"label:A\", \"host:a*\"], labels: { add: [A], remove: [A, \"*\"] }, state: true, log: true,
   http: [ { method: POST, url: \"https://h.example/a/*\", secrets: [s] }, { method: GET, url: \"https://h.example/a/b\" } ],
   limits: { calls: 7 } }";

#[test]
fn a_rule_is_put_in_once() {
    let before = grants(GRANTED);
    let more = grants(
        "{ clients: [\"label:A\", all], clock: true, http: [ { method: GET, url: \"https://h.example/a/b\" } ] }",
    );
    let after = before.with(&more);
    assert_eq!(after.clients.len(), 3);
    assert_eq!(after.http.len(), 2);
    assert!(after.clock && after.state);
    assert_eq!(after.limits.calls, 7, "limits are no rules");
    assert_eq!(after.with(&more), after);
}

#[test]
fn what_is_revoked_goes_with_all_that_is_part_of_it() {
    let before = grants(GRANTED);
    let left = |less: &str| {
        let left = before.without(&grants(less)).unwrap();
        assert_eq!(left.limits, before.limits);
        let gone = before
            .rules()
            .filter(|rule| !left.rules().any(|own| own == *rule));
        gone.map(|rule| rule.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(left("clients: [\"label:a\"]"), ["clients: label:A"]);
    assert_eq!(left("clients: [all]").len(), 2);
    assert_eq!(left("labels: { add: [A] }"), ["labels: add: A"]);
    assert_eq!(left("labels: { remove: [\"*\"] }").len(), 2);
    assert_eq!(left("state: true"), ["state: true"]);
    assert_eq!(
        left("http: [ { method: POST, url: \"https://h.example/a/*\" } ]"),
        ["http: POST https://h.example/a/*"]
    );
    assert_eq!(
        left("http: [ { method: \"*\", url: \"https://h.example/*\" } ]").len(),
        2
    );
    assert_eq!(
        left("http: [ { method: \"*\", url: \"https://*.example/*\", secrets: [s] } ]").len(),
        1
    );
}

#[test]
fn what_would_still_be_allowed_can_not_be_revoked() {
    let before = grants(GRANTED);
    let why = |less: &str| before.without(&grants(less)).unwrap_err().to_string();
    insta::assert_snapshot!(why("labels: { remove: [B] }"), @"`labels: remove: *` allows `labels: remove: B` too, or some of it, and would go on allowing it: revoke that rule, and add what is to stay");
    insta::assert_snapshot!(why("labels: { remove: [A] }"), @"`labels: remove: *` allows `labels: remove: A` too, or some of it, and would go on allowing it: revoke that rule, and add what is to stay");
    insta::assert_snapshot!(why("http: [ { method: POST, url: \"https://h.example/a/b\" } ]"), @"`http: POST https://h.example/a/*` allows `http: POST https://h.example/a/b` too, or some of it, and would go on allowing it: revoke that rule, and add what is to stay");
    insta::assert_snapshot!(why("http: [ { method: GET, url: \"https://h.example/\" } ]"), @"`http: GET https://h.example/` is not granted, nor any part of it: `watchbox grants show` lists what is");
    assert!(matches!(
        before.without(&grants("clients: [\"host:ab\"]")),
        Err(NotRevoked::Allowed { .. })
    ));
    for absent in [
        "clock: true",
        "labels: { add: [B] }",
        "clients: [\"label:B\"]",
    ] {
        let refused = before.without(&grants(absent));
        assert!(matches!(refused, Err(NotRevoked::Absent(_))), "{absent}");
    }
}

const RULES: [&str; 10] = [
    "clients: [all]",
    "clients: [\"label:A\"]",
    "labels: { add: [\"*\"] }",
    "labels: { add: [A] }",
    "http: [ { method: GET, url: \"https://h.example/*\" } ]",
    "http: [ { method: \"*\", url: \"https://h.example/a\", secrets: [s] } ]",
    "mail: [ soc@a.example ]",
    "mail: [ '*@a.example' ]",
    "mail: [ '*' ]",
    "log: true",
];

fn some() -> impl Strategy<Value = Grants> {
    let all = |rules: Vec<&str>| {
        let rules = rules.into_iter().map(grants);
        rules.fold(Grants::default(), |all, rule| all.with(&rule))
    };
    vec(select(RULES.to_vec()), 0..5).prop_map(all)
}

proptest! {
    #[test]
    fn what_was_added_is_covered_and_what_was_revoked_is_gone(one in some(), other in some()) {
        let more = one.with(&other);
        prop_assert!(more.covers(&one) && more.covers(&other));
        if let Ok(less) = more.without(&other) {
            prop_assert!(more.covers(&less));
            for rule in other.rules() {
                prop_assert!(!less.covers_rule(rule), "{rule}");
            }
        }
    }
}
