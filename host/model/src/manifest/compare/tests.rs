use proptest::prelude::*;

use super::*;
use crate::difference::is_wider;

const OLD: &str = r#"
name: Server.X
version: 1.0.0
type: SERVER_EVENT
description: Tells of it
author: me
parameters:
  - { name: hook, type: secret }
  - { name: site, type: string, default: h.example }
  - { name: limit, type: int, default: 5 }
  - { name: gone, type: bool, default: true }
subscribe:
  - artifact: A.Log
    where: [ { column: Name, matches: a }, { column: Name, matches: b } ]
    columns: [ Name, Old ]
  - artifact: Gone.Log
schedule: { every: 60s }
capabilities:
  http: { reason: Posts, needs: [ { method: POST, url: "{hook}" }, { method: GET, url: "https://h.example/a/*" } ] }
  log: { reason: Says }
rows: [ { name: Text, type: string } ]
"#;

const NEW: &str = r#"
name: Server.X
version: 1.1.0
type: SERVER_EVENT
description: Tells of it, and more
author: me
parameters:
  - { name: hook, type: string, default: "https://h.example/" }
  - { name: site, type: string, default: other.example }
  - { name: limit, type: int, default: 6 }
  - { name: token, type: secret }
subscribe:
  - artifact: A.Log
    where: [ { column: Name, matches: b }, { column: Name, matches: c } ]
    columns: [ Name, New ]
    batch: { rows: 10 }
  - artifact: B.Log
schedule: { every: 30s }
encoding: json
capabilities:
  http: { reason: Posts and asks, needs: [ { method: GET, url: "https://h.example/a/b" }, { method: GET, url: "https://{site}/b" } ] }
  state: { reason: Remembers }
rows: [ { name: Text, type: string }, { name: More, type: int } ]
"#;

fn manifest(text: &str) -> Manifest {
    Manifest::parse("artifact.yaml", text).unwrap()
}

fn told(old: &str, new: &str) -> String {
    let differences = manifest(old).differences(&manifest(new));
    let line = |one: &Difference| format!("{} {one}", one.mark.as_str());
    differences.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_part_is_told_with_what_it_comes_to() {
    insta::assert_snapshot!(told(OLD, NEW), @r#"
    changed ~ version: 1.0.0 -> 1.1.0
    changed ~ description
    changed ~ declared http, reason: Posts -> Posts and asks
    narrower - http need: POST {hook}
    narrower - http need: GET https://h.example/a/*
    changed + http need: GET https://h.example/a/b
    wider + http need: GET https://{site}/b
    wider + declared state: Remembers
    narrower - declared log: Says
    changed - parameter gone: bool
    wider ~ parameter hook, type: secret -> string
    changed ~ parameter hook, default: none -> "https://h.example/"
    changed ~ parameter limit, default: 5 -> 6
    wider ~ parameter site, default: "h.example" -> "other.example"
    wider + parameter token: secret
    wider - subscription A.Log, where: {"column":"Name","matches":"a"}
    narrower + subscription A.Log, where: {"column":"Name","matches":"c"}
    narrower - subscription A.Log, columns: Old
    wider + subscription A.Log, columns: New
    changed ~ subscription A.Log, batch: 1000 rows, 0 ms -> 10 rows, 0 ms
    narrower - subscription: Gone.Log
    wider + subscription: B.Log
    wider ~ schedule: every 1m -> every 30s
    changed ~ encoding: msgpack -> json
    changed ~ rows: text string -> text string, more int
    "#);
}

#[test]
fn needs_may_be_any_request() {
    let any = OLD.replace(
        ", needs: [ { method: POST, url: \"{hook}\" }, { method: GET, url: \"https://h.example/a/*\" } ]",
        "",
    );
    assert_eq!(told(OLD, &any), "wider + http need: any request");
    assert_eq!(told(&any, OLD), "narrower - http need: any request");
}

#[test]
fn all_columns_are_more_than_some_and_a_clock_more_than_none() {
    let all = OLD.replace("    columns: [ Name, Old ]\n", "");
    assert_eq!(
        told(OLD, &all),
        "wider ~ subscription A.Log, columns: Name, Old -> all"
    );
    assert_eq!(
        told(&all, OLD),
        "narrower ~ subscription A.Log, columns: all -> Name, Old"
    );
    let star = OLD.replace("[ Name, Old ]", "[ '*' ]");
    assert_eq!(told(&all, &star), "");
    let position = OLD.replace("[ Name, Old ]", "[ '*', _position ]");
    assert_eq!(
        told(&all, &position),
        "wider + subscription A.Log, columns: _position"
    );
    assert_eq!(
        told(OLD, &position),
        "wider ~ subscription A.Log, columns: Name, Old -> all, _position"
    );
    let none = OLD.replace("schedule: { every: 60s }\n", "");
    assert_eq!(told(OLD, &none), "narrower - schedule: every 1m");
    assert_eq!(told(&none, OLD), "wider + schedule: every 1m");
    let cron = OLD.replace("every: 60s", "cron: \"0 * * * *\"");
    assert_eq!(
        told(OLD, &cron),
        "changed ~ schedule: every 1m -> at 0 * * * *"
    );
}

proptest! {
    #[test]
    fn taking_lines_away_that_ask_for_something_never_widens(
        gone in proptest::sample::subsequence(vec![
            "  log: { reason: Says }\n",
            "  - artifact: Gone.Log\n",
            "schedule: { every: 60s }\n",
            ", { method: GET, url: \"https://h.example/a/*\" }",
            ", Old",
        ], 0..=5),
    ) {
        let mut less = OLD.to_owned();
        for line in &gone {
            less = less.replace(line, "");
        }
        let (old, less) = (manifest(OLD), manifest(&less));
        prop_assert!(!is_wider(&old.differences(&less)));
        prop_assert_eq!(is_wider(&less.differences(&old)), !gone.is_empty());
        prop_assert_eq!(old.differences(&old), vec![]);
    }
}
