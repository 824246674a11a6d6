use proptest::prelude::*;

use url::{Position, Url};

use super::*;
use crate::{Label, Time, grants::Grants};

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn request(method: &str, text: &str, secrets: &[&str]) -> Use {
    Use::Http(HttpUse {
        method: method.to_owned(),
        url: url(text),
        is_cut: false,
        secrets: secrets.iter().map(|name| (*name).to_owned()).collect(),
        has_more_secrets: false,
        is_redirected: false,
        rule: None,
    })
}

fn label(op: LabelOp, text: &str) -> Use {
    Use::Label {
        op,
        label: text.parse().unwrap(),
    }
}

fn client(id: &str, labels: &[&str]) -> Client {
    Client {
        id: id.parse().unwrap(),
        hostname: "WS1".to_owned(),
        os: String::new(),
        labels: labels.iter().map(|label| label.parse().unwrap()).collect(),
        first_seen: Time::default(),
        last_seen: Time::default(),
    }
}

#[test]
fn nothing_used_needs_nothing() {
    assert_eq!(Grants::narrow(&[]), Grants::default());
    assert_eq!(Grants::narrow(&[]).to_yaml(), "{}\n");
}

#[test]
fn what_was_used_is_granted_and_reads_as_a_file() {
    let uses = [
        Use::Search("label:Slack".parse().unwrap()),
        Use::Search("label:slack".parse().unwrap()),
        Use::Client(client("C.1", &["Slack"])),
        Use::Client(client("C.2", &[])),
        label(LabelOp::Remove, "Slack"),
        label(LabelOp::Remove, "slack"),
        request("POST", "https://b.example/x?y=1", &["token"]),
        request("POST", "https://b.example/x", &[]),
        request("GET", "http://[::1]:8080/", &[]),
        Use::State { bytes: 10 },
        Use::State { bytes: 1_025 },
        Use::State { bytes: 0 },
        mail("b@h.example"),
        mail("a@h.example"),
        mail("B@h.example"),
        Use::Log,
        Use::Clock,
    ];
    let grants = Grants::narrow(&uses);
    insta::assert_snapshot!(grants.to_yaml(), @r#"
    clients: ["client:C.2","label:Slack"]
    labels: {"add":[],"remove":["Slack"]}
    mail: ["B@h.example","a@h.example"]
    state: true
    log: true
    clock: true
    limits: {"state":"64KiB"}
    http:
      - {"method":"GET","url":"http://[::1]:8080/"}
      - {"method":"POST","secrets":["token"],"url":"https://b.example/x"}
    "#);
    assert_eq!(Grants::parse("x", &grants.to_yaml()).unwrap(), grants);
}

#[test]
fn of_a_secret_url_only_the_host_is_told() {
    let uses = [Use::Http(HttpUse {
        method: "POST".to_owned(),
        url: url("https://hooks.example/"),
        is_cut: true,
        secrets: vec!["hook".to_owned()],
        has_more_secrets: false,
        is_redirected: false,
        rule: None,
    })];
    let grants = Grants::narrow(&uses);
    let text = "https://hooks.example/services/T1";
    assert!(grants.send("POST", &url(text), &["hook"]).is_ok());
    assert!(grants.send("POST", &url(text), &["other"]).is_err());
    assert!(
        grants
            .send("POST", &url("https://other.example/services/T1"), &["hook"])
            .is_err()
    );
}

#[test]
fn a_url_that_no_pattern_says_is_allowed_up_to_there() {
    for (text, pattern) in [
        ("https://h.example/a*", "https://h.example/a*"),
        ("https://h.example/a/b*c", "https://h.example/a/b*"),
        ("https://h.example/@me/x", "https://h.example/*"),
    ] {
        let grants = Grants::narrow(&[request("GET", text, &[])]);
        assert_eq!(grants.http[0].url.as_str(), pattern);
        assert!(grants.send("GET", &url(text), &[]).is_ok(), "{text}");
    }
}

#[test]
fn secrets_that_were_not_sent_together_are_not_granted_together() {
    let to = "https://h.example/";
    let grants = Grants::narrow(&[
        request("GET", to, &["one"]),
        request("GET", to, &["two"]),
        request("GET", to, &[]),
    ]);
    assert_eq!(grants.http.len(), 2);
    assert!(grants.send("GET", &url(to), &["one"]).is_ok());
    assert!(grants.send("GET", &url(to), &["one", "two"]).is_err());
}

#[test]
fn narrowed_it_keeps_what_a_use_does_not_tell() {
    let granted = Grants::parse(
        "g",
        "{ clients: [\"label:A\"], state: true, clock: true, limits: { state: 1500B, calls: 3 },
           http: [ { method: \"*\", url: \"https://*.example/*\", secrets: [s, t], redirects: 3, addresses: [10.0.0.1] },
                   { method: GET, url: \"https://h.example/*\", addresses: [10.0.0.2] },
                   { method: GET, url: \"https://other.example/*\" } ] }",
    )
    .unwrap();
    let uses = [
        Use::Client(client("C.1", &["a"])),
        Use::Client(client("C.2", &["b"])),
        request("GET", "https://h.example/x", &[]),
        Use::State { bytes: 1_200 },
    ];
    let narrowed = granted.narrowed(&uses);
    // Both rules that allow the request stay, for the address may have been either's. No redirect was followed.
    insta::assert_snapshot!(narrowed.grants.to_yaml(), @r#"
    clients: ["label:A"]
    state: true
    limits: {"calls":3,"state":"1500B"}
    http:
      - {"addresses":["10.0.0.1"],"method":"GET","url":"https://h.example/x"}
      - {"addresses":["10.0.0.2"],"method":"GET","url":"https://h.example/x"}
    "#);
    assert!(granted.covers(&narrowed.grants));
    assert_eq!(narrowed.kept, []);
}

#[test]
fn what_is_not_granted_is_not_proposed() {
    let granted = Grants::parse("g", "{ log: true, labels: { add: [A] } }").unwrap();
    let uses = [
        Use::Clock,
        Use::Log,
        Use::Search("all".parse().unwrap()),
        label(LabelOp::Add, "B"),
        label(LabelOp::Remove, "A"),
        request("GET", "https://h.example/x", &[]),
    ];
    assert_eq!(granted.narrowed(&uses).grants.to_yaml(), "log: true\n");
}

#[test]
fn everything_allows_everything_and_can_not_be_written_to_a_file() {
    let all = Grants::everything(["hook".to_owned()]);
    for text in [
        "https://h.example/a?b",
        "http://127.0.0.1:81/",
        "http://[::1]/",
    ] {
        assert!(all.send("PATCH", &url(text), &["hook"]).is_ok(), "{text}");
    }
    assert!(
        all.send("GET", &url("https://h.example/a/..%2fb"), &[])
            .is_err()
    );
    assert!(all.search(&SearchTerm::All).is_ok());
    assert!(
        all.change_label(LabelOp::Add, &"x".parse().unwrap())
            .is_ok()
    );
    assert!(Grants::parse("x", &all.to_yaml()).is_err());
}

fn mail(address: &str) -> Use {
    Use::Mail(address.parse().unwrap())
}

/// One use of any kind, of few names, so that some meet.
fn any_use() -> impl Strategy<Value = Use> {
    let method = prop_oneof![Just("GET"), Just("POST"), Just("DELETE")];
    let secrets = proptest::sample::subsequence(vec!["one", "two"], 0..=2);
    let place = "https?://(h|www\\.h)\\.example(:8[0-3])?/[a-z0-9_.~!$&'()+,;=:-]{0,4}(/[a-z%]{0,0}[a-z]{1,3}){0,2}";
    let http = (method, place, secrets).prop_filter_map("no URL", |(method, place, secrets)| {
        let url: Url = place.parse().ok()?;
        Some(request(method, url.as_str(), &secrets))
    });
    let op = prop_oneof![Just(LabelOp::Add), Just(LabelOp::Remove)];
    prop_oneof![
        4 => http,
        2 => (op, "[a-cA-C]{1,2}").prop_map(|(op, text)| label(op, &text)),
        2 => "(label|host|client):C\\.[ab]{1,2}|all|[ab]{1,3}"
            .prop_map(|text| Use::Search(text.parse().unwrap())),
        1 => "C\\.[a-c]{1,2}".prop_map(|id| Use::Client(client(&id, &["a"]))),
        1 => (0..5_000_u64).prop_map(|bytes| Use::State { bytes }),
        1 => "[abA]@[ab]\\.example".prop_map(|text| mail(&text)),
        1 => prop_oneof![Just(Use::Log), Just(Use::Clock)],
    ]
}

/// What `grants` say of a use.
fn allows(grants: &Grants, one: &Use) -> bool {
    match one {
        Use::Search(term) => grants.search(term).is_ok(),
        Use::Client(client) => {
            grants
                .search(&SearchTerm::Client(client.id.clone()))
                .is_ok()
                || grants.read_client(client).is_ok()
        }
        Use::Label { op, label } => grants.change_label(*op, label).is_ok(),
        Use::Http(http) => {
            let secrets: Vec<&str> = http.secrets.iter().map(String::as_str).collect();
            grants.send(&http.method, &http.url, &secrets).is_ok()
        }
        Use::Mail(address) => grants.mail_to(address).is_ok(),
        Use::State { bytes } => grants.state && grants.limits.state >= *bytes,
        Use::Log => grants.log,
        Use::Clock => grants.clock,
        Use::ClientById(id) => grants.search(&SearchTerm::Client(id.clone())).is_ok(),
        Use::Partly { .. } => true,
    }
}

fn https(uses: &[Use]) -> impl Iterator<Item = &HttpUse> {
    uses.iter().filter_map(|one| match one {
        Use::Http(http) => Some(http),
        _ => None,
    })
}

/// Whether a request like `wanted` was seen: the query does not count.
fn was_sent(uses: &[Use], wanted: &HttpUse) -> bool {
    https(uses).any(|seen| {
        seen.method == wanted.method
            && seen.url[..Position::AfterPath] == wanted.url[..Position::AfterPath]
            && wanted
                .secrets
                .iter()
                .all(|secret| seen.secrets.contains(secret))
    })
}

const RULES: [&str; 8] = [
    "clients: [all]",
    "clients: [\"label:C.a\", \"host:C.*\"]",
    "labels: { add: [\"*\"], remove: [a, ab] }",
    "http: [ { method: \"*\", url: \"https://*.example/*\", secrets: [one, two], redirects: 2 } ]",
    "http: [ { method: GET, url: \"http://h.example:81/*\", secrets: [two], addresses: [10.0.0.1] } ]",
    "http: [ { method: POST, url: \"https://h.example/a*\", secrets: [one] } ]",
    "{ state: true, limits: { state: 3KiB } }",
    "{ log: true, clock: true }",
];

fn granted() -> impl Strategy<Value = Grants> {
    proptest::sample::subsequence(RULES.to_vec(), 0..=8).prop_map(|rules| {
        let rules = rules
            .into_iter()
            .map(|text| Grants::parse("g", text).unwrap());
        rules.fold(Grants::default(), |all, rule| {
            let mut more = all.with(&rule);
            if rule.state {
                more.limits = rule.limits;
            }
            more
        })
    })
}

proptest! {
    #[test]
    fn each_use_seen_is_allowed(uses in proptest::collection::vec(any_use(), 0..12)) {
        let grants = Grants::narrow(&uses);
        for one in uses.iter() {
            // No grant allows a path with a way up in it, so no use of one can have been seen.
            let climbs = matches!(one, Use::Http(http) if Grants::everything(http.secrets.clone())
                .send(&http.method, &http.url, &[]).is_err());
            prop_assert!(climbs || allows(&grants, one), "{one:?} of {}", grants.to_yaml());
        }
        prop_assert_eq!(&Grants::parse("x", &grants.to_yaml()).unwrap(), &grants);
        // In whatever order they were seen.
        prop_assert_eq!(Grants::narrow(uses.iter().rev()).http, grants.http);
    }

    #[test]
    fn a_narrowed_grant_is_covered_and_allows_the_uses_seen(
        granted in granted(),
        uses in proptest::collection::vec(any_use(), 0..12),
    ) {
        let narrowed = granted.narrowed(&uses).grants;
        prop_assert!(granted.covers(&narrowed), "{} of {}", narrowed.to_yaml(), granted.to_yaml());
        for one in &uses {
            prop_assert_eq!(allows(&narrowed, one), allows(&granted, one), "{:?}", one);
        }
        // Again comes to the same.
        prop_assert_eq!(&narrowed.narrowed(&uses).grants, &narrowed);
    }

    #[test]
    fn a_narrowed_grant_allows_nothing_that_was_not_seen(
        granted in granted(),
        uses in proptest::collection::vec(any_use(), 0..8),
        others in proptest::collection::vec(any_use(), 0..8),
    ) {
        let narrowed = granted.narrowed(&uses).grants;
        for other in &others {
            let was_seen = match other {
                Use::Http(wanted) => was_sent(&uses, wanted),
                Use::Search(term) => uses.iter().any(|one| matches!(one, Use::Search(seen) if seen.covers(term))),
                Use::Label { op, label } => uses.iter().any(|one| {
                    matches!(one, Use::Label { op: seen, label: own } if seen == op && own.is(label.as_str()))
                }),
                Use::Log | Use::Clock => uses.contains(other),
                Use::State { .. } => uses.iter().any(|one| matches!(one, Use::State { .. })),
                // A client may be read under a term that another use needed.
                _ => true,
            };
            let by_rule = matches!(other, Use::Search(_)) && uses.iter().any(|one| matches!(one, Use::Client(_)));
            prop_assert!(was_seen || by_rule || !allows(&narrowed, other), "{other:?} of {}", narrowed.to_yaml());
        }
    }

    #[test]
    fn a_changed_request_is_denied(
        uses in proptest::collection::vec(any_use(), 1..8),
        change in 0..6_usize,
    ) {
        let grants = Grants::narrow(&uses);
        for http in https(&uses) {
            let mut other = http.clone();
            match change {
                0 => other.method = "PUT".to_owned(),
                1 => other.url.set_host(Some("else.example")).unwrap(),
                2 => other.url.set_path(&format!("{}x", http.url.path())),
                3 => other.url.set_port(Some(9_999)).unwrap(),
                4 => other.secrets.push("third".to_owned()),
                _ => {
                    let scheme = if http.url.scheme() == "http" { "https" } else { "http" };
                    other.url.set_scheme(scheme).unwrap();
                }
            }
            let is_allowed = allows(&grants, &Use::Http(other.clone()));
            prop_assert!(!is_allowed || was_sent(&uses, &other), "{other:?} of {}", grants.to_yaml());
        }
    }

    #[test]
    fn another_label_or_search_is_denied(uses in proptest::collection::vec(any_use(), 0..8), text in "[a-c]{1,2}") {
        let grants = Grants::narrow(&uses);
        for op in [LabelOp::Add, LabelOp::Remove] {
            let wanted: Label = text.parse().unwrap();
            let was_used = uses.iter().any(|one| {
                matches!(one, Use::Label { op: seen, label } if *seen == op && label.is(&text))
            });
            prop_assert_eq!(grants.change_label(op, &wanted).is_ok(), was_used);
        }
        let term: SearchTerm = format!("label:{text}").parse().unwrap();
        let was_searched = uses.iter().any(|one| matches!(one, Use::Search(seen) if seen.covers(&term)));
        prop_assert_eq!(grants.search(&term).is_ok(), was_searched);
    }
}
