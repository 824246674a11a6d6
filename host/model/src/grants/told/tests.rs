use super::*;
use crate::{Grants, Time, audit::Decision};

fn usage(capability: Capability, operation: &str, target: Option<&str>, reason: &str) -> Usage {
    Usage {
        capability,
        operation: operation.to_owned(),
        target: target.map(str::to_owned),
        decision: Decision::Allowed,
        reason: reason.to_owned(),
        count: 1,
        first: Time::default(),
        last: Time::default(),
        bytes: 0,
    }
}

const GRANTED: &str = "{ clients: [\"label:A\", all], labels: { add: [\"*\"], remove: [A] }, state: true, log: true, clock: true, mail: [ \"*@a.example\" ],
   http: [ { method: POST, url: \"https://h.example/a/*\", secrets: [s] }, { method: \"*\", url: \"https://*.example/b/*\", secrets: [s, t], redirects: 2, addresses: [10.0.0.1] } ],
   limits: { state: 2MiB } }";

/// What is left of the grants, and what is said of it.
fn proposed(usages: &[Usage]) -> String {
    let granted = Grants::parse("g", GRANTED).unwrap();
    let uses: Vec<Use> = usages.iter().flat_map(Use::told).collect();
    let narrowed = granted.narrowed(&uses);
    assert!(granted.covers(&narrowed.grants));
    let mut text = narrowed.grants.to_yaml();
    for kept in narrowed.kept {
        text.push_str(&format!("# {}: {}\n", kept.rule, kept.why));
    }
    text
}

fn http(target: &str) -> String {
    let reason = "http: POST https://h.example/a/*";
    proposed(&[usage(Capability::Http, "send", Some(target), reason)])
}

#[test]
fn what_was_not_used_goes() {
    insta::assert_snapshot!(proposed(&[]), @r#"limits: {"state":"2MiB"}"#);
}

#[test]
fn what_is_told_whole_is_all_that_stays() {
    insta::assert_snapshot!(proposed(&[
        usage(Capability::Clients, "search", Some("host:web-*"), "clients: all"),
        usage(Capability::Clients, "get", Some("C.1"), "clients: all"),
        usage(Capability::Labels, "add", Some("X, Y"), "labels: add: *"),
        usage(Capability::Log, "write", Some("info"), "log: true"),
        usage(Capability::Clock, "now", Some(""), "clock: true"),
        usage(Capability::State, "set", Some(""), "state: true"),
    ]), @r#"
    clients: ["client:C.1","host:web-*"]
    labels: {"add":["X","Y"],"remove":[]}
    state: true
    log: true
    clock: true
    limits: {"state":"2MiB"}
    "#);
}

#[test]
fn what_is_rolled_up_keeps_its_rule() {
    insta::assert_snapshot!(proposed(&[
        usage(Capability::Clients, "search", Some("label:A and others"), "clients: label:A"),
        usage(Capability::Labels, "add", Some("X, Y, …"), "labels: add: *"),
    ]), @r#"
    clients: ["label:A"]
    labels: {"add":["*"],"remove":[]}
    limits: {"state":"2MiB"}
    # clients: label:A: the trail counts several uses of it together
    # labels: add: *: the trail tells of its use in part only
    "#);
    // What was allowed by a rule that is gone may be allowed by any that there is.
    insta::assert_snapshot!(proposed(&[
        usage(Capability::Clients, "get", Some("C.1 and others"), "clients: label:Gone"),
        usage(Capability::Labels, "remove", None, ""),
    ]), @r#"
    clients: ["all"]
    labels: {"add":["*"],"remove":["A"]}
    limits: {"state":"2MiB"}
    # clients: all: the trail counts several uses of it together
    # clients: label:A: the trail counts several uses of it together
    # labels: add: *: it was used on too many things to tell them apart
    "#);
}

#[test]
fn of_a_request_it_is_its_url() {
    insta::assert_snapshot!(http("POST https://h.example/a/x"), @r#"
    limits: {"state":"2MiB"}
    http:
      - {"method":"POST","secrets":["s"],"url":"https://h.example/a/x"}
    # http: POST https://h.example/a/*: which secrets went into headers is not told
    "#);
    insta::assert_snapshot!(http("GET https://x.example/b/y (redirected)"), @r#"
    limits: {"state":"2MiB"}
    http:
      - {"addresses":["10.0.0.1"],"method":"GET","redirects":2,"secrets":["s","t"],"url":"https://x.example/b/y"}
    # http: * https://*.example/b/*: which secrets went into headers is not told
    "#);
}

#[test]
fn of_a_secret_url_it_is_where_it_leads() {
    insta::assert_snapshot!(http("POST secret(s) -> https://h.example"), @r#"
    limits: {"state":"2MiB"}
    http:
      - {"method":"POST","secrets":["s"],"url":"https://h.example/a/*"}
    # http: POST https://h.example/a/*: its URL is a secret: which path it asks for is not told
    "#);
    // By another rule than the one that the trail names, which does not go there.
    insta::assert_snapshot!(http("PUT secret(t) -> https://x.example"), @r#"
    limits: {"state":"2MiB"}
    http:
      - {"addresses":["10.0.0.1"],"method":"PUT","secrets":["s","t"],"url":"https://x.example/b/*"}
    # http: * https://*.example/b/*: its URL is a secret: which path it asks for is not told
    # http: * https://*.example/b/*: which secrets went into headers is not told
    "#);
}

#[test]
fn what_was_cut_or_scrubbed_keeps_the_path() {
    for target in [
        "POST https://h.example/a/secret(s)/y",
        "POST https://h.example/a/xxxxxxxx…",
    ] {
        assert!(
            http(target).contains("\"url\":\"https://h.example/a/*\""),
            "{target}"
        );
    }
    for unread in [
        "POST https://h.exa…",
        "POST https://secret(s)/x",
        "nonsense",
        "",
    ] {
        // Every rule stays, for any of them may have been used.
        assert_eq!(http(unread).matches("\"method\"").count(), 1, "{unread}");
        let unnamed = usage(
            Capability::Http,
            "send",
            Some(unread),
            "http: GET https://gone.example/",
        );
        assert_eq!(
            proposed(&[unnamed]).matches("\"method\"").count(),
            2,
            "{unread}"
        );
    }
}

#[test]
fn of_mail_every_recipient_is_told() {
    let mail = |target: &str| {
        let reason = "mail: *@a.example";
        proposed(&[usage(Capability::Mail, "send", Some(target), reason)])
    };
    insta::assert_snapshot!(mail("soc@a.example, x@a.example"), @r#"
    mail: ["soc@a.example","x@a.example"]
    limits: {"state":"2MiB"}
    "#);
    insta::assert_snapshot!(mail("soc@a.example, x@a.exa…"), @r##"
    mail: ["*@a.example"]
    limits: {"state":"2MiB"}
    # mail: *@a.example: the trail tells of its use in part only
    "##);
}
