use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Rows, RowsBuilder, ValueRef, schedule::Schedule};

const FULL: &str = r#"name: Server.Powershell.EncodedCommand
version: 1.2.0
type: SERVER_EVENT
description: |
  Decodes what PowerShell was told in base64.
author: Somebody
parameters:
  - { name: Log, type: string, default: Windows.Events.ProcessCreation, description: Where from }
  - { name: Shell, type: regex, default: "powershell|pwsh" }
  - { name: Literal, default: "a.b" }
  - { name: token_url, type: secret }
subscribe:
  - artifact: "{Log}"
    where:
      - { column: CommandLine, matches: '(?i)({Shell})\b.{1,9}' }
      - { column: CommandLine, not_matches: "{Literal}" }
      - { column: User, one_of: [SYSTEM, 5, true, null] }
      - { column: Pid, equals: 4 }
      - { column: Hash, exists: true }
    columns: [ParentInfo, CommandLine]
    batch: { rows: 100, wait_ms: 20 }
schedule: { every: 60s }
encoding: json
capabilities:
  http: { reason: Posts the message, needs: [ { method: POST, url: "{token_url}" }, { method: GET, url: "https://h.example/*" } ] }
  log: { reason: Says what it skips }
rows:
  - { name: Script, type: string, description: What was run }
  - { name: Size, type: int }
"#;

/// A manifest with nothing but what it must have, and `more`.
fn minimal(more: &str) -> String {
    format!("name: Server.X\nversion: 1.0.0\ntype: SERVER_EVENT\ndescription: x\n{more}")
}

fn parse(text: &str) -> Manifest {
    Manifest::parse("artifact.yaml", text).expect("a manifest")
}

#[track_caller]
fn error(more: &str) -> String {
    Manifest::parse("artifact.yaml", &minimal(more))
        .expect_err(more)
        .to_string()
}

fn parameters(manifest: &Manifest, given: serde_json::Value) -> Parameters {
    let serde_json::Value::Object(given) = given else {
        panic!("an object is wanted");
    };
    Parameters::resolve(
        &manifest.name,
        &manifest.parameters,
        given.into_iter().collect(),
    )
    .expect("parameters")
}

#[test]
fn a_full_manifest_reads() {
    let manifest = parse(FULL);
    assert_eq!(manifest.name.as_str(), "Server.Powershell.EncodedCommand");
    assert_eq!(manifest.version, semver::Version::new(1, 2, 0));
    assert_eq!(
        manifest.description,
        "Decodes what PowerShell was told in base64."
    );
    assert_eq!(manifest.encoding, Encoding::Json);
    assert_eq!(manifest.subscribe[0].filter.len(), 5);
    assert_eq!(
        manifest.subscribe[0].batch,
        BatchSpec {
            rows: 100,
            wait_ms: 20
        }
    );
    assert_eq!(
        manifest.schedule,
        Some(Schedule::Every(std::time::Duration::from_secs(60)))
    );
    assert_eq!(manifest.capabilities[&Capability::Http].needs.len(), 2);
    assert_eq!(manifest.rows[1].kind, ColumnType::Int);
    let kinds: Vec<_> = manifest
        .parameters
        .iter()
        .map(|spec| spec.kind.as_str())
        .collect();
    assert_eq!(kinds, ["string", "regex", "string", "secret"]);
}

#[test]
fn a_minimal_manifest_has_the_defaults() {
    let manifest = parse(&minimal("subscribe: [ { artifact: Windows.Events.X } ]"));
    assert_eq!(manifest.encoding, Encoding::Msgpack);
    assert_eq!(manifest.subscribe[0].batch, BatchSpec::default());
    assert_eq!(manifest.subscribe[0].columns, None);
    assert!(manifest.capabilities.is_empty() && manifest.schedule.is_none());
    // JSON is YAML.
    let json = json!({ "name": "Server.X", "version": "1.0.0", "type": "SERVER_EVENT", "description": "x", "subscribe": [{ "artifact": "Windows.Events.X" }] });
    assert_eq!(parse(&json.to_string()), manifest);
}

#[test]
fn a_subscription_is_resolved_with_its_parameters() {
    let manifest = parse(FULL);
    let given = parameters(
        &manifest,
        json!({ "token_url": "https://h/", "Log": "Linux.Events.X", "Literal": "a+b" }),
    );
    let resolved = manifest.resolve(&given).expect("subscriptions");
    assert_eq!(resolved[0].log.as_str(), "Linux.Events.X");
    assert_eq!(
        resolved[0].columns,
        Columns::only(vec!["ParentInfo".to_owned(), "CommandLine".to_owned()])
    );
    let row = |line: &str| -> Rows {
        let mut rows = RowsBuilder::new();
        rows.push_columns([
            ("CommandLine", ValueRef::Str(line)),
            ("User", ValueRef::Nil),
            ("Pid", ValueRef::UInt(4)),
            ("Hash", ValueRef::Str("")),
        ]);
        rows.finish()
    };
    let passes = |line: &str| row(line).iter().all(|row| resolved[0].filter.passes(row));
    assert!(passes("PWSH -enc x"));
    assert!(passes("powershell aab"));
    // A text parameter stands for itself in a pattern.
    assert!(!passes("powershell a+b"));
    assert!(!passes("cmd /c x"));
}

#[test]
fn what_only_the_values_make_wrong_is_an_error_when_resolved() {
    let manifest = parse(FULL);
    let error = |given| {
        manifest
            .resolve(&parameters(&manifest, given))
            .expect_err("wrong")
            .to_string()
    };
    insta::assert_snapshot!(error(json!({ "token_url": "x", "Log": "no log" })), @"parameter `Log` of Server.Powershell.EncodedCommand: the log's name `{Log}`: `no log` is no name: use letters, digits, `.`, `_` and `-`, starting with a letter or a digit, without `..`");
    let twice = parse(&minimal(
        "parameters: [ { name: A, default: X.Y } ]\nsubscribe: [ { artifact: X.Y }, { artifact: \"{A}\" } ]",
    ));
    let error = twice
        .resolve(&parameters(&twice, json!({})))
        .expect_err("twice")
        .to_string();
    insta::assert_snapshot!(error, @"parameter `A` of Server.X: `X.Y` would be subscribed to twice");
    let pattern = parse(&minimal(
        "parameters: [ { name: A, type: regex, default: x } ]\nsubscribe: [ { artifact: X, where: [ { column: c, matches: '(?i){A}{1,99999}' } ] } ]",
    ));
    let error = pattern
        .resolve(&parameters(&pattern, json!({ "A": "[a-z]{1,999}" })))
        .expect_err("too large");
    assert_eq!(error.parameter, "A");
}

#[test]
fn the_whole_is_checked() {
    let refused = |text: &str| {
        Manifest::parse("artifact.yaml", text)
            .expect_err(text)
            .to_string()
    };
    insta::assert_snapshot!(refused(""), @"artifact.yaml:1: the whole: a map of fields is wanted, this is empty");
    insta::assert_snapshot!(refused("name: X"), @"artifact.yaml:1: type: it is missing: add it");
    insta::assert_snapshot!(refused("type: CLIENT_EVENT"), @"artifact.yaml:1: type: `CLIENT_EVENT` is none of SERVER_EVENT");
    insta::assert_snapshot!(refused("a: [1\nb: 2"), @"artifact.yaml:2: YAML: illegal placement of ':' indicator");
    insta::assert_snapshot!(refused("a: 1\n---\nb: 1"), @"artifact.yaml:2: YAML: more than one document, or more values, aliases or nesting than such a text may need");
    insta::assert_snapshot!(refused("a: *x"), @"artifact.yaml:1: YAML: alias references unknown anchor");
    insta::assert_snapshot!(error(""), @"artifact.yaml:1: the whole: nothing sets it off: add `subscribe`, `schedule` or both");
    insta::assert_snapshot!(error("name: Y"), @"artifact.yaml:5: name: it comes twice, on line 1 first: keep one");
    insta::assert_snapshot!(error("subscribes: []"), @"artifact.yaml:5: subscribes: no such field (did you mean `subscribe`?); there are name, version, type, description, author, parameters, subscribe, schedule, encoding, capabilities, rows");
    insta::assert_snapshot!(error("encoding: cbor"), @"artifact.yaml:5: encoding: `cbor` is none of msgpack, json");
    let unversioned = minimal("schedule: { every: 1s }").replace("1.0.0", "1.0");
    insta::assert_snapshot!(refused(&unversioned), @"artifact.yaml:2: version: text is wanted, this is a number: put it in quotes");
    let unnamed = minimal("schedule: { every: 1s }").replace("Server.X", "no name");
    assert!(refused(&unnamed).starts_with("artifact.yaml:1: name: `no name` is no name: "));
}

#[test]
fn parameters_are_checked() {
    insta::assert_snapshot!(error("parameters:\n  - name: a-b"), @"artifact.yaml:6: parameters[0].name: a parameter's name is a letter or `_`, then letters, digits and `_`, 64 at most");
    insta::assert_snapshot!(error("parameters:\n  - name: a\n  - name: a"), @"artifact.yaml:7: parameters[1].name: there is a parameter `a` already");
    insta::assert_snapshot!(error("parameters:\n  - name: a\n    type: integer"), @"artifact.yaml:7: parameters[0].type: `integer` is none of string, int, float, bool, regex, json, secret (did you mean `int`?)");
    insta::assert_snapshot!(error("parameters:\n  - name: a\n    type: int\n    default: soon"), @r#"artifact.yaml:8: parameters[0].default: a whole number is wanted, "soon" was given"#);
    insta::assert_snapshot!(error("parameters: [ { name: a, type: secret, default: x } ]"), @"artifact.yaml:5: parameters[0].default: a secret has no default, since everybody could read it here: leave it out");
    assert!(
        error("parameters: [ { name: a, type: regex, default: \"(\" } ]")
            .starts_with("artifact.yaml:5: parameters[0].default: regex parse error")
    );
}

#[test]
fn subscriptions_are_checked() {
    let one = |inner: &str| {
        error(&format!(
            "parameters: [ {{ name: s, type: secret }}, {{ name: j, type: json, default: 1 }} ]\nsubscribe:\n  - artifact: X\n    {inner}"
        ))
    };
    insta::assert_snapshot!(error("subscribe: [ { artifact: 'a b' } ]"), @"artifact.yaml:5: subscribe[0].artifact: `a b` is no name: use letters, digits, `.`, `_` and `-`, starting with a letter or a digit, without `..`");
    insta::assert_snapshot!(error("subscribe: [ { artifact: X }, { artifact: X } ]"), @"artifact.yaml:5: subscribe[1].artifact: `X` is subscribed to already");
    insta::assert_snapshot!(error("parameters: [ { name: Log } ]\nsubscribe: [ { artifact: \"{Logs}\" } ]"), @"artifact.yaml:6: subscribe[0].artifact: there is no parameter `Logs` (did you mean `Log`?)");
    insta::assert_snapshot!(one("where: [ { column: c } ]"), @"artifact.yaml:8: subscribe[0].where[0]: a condition has one test of matches, not_matches, equals, one_of, exists; there is none");
    insta::assert_snapshot!(one("where: [ { column: c, equals: 1, exists: true } ]"), @"artifact.yaml:8: subscribe[0].where[0]: a condition has one test of matches, not_matches, equals, one_of, exists; there are equals and exists");
    insta::assert_snapshot!(one("where: [ { matches: x } ]"), @"artifact.yaml:8: subscribe[0].where[0].column: it is missing: add it");
    insta::assert_snapshot!(one("where: [ { column: c, match: x } ]"), @"artifact.yaml:8: subscribe[0].where[0].match: no such field (did you mean `matches`?); there are column, matches, not_matches, equals, one_of, exists");
    insta::assert_snapshot!(one("where: [ { column: c, equals: 1.5 } ]"), @"artifact.yaml:8: subscribe[0].where[0].equals: text, a whole number, true, false or null is wanted");
    insta::assert_snapshot!(one("where: [ { column: c, matches: '{s}' } ]"), @"artifact.yaml:8: subscribe[0].where[0].matches: parameter `s` is a secret, which may stand in the URL of an http need only");
    insta::assert_snapshot!(one("where: [ { column: c, matches: '{j}' } ]"), @"artifact.yaml:8: subscribe[0].where[0].matches: parameter `j` is JSON, which can't stand in a text");
    insta::assert_snapshot!(one("columns: []"), @"artifact.yaml:8: subscribe[0].columns: it is empty: name the columns wanted, or leave it out to get all");
    insta::assert_snapshot!(one("columns: [a, b, a]"), @"artifact.yaml:8: subscribe[0].columns[2]: `a` is there already");
    insta::assert_snapshot!(one("where: [ { column: _position, equals: 1 } ]"), @"artifact.yaml:8: subscribe[0].where[0].column: no condition can be about where in its log an event stands: leave it out");
    insta::assert_snapshot!(one(r#"columns: ["*", a, _position]"#), @"artifact.yaml:8: subscribe[0].columns: `*` is every column, `a` among them: leave out one of the two");
    insta::assert_snapshot!(one("batch: { rows: 0 }"), @"artifact.yaml:8: subscribe[0].batch.rows: a whole number from 1 to 10000 is wanted");
    let pattern = one("where:\n    - column: c\n      matches: '(?i)['");
    assert!(
        pattern.starts_with("artifact.yaml:10: subscribe[0].where[0].matches: regex parse error"),
        "{pattern}"
    );
    // The values of a condition may be null.
    parse(&minimal(
        "subscribe: [ { artifact: X, where: [ { column: c, equals: null } ] } ]",
    ));
}

#[test]
fn schedules_are_checked() {
    insta::assert_snapshot!(error("schedule: { every: 500ms }"), @"artifact.yaml:5: schedule.every: a period of 500ms: 1s to 366d are wanted");
    insta::assert_snapshot!(error("schedule: { every: 60 }"), @"artifact.yaml:5: schedule.every: text is wanted, this is a number: put it in quotes");
    insta::assert_snapshot!(error("schedule: { every: soon }"), @"artifact.yaml:5: schedule.every: `soon` is no duration: write 500ms, 5s, 10m, 2h or 1d");
    insta::assert_snapshot!(error("schedule: { cron: '0 0 30 2 *' }"), @"artifact.yaml:5: schedule.cron: `0 0 30 2 *` never comes");
    insta::assert_snapshot!(error("schedule: { every: 60s, cron: '0 * * * *' }"), @r#"artifact.yaml:5: schedule: one of `every: 60s` and `cron: "0 * * * *"` is wanted"#);
    assert!(
        parse(&minimal("schedule: { cron: '0 * * * *' }"))
            .schedule
            .is_some()
    );
}

#[test]
fn capabilities_are_checked() {
    let one = |inner: &str| {
        error(&format!(
            "parameters: [ {{ name: s, type: secret }} ]\ncapabilities:\n  {inner}"
        ))
    };
    insta::assert_snapshot!(one("htp: { reason: x }"), @"artifact.yaml:7: capabilities.htp: no such field (did you mean `http`?); there are clients, labels, http, mail, state, log, clock");
    insta::assert_snapshot!(one("log: {}"), @"artifact.yaml:7: capabilities.log.reason: it is missing: add it");
    insta::assert_snapshot!(one("log: { reason: ' ' }"), @"artifact.yaml:7: capabilities.log.reason: it is empty");
    insta::assert_snapshot!(one("log: { reason: x, needs: [] }"), @"artifact.yaml:7: capabilities.log.needs: no such field; there are reason");
    insta::assert_snapshot!(one("mail: { reason: x, needs: [ { to: 'a@h.example, nobody' } ] }"), @"artifact.yaml:7: capabilities.mail.needs[0].to: `nobody` is no mail address: name@domain is wanted, in ASCII (of a domain in other letters its form that begins with xn--)");
    insta::assert_snapshot!(one("mail: { reason: x, needs: [ { to: '{s}' } ] }"), @"artifact.yaml:7: capabilities.mail.needs[0].to: parameter `s` is a secret, which may stand in the URL of an http need only");
    insta::assert_snapshot!(one("http: { reason: x, needs: [ { method: get, url: '{s}' } ] }"), @"artifact.yaml:7: capabilities.http.needs[0].method: a method in capitals is wanted, such as GET or POST");
    insta::assert_snapshot!(one("http: { reason: x, needs: [ { method: GET, url: '{t}' } ] }"), @"artifact.yaml:7: capabilities.http.needs[0].url: there is no parameter `t`");
    insta::assert_snapshot!(one("http: { reason: x, needs: [ { method: GET, url: 'h.example' } ] }"), @"artifact.yaml:7: capabilities.http.needs[0].url: URL pattern `h.example`: it must begin with https:// or http://");
}

#[test]
fn columns_are_checked() {
    insta::assert_snapshot!(error("rows: [ { name: a }, { name: a } ]"), @"artifact.yaml:5: rows[1].name: there is a column `a` already");
    insta::assert_snapshot!(error("rows: [ { name: _ts } ]"), @"artifact.yaml:5: rows[0].name: the host itself puts `_ts` on every row: leave it out");
    insta::assert_snapshot!(error("rows: [ { name: a, type: text } ]"), @"artifact.yaml:5: rows[0].type: `text` is none of any, string, int, float, bool, bytes, timestamp");
}

#[test]
fn size_and_aliases_have_bounds() {
    let large = minimal(&format!(
        "author: {}",
        "x".repeat(crate::document::MAX_TEXT)
    ));
    insta::assert_snapshot!(Manifest::parse("a.yaml", &large).expect_err("large"), @"a.yaml:1: YAML: 262216 bytes are too many; 262144 are allowed");
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let inner = vec![format!("*a{}", n - 1); 9].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{inner}]\n"));
    }
    let bomb = Manifest::parse("a.yaml", &bomb).expect_err("a bomb");
    insta::assert_snapshot!(bomb, @"a.yaml:5: YAML: more than one document, or more values, aliases or nesting than such a text may need");
    let deep = format!("a: {}", "[".repeat(100_000));
    assert!(Manifest::parse("a.yaml", &deep).is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = Manifest::parse("a.yaml", &text);
        let _ = Manifest::parse("a.yaml", &minimal(&text));
    }

    #[test]
    fn no_cut_or_changed_manifest_panics(at: prop::sample::Index, with in "\\PC{0,4}", cut: bool) {
        let at = at.index(FULL.len());
        let rest = if cut { "" } else { &FULL[at + 1..] };
        let _ = Manifest::parse("a.yaml", &format!("{}{with}{rest}", &FULL[..at]));
    }
}
