//! Grants of what is installed: shown, added, revoked, reported on and narrowed.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use watchbox_tests::{Home, Reply, Server, Sink, eventually, slack};

use crate::numbers::{LOG, events};

const COURIER: &str = "Test.Courier";
const SOON: Duration = Duration::from_secs(60);

/// The courier, granted to post anywhere at the sink.
fn install_courier(home: &Home, server: &Server, sink: &Sink) -> Result<String> {
    let site = site(sink)?;
    let rule = format!("POST {site}/*");
    let grants = format!("http: [ {{ method: POST, url: \"{site}/*\", secrets: [ hook ] }} ]\n");
    let grants = home.file("courier-grants.yaml", grants)?;
    let hook = format!("hook=@{}", home.file("hook", sink.url())?);
    server.run_ok(&[
        "install",
        &home.artifact("courier")?,
        "--grants",
        &grants,
        "--secret",
        &hook,
    ])?;
    Ok(rule)
}

fn site(sink: &Sink) -> Result<String> {
    let url = sink.url();
    let (site, _) = url.split_once("/services/").context("the sink's path")?;
    Ok(site.to_owned())
}

fn denials(server: &Server, name: &str) -> Result<Vec<Value>> {
    let trail = format!("/api/v1/audit?artifact={name}&decision=denied");
    let trail = server.api().get_json(&trail)?;
    trail["items"].as_array().cloned().context("no items")
}

#[test]
fn what_is_revoked_is_refused_at_the_next_call_of_the_turn_that_is_under_way() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let sink = Sink::start()?;
    let rule = install_courier(&home, &server, &sink)?;
    sink.answer_next([Reply::Hold]);
    // Two in one request, so that they are one turn; its first message waits for its answer.
    server.api().accept_events(LOG, &events(1, 3))?;
    sink.wait(SOON, |messages| messages.len() == 1)?;

    let told = server.run_ok(&["grants", "revoke", COURIER, "--http", &rule])?;
    assert!(told.contains("narrower  - http: POST"), "{told}");
    sink.release();
    let denied = eventually(SOON, || {
        let first = denials(&server, COURIER)?.into_iter().next();
        Ok(first.ok_or_else(|| "a denial in the trail".to_owned()))
    })?;
    assert_eq!(denied["operation"], "send", "{denied}");
    assert_eq!(sink.received().len(), 1, "the second was not sent");
    assert_eq!(server.run_ok(&["grants", "show", COURIER])?, "{}\n");
    let changed = server.run_ok(&["audit", "--capability", "admin", "--limit", "1"])?;
    assert!(changed.contains("grants - http: POST"), "{changed}");

    // Granted again, it goes on, in the same server.
    let told = server.run_ok(&[
        "grants", "add", COURIER, "--http", &rule, "--secret", "hook",
    ])?;
    assert!(told.contains("wider     + http: POST"), "{told}");
    server.api().accept_events(LOG, &events(7, 8))?;
    sink.wait(SOON, |messages| {
        messages
            .iter()
            .any(|message| message.text.as_deref() == Ok("number 7"))
    })?;
    Ok(())
}

#[test]
fn rules_are_given_in_the_words_of_a_file() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let sink = Sink::start()?;
    let rule = install_courier(&home, &server, &sink)?;
    let add = |words: &[&str]| server.run(&[&["grants", "add", COURIER][..], words].concat());

    let before = server.run_ok(&["grants", "show", COURIER])?;
    let dry = add(&["--client", "label:Slack", "--state", "--dry-run"])?;
    assert!(
        dry.stdout.contains("wider     + clients: label:Slack"),
        "{dry:#?}"
    );
    assert_eq!(server.run_ok(&["grants", "show", COURIER])?, before);

    let added = add(&[
        "--client",
        "label:Slack",
        "--label-remove",
        "Slack",
        "--state",
        "--log",
        "--limit",
        "memory=128MiB",
    ])?;
    assert_eq!(added.code, Some(0), "{added:#?}");
    let again = add(&["--state"])?;
    assert_eq!(
        (again.code, again.stdout.as_str()),
        (Some(0), ""),
        "{again:#?}"
    );
    let shown = server.run_ok(&["grants", "show", COURIER])?;
    for line in [
        "clients: [\"label:Slack\"]",
        "labels: {\"add\":[],\"remove\":[\"Slack\"]}",
        "state: true",
        "log: true",
        "limits: {\"memory\":\"128MiB\"}",
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }

    // What is shown is a file that can be applied.
    let file = home.file("shown.yaml", &before)?;
    let json = server.run_ok(&["grants", "apply", COURIER, &file, "--json"])?;
    let json: Value = serde_json::from_str(&json)?;
    assert_eq!(
        (&json["done"], &json["wider"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(server.run_ok(&["grants", "show", COURIER])?, before);

    for (words, told) in [
        (["add", "--mail"], "wider     + mail: soc@example.org"),
        (["revoke", "--mail"], "narrower  - mail: soc@example.org"),
    ] {
        let said = server.run_ok(&["grants", words[0], COURIER, words[1], "soc@example.org"])?;
        assert!(said.contains(told), "{said}");
    }
    assert_eq!(server.run_ok(&["grants", "show", COURIER])?, before);

    let narrower = format!("{rule}x").replace("/*x", "/services/x");
    for (words, code) in [
        (&["revoke", COURIER, "--http", &narrower][..], 1),
        (&["revoke", COURIER, "--clock"], 1),
        (&["add", COURIER, "--http", "nonsense"], 2),
        (&["add", COURIER], 2),
        (&["show", "Test.NotThere"], 3),
    ] {
        let finished = server.run(&[&["grants"][..], words].concat())?;
        assert_eq!(finished.code, Some(code), "{words:?}: {finished:#?}");
    }
    assert_eq!(server.run_ok(&["grants", "show", COURIER])?, before);
    Ok(())
}

#[test]
fn of_two_who_change_it_at_once_none_undoes_what_the_other_did() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let sink = Sink::start()?;
    install_courier(&home, &server, &sink)?;
    let path = format!("/api/v1/table/{COURIER}");
    let seen = server.api().get_json(&path)?["changed_at"].clone();
    let change = |grants: Value| {
        let body = json!({"grants": grants, "unchanged_since": seen});
        let headers = [("Content-Type", "application/json")];
        server
            .api()
            .send("PATCH", &path, &headers, &serde_json::to_vec(&body)?)
    };
    assert_eq!(change(json!({"log": true}))?.status, 200);
    let late = change(json!({"clock": true}))?;
    assert_eq!(late.status, 409);
    let problem = late.problem()?;
    let detail = problem["detail"].as_str().context("no detail")?;
    assert!(
        detail.contains("changed meanwhile, by token:admin"),
        "{detail}"
    );
    assert_eq!(server.run_ok(&["grants", "show", COURIER])?, "log: true\n");
    Ok(())
}

/// From wide grants to narrow ones, by what was used.
#[test]
fn a_report_proposes_the_grants_that_are_enough() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let sink = Sink::start()?;
    let component = home.artifact(slack::HURRIED)?;
    slack::install(&home, &server, &sink, &component, "")?;
    let site = site(&sink)?;
    let wide = format!(
        "clients: [ all ]\nlabels: {{ add: [ \"*\" ], remove: [ \"*\" ] }}\nhttp: [ {{ method: \"*\", url: \"{site}/*\", secrets: [ token_url ] }}, {{ method: GET, url: \"https://*.example.com/*\" }} ]\nstate: true\nlog: true\nclock: true\n"
    );
    let wide = home.file("wide.yaml", wide)?;
    server.run_ok(&["grants", "apply", slack::NAME, &wide])?;
    let online = |id: &str| -> Result<()> {
        server.run_ok(&["client", "add", id, "--label", "Slack"])?;
        let event = format!("{{\"ClientId\":\"{id}\"}}");
        server
            .api()
            .accept_events("Generic.Client.Info", event.as_bytes())
            .map(drop)
    };
    online("C.one")?;
    sink.wait(SOON, |messages| !messages.is_empty())?;
    let labels = || -> Result<Value> {
        Ok(server.api().get_json("/api/v1/clients/C.one")?["labels"].clone())
    };
    eventually(SOON, || {
        Ok(if labels()? == json!([]) {
            Ok(())
        } else {
            Err("the label is taken off".to_owned())
        })
    })?;

    let file = home.path().join("narrower.yaml").display().to_string();
    let text = server.run_ok(&["audit", "report", slack::NAME, "--propose", &file])?;
    for line in [
        "narrower  - clients: all",
        "changed   + clients: label:Slack",
        "narrower  - labels: add: *",
        "changed   + labels: remove: Slack",
        "narrower  - http: GET https://*.example.com/*",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let proposal = fs::read_to_string(&file)?;
    assert!(proposal.contains("its URL is a secret"), "{proposal}");
    assert!(
        !proposal.contains("/services/"),
        "the secret's path is not told: {proposal}"
    );
    let differs = server.run(&["diff", &wide, &file])?;
    assert_eq!(differs.code, Some(0), "{differs:#?}");
    let back = server.run(&["diff", &file, &wide])?;
    assert_eq!(back.code, Some(6), "{back:#?}");

    server.run_ok(&["grants", "apply", slack::NAME, &file])?;
    online("C.two")?;
    sink.wait(SOON, |messages| messages.len() >= 2)?;
    assert!(denials(&server, slack::NAME)?.is_empty());
    let report = server
        .api()
        .get_json(&format!("/api/v1/audit/report?artifact={}", slack::NAME))?;
    let report = &report["items"][0];
    let unused = report["rules"].as_array().context("no rules")?;
    let unused: Vec<_> = unused.iter().filter(|rule| rule["used"] == 0).collect();
    assert!(unused.is_empty(), "{unused:?}");
    let missing = server
        .api()
        .get("/api/v1/audit/report?artifact=Test.NotThere")?;
    assert_eq!(missing.status, 404);
    Ok(())
}
