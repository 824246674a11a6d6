//! Rules on the command line, read as a grants file is.

use serde_json::{Map, Value, json};
use watchbox_model::Grants;

use crate::{args, exit::Usage};

/// What errors call the rules that are given.
const GIVEN: &str = "the rules given";

/// The rules, as grants that allow nothing else.
pub(super) fn read(rules: &args::Rules) -> Result<Grants, Usage> {
    parse(rules, Map::new())
}

/// The same, with what belongs to an http rule that is to be added.
pub(super) fn to_add(args: &args::GrantsAdd) -> Result<Grants, Usage> {
    let mut more = Map::new();
    if let Some(redirects) = args.redirects {
        more.insert("redirects".to_owned(), json!(redirects));
    }
    if !args.addresses.is_empty() {
        more.insert("addresses".to_owned(), json!(args.addresses));
    }
    parse(&args.rules, more)
}

fn parse(rules: &args::Rules, more: Map<String, Value>) -> Result<Grants, Usage> {
    let mut http = Vec::with_capacity(rules.http.len());
    for rule in &rules.http {
        let (method, url) = rule.trim().split_once(' ').ok_or_else(|| {
            Usage(format!(
                "--http wants a method and a URL, such as 'POST https://h.example/*', and not `{rule}`"
            ))
        })?;
        let mut fields = more.clone();
        fields.insert("method".to_owned(), json!(method));
        fields.insert("url".to_owned(), json!(url.trim()));
        fields.insert("secrets".to_owned(), json!(rules.secrets));
        http.push(Value::Object(fields));
    }
    let document = json!({
        "clients": rules.clients,
        "labels": { "add": rules.label_add, "remove": rules.label_remove },
        "http": http,
        "mail": rules.mail,
        "state": rules.state,
        "log": rules.log,
        "clock": rules.clock,
    });
    Grants::parse(GIVEN, &document.to_string()).map_err(|error| Usage(error.to_string()))
}

/// `grants` with these limits (`NAME=VALUE`) set.
pub(super) fn set_limits(grants: &Grants, limits: &[String]) -> Result<Grants, Usage> {
    change_limits(grants, limits, |set, text| {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Usage(format!(
                "--limit wants NAME=VALUE, such as memory=128MiB, and not `{text}`"
            ))
        })?;
        // Some limits are counts, the others text such as 64MiB or 5s.
        let value = value
            .parse::<u64>()
            .map_or_else(|_| json!(value), |count| json!(count));
        set.insert(name.to_owned(), value);
        Ok(())
    })
}

/// `grants` with these limits at their defaults.
pub(super) fn reset_limits(grants: &Grants, limits: &[String]) -> Result<Grants, Usage> {
    change_limits(grants, limits, |set, name| match set.remove(name) {
        Some(_) => Ok(()),
        None => {
            let known = set.keys().map(String::as_str).collect::<Vec<_>>();
            let known = known.join(", ");
            Err(Usage(format!(
                "there is no limit `{name}`; there are {known}"
            )))
        }
    })
}

fn change_limits(
    grants: &Grants,
    limits: &[String],
    change: impl Fn(&mut Map<String, Value>, &str) -> Result<(), Usage>,
) -> Result<Grants, Usage> {
    let mut document = grants.to_json();
    if let Some(set) = document["limits"].as_object_mut() {
        for limit in limits {
            change(set, limit)?;
        }
    }
    Grants::parse(GIVEN, &document.to_string()).map_err(|error| Usage(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(rules: &args::Rules) -> String {
        match read(rules) {
            Ok(grants) => grants.to_yaml(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn rules_are_read_in_the_words_of_a_file() {
        let rules = args::Rules {
            clients: vec!["label:Slack".to_owned()],
            label_add: vec!["*".to_owned()],
            label_remove: vec!["Slack".to_owned()],
            http: vec!["POST  https://hooks.slack.com/services/*".to_owned()],
            secrets: vec!["token_url".to_owned()],
            mail: vec![
                "soc@example.org".to_owned(),
                "*@ciso.example.org".to_owned(),
            ],
            state: true,
            ..args::Rules::default()
        };
        insta::assert_snapshot!(words(&rules), @r#"
        clients: ["label:Slack"]
        labels: {"add":["*"],"remove":["Slack"]}
        mail: ["soc@example.org","*@ciso.example.org"]
        state: true
        http:
          - {"method":"POST","secrets":["token_url"],"url":"https://hooks.slack.com/services/*"}
        "#);
    }

    #[test]
    fn what_is_no_rule_is_told_as_in_a_file() {
        let http = |rule: &str| args::Rules {
            http: vec![rule.to_owned()],
            ..args::Rules::default()
        };
        insta::assert_snapshot!(words(&http("https://h.example/")), @"--http wants a method and a URL, such as 'POST https://h.example/*', and not `https://h.example/`");
        insta::assert_snapshot!(words(&http("post https://h.example/")), @r#"the rules given:1: http[0].method: a method in capitals is wanted, such as GET or POST, or "*" for every one"#);
        insta::assert_snapshot!(words(&http("GET ftp://h.example/")), @"the rules given:1: http[0].url: URL pattern `ftp://h.example/`: it must begin with https:// or http://");
        let label = args::Rules {
            label_add: vec!["a,b".to_owned()],
            ..args::Rules::default()
        };
        assert!(words(&label).contains("labels.add[0]"), "{}", words(&label));
    }

    #[test]
    fn limits_are_set_and_reset() {
        let set = |limits: &[&str]| {
            let limits: Vec<String> = limits.iter().map(|limit| (*limit).to_owned()).collect();
            set_limits(&Grants::default(), &limits)
        };
        let changed = set(&["memory=128MiB", "calls=7"]).unwrap();
        assert_eq!(
            (changed.limits.memory, changed.limits.calls),
            (128 << 20, 7)
        );
        for wrong in ["memory", "memory=7", "calls=many", "no-such=1"] {
            assert!(set(&[wrong]).is_err(), "{wrong}");
        }
        let back = reset_limits(&changed, &["memory".to_owned()]).unwrap();
        assert_eq!(back.limits.memory, Grants::default().limits.memory);
        assert_eq!(back.limits.calls, 7);
        let unknown = reset_limits(&changed, &["no-such".to_owned()]).unwrap_err();
        assert!(unknown.to_string().contains("there are calls"), "{unknown}");
    }
}
