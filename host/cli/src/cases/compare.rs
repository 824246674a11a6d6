//! What a case wants of a turn, beside what came of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use watchbox_model::ClientId;
use watchbox_sandbox::{WithheldCall, WithheldEffect, WithheldMail, WithheldRequest};

use super::{StateValue, Wanted};

/// What came of a turn.
#[derive(Debug, Default)]
pub(super) struct Came {
    pub(super) rows: Vec<Value>,
    /// Requests and mail.
    pub(super) calls: Vec<WithheldCall>,
    /// Clients whose labels were changed.
    pub(super) relabelled: BTreeSet<ClientId>,
    /// The labels of those, and of those that the case names.
    pub(super) labels: BTreeMap<String, Vec<String>>,
    /// The state, as far as the case names its keys.
    pub(super) state: BTreeMap<String, Vec<u8>>,
    pub(super) log: Vec<String>,
    pub(super) failure: Option<String>,
}

/// A part of a turn that is not as it must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its name in the case: `rows`, `requests`, ...
    pub part: &'static str,
    /// What is wanted, as the case writes it.
    pub wanted: Value,
    /// What came, as the case would write it.
    pub got: Value,
}

/// All that differs. Where a turn fails that must not, or does not fail that must, that is all that is told.
pub(super) fn compare(wanted: &Wanted, came: &Came) -> Vec<Difference> {
    if let Some(difference) = failure(wanted.failure.as_deref(), came.failure.as_deref()) {
        return vec![difference];
    }
    let mut parts = vec![
        ("rows", json!(wanted.rows), json!(came.rows)),
        ("requests", json!(wanted.requests), requests(wanted, came)),
        ("mails", json!(wanted.mails), mails(wanted, came)),
        ("labels", json!(wanted.labels), json!(came.labels)),
    ];
    if let Some(state) = &wanted.state {
        let (wanted, got) = states(state, came);
        parts.push(("state", wanted, got));
    }
    if let Some(log) = &wanted.log {
        parts.push(("log", json!(log), json!(came.log)));
    }
    let differ = parts.into_iter().filter(|(_, wanted, got)| wanted != got);
    differ
        .map(|(part, wanted, got)| Difference { part, wanted, got })
        .collect()
}

fn failure(wanted: Option<&str>, got: Option<&str>) -> Option<Difference> {
    let is_wanted = match (wanted, got) {
        (Some(part), Some(text)) => text.contains(part),
        (wanted, got) => wanted.is_none() && got.is_none(),
    };
    (!is_wanted).then(|| Difference {
        part: "failure",
        wanted: json!(wanted),
        got: json!(got),
    })
}

/// The requests that were made, each as far as the case says something of it; of one too many, all that matters.
fn requests(wanted: &Wanted, came: &Came) -> Value {
    let made = came.calls.iter().filter_map(|call| match &call.effect {
        WithheldEffect::Request(request) => Some((call, request)),
        WithheldEffect::Mail(_) => None,
    });
    let shown =
        |(at, (call, request))| shown_request(call, request, wanted.requests.get::<usize>(at));
    made.enumerate().map(shown).collect()
}

/// The same of the messages that were sent.
fn mails(wanted: &Wanted, came: &Came) -> Value {
    let sent = came.calls.iter().filter_map(|call| match &call.effect {
        WithheldEffect::Mail(mail) => Some((call, mail)),
        WithheldEffect::Request(_) => None,
    });
    let shown = |(at, (call, mail))| shown_mail(call, mail, wanted.mails.get::<usize>(at));
    sent.enumerate().map(shown).collect()
}

fn shown_mail(
    call: &WithheldCall,
    mail: &WithheldMail,
    wanted: Option<&Map<String, Value>>,
) -> Value {
    let says = |name: &str| wanted.is_none_or(|wanted| wanted.contains_key(name));
    let mut shown = Map::new();
    shown.insert("to".to_owned(), json!(mail.to));
    if says("subject") {
        shown.insert("subject".to_owned(), json!(mail.subject));
    }
    if says("text") {
        shown.insert("text".to_owned(), json!(mail.text));
    }
    if says("once") && (wanted.is_some() || call.once.is_some()) {
        shown.insert("once".to_owned(), json!(call.once));
    }
    Value::Object(shown)
}

fn shown_request(
    call: &WithheldCall,
    request: &WithheldRequest,
    wanted: Option<&Map<String, Value>>,
) -> Value {
    let mut shown = Map::new();
    shown.insert("method".to_owned(), json!(request.method));
    shown.insert("url".to_owned(), json!(request.url));
    if let Some(Value::Object(names)) = wanted.and_then(|wanted| wanted.get("headers")) {
        let named = request.headers.iter();
        let named = named.filter(|(name, _)| names.contains_key(name));
        let headers: Map<String, Value> = named
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        shown.insert("headers".to_owned(), Value::Object(headers));
    }
    let says = |name: &str| wanted.is_none_or(|wanted| wanted.contains_key(name));
    if says("body") && (wanted.is_some() || !request.body.is_empty()) {
        let wanted = wanted.and_then(|wanted| wanted.get("body"));
        shown.insert("body".to_owned(), body(&request.body, wanted));
    }
    if says("once") && (wanted.is_some() || call.once.is_some()) {
        shown.insert("once".to_owned(), json!(call.once));
    }
    Value::Object(shown)
}

/// A body as JSON where it is that and the case does not want text.
fn body(bytes: &[u8], wanted: Option<&Value>) -> Value {
    let text = || json!(String::from_utf8_lossy(bytes));
    match wanted {
        Some(Value::String(_)) => text(),
        Some(_) => serde_json::from_slice(bytes).unwrap_or_else(|_| text()),
        None => match serde_json::from_slice(bytes) {
            Ok(json @ (Value::Object(_) | Value::Array(_))) => json,
            _ => text(),
        },
    }
}

fn states(wanted: &BTreeMap<String, Option<StateValue>>, came: &Came) -> (Value, Value) {
    let got = |key: &String, wanted: &Option<StateValue>| {
        let bytes = came.state.get(key)?;
        let value = match wanted {
            Some(wanted) => wanted.of_same_kind(bytes),
            None => StateValue::of(bytes),
        };
        Some(value.written())
    };
    let as_wanted = wanted
        .iter()
        .map(|(key, value)| (key.clone(), json!(value.as_ref().map(StateValue::written))));
    let as_got = wanted
        .iter()
        .map(|(key, value)| (key.clone(), json!(got(key, value))));
    (
        Value::Object(as_wanted.collect()),
        Value::Object(as_got.collect()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn call(body: &'static str, once: Option<&str>) -> WithheldCall {
        WithheldCall {
            target: String::new(),
            bytes: 0,
            once: once.map(str::to_owned),
            effect: WithheldEffect::Request(WithheldRequest {
                method: "POST".to_owned(),
                url: "{hook}".to_owned(),
                headers: vec![
                    ("accept".to_owned(), "x".to_owned()),
                    ("authorization".to_owned(), "Bearer {token}".to_owned()),
                ],
                body: Bytes::from_static(body.as_bytes()),
            }),
        }
    }

    fn mail() -> WithheldCall {
        WithheldCall {
            target: String::new(),
            bytes: 0,
            once: Some("C.1".to_owned()),
            effect: WithheldEffect::Mail(WithheldMail {
                to: vec!["soc@example.org".to_owned()],
                subject: "s".to_owned(),
                text: "t".to_owned(),
            }),
        }
    }

    fn wanted(requests: Value) -> Wanted {
        let requests = requests.as_array().unwrap().iter();
        Wanted {
            requests: requests
                .map(|one| one.as_object().unwrap().clone())
                .collect(),
            ..Wanted::default()
        }
    }

    #[test]
    fn of_a_request_what_the_case_says_is_compared() {
        let came = Came {
            calls: vec![call(r#"{"a":1}"#, Some("C.1")), call("plain", None)],
            ..Came::default()
        };
        for enough in [
            json!([{"method": "POST", "url": "{hook}"}, {"method": "POST", "url": "{hook}"}]),
            json!([
                {"method": "POST", "url": "{hook}", "body": {"a": 1}, "once": "C.1", "headers": {"accept": "x"}},
                {"method": "POST", "url": "{hook}", "body": "plain", "headers": {"authorization": "Bearer {token}"}},
            ]),
        ] {
            assert_eq!(compare(&wanted(enough), &came), []);
        }
        let differences = compare(
            &wanted(
                json!([{"method": "POST", "url": "{hook}", "body": "{\"a\":2}", "headers": {"x-other": "1"}}]),
            ),
            &came,
        );
        assert_eq!(differences.len(), 1);
        assert_eq!(
            differences[0].got,
            json!([
                {"method": "POST", "url": "{hook}", "headers": {}, "body": "{\"a\":1}"},
                {"method": "POST", "url": "{hook}", "body": "plain"},
            ])
        );
    }

    #[test]
    fn messages_are_compared_apart_from_requests() {
        let came = Came {
            calls: vec![mail(), call("plain", None)],
            ..Came::default()
        };
        let mut enough = wanted(json!([{"method": "POST", "url": "{hook}"}]));
        enough.mails = vec![
            json!({"to": ["soc@example.org"], "subject": "s"})
                .as_object()
                .unwrap()
                .clone(),
        ];
        assert_eq!(compare(&enough, &came), []);
        enough.mails[0].insert("text".to_owned(), json!("other"));
        let differences = compare(&enough, &came);
        assert_eq!(
            differences[0].got,
            json!([{"to": ["soc@example.org"], "subject": "s", "text": "t"}])
        );
        enough.mails.clear();
        let differences = compare(&enough, &came);
        assert_eq!(
            differences[0].got,
            json!([{"to": ["soc@example.org"], "subject": "s", "text": "t", "once": "C.1"}])
        );
    }

    #[test]
    fn a_change_that_is_not_wanted_is_told_and_state_and_log_only_where_asked_for() {
        let mut came = Came {
            log: vec!["info: a".to_owned()],
            labels: [("C.1".to_owned(), vec![])].into(),
            ..Came::default()
        };
        let parts = |wanted: &Wanted, came: &Came| -> Vec<&str> {
            let differences = compare(wanted, came);
            differences.iter().map(|one| one.part).collect()
        };
        assert_eq!(parts(&Wanted::default(), &came), ["labels"]);
        came.labels.clear();
        assert!(parts(&Wanted::default(), &came).is_empty());
        let asked = Wanted {
            log: Some(Vec::new()),
            state: Some([("k".to_owned(), Some(StateValue::Text("v".to_owned())))].into()),
            ..Wanted::default()
        };
        assert_eq!(parts(&asked, &came), ["state", "log"]);
        came.failure = Some("the artifact trapped: why".to_owned());
        assert_eq!(parts(&asked, &came), ["failure"]);
        let fails = Wanted {
            failure: Some("trapped".to_owned()),
            ..Wanted::default()
        };
        assert!(parts(&fails, &came).is_empty());
        came.failure = None;
        assert_eq!(parts(&fails, &came), ["failure"]);
    }
}
