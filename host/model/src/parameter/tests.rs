use proptest::prelude::*;
use serde_json::json;

use super::*;

fn artifact() -> Name {
    "Server.Test".parse().expect("a name")
}

fn spec(name: &str, kind: ParameterType, default: Option<Value>) -> ParameterSpec {
    ParameterSpec {
        name: name.to_owned(),
        kind,
        default,
        description: String::new(),
    }
}

fn specs() -> Vec<ParameterSpec> {
    vec![
        spec("group", ParameterType::String, Some(json!("Slack"))),
        spec("age", ParameterType::Int, Some(json!(300))),
        spec("url", ParameterType::Secret, None),
    ]
}

fn resolve(given: Value) -> Result<Parameters, ParameterError> {
    let Value::Object(given) = given else {
        panic!("an object is wanted");
    };
    Parameters::resolve(&artifact(), &specs(), given.into_iter().collect())
}

#[test]
fn secrets_are_kept_apart_and_defaults_filled_in() {
    let parameters = resolve(json!({ "url": "https://h/x", "age": "60" })).expect("parameters");
    assert_eq!(
        parameters.open,
        BTreeMap::from([
            ("age".to_owned(), json!(60)),
            ("group".to_owned(), json!("Slack"))
        ])
    );
    assert_eq!(parameters.secrets.keys().collect::<Vec<_>>(), ["url"]);
    assert_eq!(parameters.secrets["url"].reveal(), "https://h/x");
    assert!(!format!("{parameters:?}").contains("https://h/x"));
}

#[test]
fn what_does_not_fit_is_told_without_a_secret_s_value() {
    let error = |given| resolve(given).expect_err("wrong").to_string();
    insta::assert_snapshot!(error(json!({})), @"parameter `url` of Server.Test: it is missing: give it a value (its type is secret, it has no default)");
    insta::assert_snapshot!(error(json!({ "url": "x", "gruop": 1 })), @"parameter `gruop` of Server.Test: no such parameter (did you mean `group`?): there are group, age, url");
    insta::assert_snapshot!(error(json!({ "url": "x", "group": 5 })), @"parameter `group` of Server.Test: text is wanted, 5 was given");
    insta::assert_snapshot!(error(json!({ "url": "x", "age": "soon" })), @r#"parameter `age` of Server.Test: a whole number is wanted, "soon" was given"#);
    insta::assert_snapshot!(error(json!({ "url": "x", "age": 1u64 << 53 })), @"parameter `age` of Server.Test: it is beyond ±(2^53-1), which not every language holds");
    insta::assert_snapshot!(error(json!({ "url": { "token": "HUSH" } })), @"parameter `url` of Server.Test: text is wanted");
}

#[test]
fn text_is_read_as_the_type_wants() {
    use ParameterType::{Bool, Float, Int, Json, Regex, String};
    for (kind, given, wanted) in [
        (String, json!("5"), json!("5")),
        (Int, json!("-5"), json!(-5)),
        (Int, json!(5.0), json!(5)),
        (Float, json!("1.5"), json!(1.5)),
        (Float, json!(1), json!(1.0)),
        (Bool, json!("true"), json!(true)),
        (Regex, json!("(?i)a|b"), json!("(?i)a|b")),
        (Json, json!("[1, 2]"), json!([1, 2])),
        (Json, json!("plain text"), json!("plain text")),
        (Json, json!(null), json!(null)),
    ] {
        assert_eq!(kind.read(given.clone()), Ok(wanted), "{given}");
    }
    for (kind, given) in [
        (String, json!(null)),
        (Int, json!("1.5")),
        (Int, json!(true)),
        (Float, json!("NaN")),
        (Float, json!("inf")),
        (Bool, json!("yes")),
        (Bool, json!(1)),
        (Regex, json!("(")),
        (Regex, json!(5)),
    ] {
        assert!(kind.read(given.clone()).is_err(), "{given}");
    }
}

#[test]
fn a_text_s_placeholders_are_filled() {
    let parameters = resolve(json!({ "url": "HUSH" })).expect("parameters");
    let fill = |text| {
        parameters
            .fill(&artifact(), text)
            .map_err(|error| error.to_string())
    };
    assert_eq!(fill("a.{group}-{age}.b"), Ok("a.Slack-300.b".to_owned()));
    assert_eq!(fill("x{2}"), Ok("x{2}".to_owned()));
    insta::assert_snapshot!(fill("{url}").expect_err("a secret"), @"parameter `url` of Server.Test: it is a secret, which may stand in the URL of an http need only");
    insta::assert_snapshot!(fill("{other}").expect_err("unknown"), @"parameter `other` of Server.Test: no such parameter");
}

proptest! {
    #[test]
    fn what_was_read_is_read_to_the_same_again(index in 0..ParameterType::ALL.len(), text in ".{0,12}|-?[0-9]{1,17}|\\[?\"x\"\\]?|true|null") {
        let kind = ParameterType::ALL[index];
        if let Ok(value) = kind.read(Value::String(text)) {
            prop_assert_eq!(kind.read(value.clone()), Ok(value));
        }
    }
}
