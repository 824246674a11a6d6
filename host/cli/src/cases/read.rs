//! A case from its file: every mistake is told with file, line and field.

use std::{fs, path::Path, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::{Map, Value};
use watchbox_model::{
    Grants, Label, Time,
    document::{Document, DocumentError, Field, Fields},
};
use watchbox_sandbox::{PlayedAnswer, PlayedRelay};
use watchbox_server::api::types::Timestamp;

use super::{Case, ClientChange, Event, StateValue, Trigger, Turn, Wanted};

/// The first turn's time, where nothing is said: 2026-01-01T00:00:00Z.
const BEGIN: Time = Time::from_micros(1_767_225_600_000_000);

/// The fields of a turn.
const TURN: [&str; 16] = [
    "name",
    "tick",
    "artifact",
    "events",
    "again",
    "at",
    "clients",
    "responses",
    "relay",
    "rows",
    "requests",
    "mails",
    "labels",
    "state",
    "log",
    "failure",
];

impl Case {
    /// Reads a file.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("the case {} can't be read", file.display()))?;
        Ok(Self::parse(file, text)?)
    }

    pub(super) fn parse(file: &Path, text: String) -> Result<Self, DocumentError> {
        let document = Document::read(&file.display().to_string(), &text)?;
        let root = document.root();
        let fields = root.fields(&["parameters", "grants", "clients", "state", "at", "turns"])?;
        let parameters = fields.get("parameters");
        let turns = fields.need("turns")?;
        let turns: Vec<Turn> = turns.items()?.iter().map(turn).collect::<Result<_, _>>()?;
        let again = |turn: &&Turn| matches!(turn.trigger, Trigger::Again);
        if turns.first().is_some_and(|turn| again(&turn)) {
            return Err(root.error("the first turn has no turn before it to try `again`"));
        }
        Ok(Self {
            file: file.to_owned(),
            parameters_line: parameters.as_ref().map_or(1, Field::line),
            parameters: match parameters {
                Some(field) => entries(&field, Field::json)?.collect(),
                None => Default::default(),
            },
            grants: fields
                .get("grants")
                .map(|field| Grants::read(&field))
                .transpose()?,
            clients: clients(&fields)?,
            state: match fields.get("state") {
                Some(field) => entries(&field, StateValue::read)?.collect(),
                None => Default::default(),
            },
            at: fields.get("at").map_or(Ok(BEGIN), |field| time(&field))?,
            turns,
            text,
        })
    }
}

/// The entries of a map, each read by `read`.
fn entries<'d, T>(
    field: &Field<'d>,
    read: impl Fn(&Field<'d>) -> Result<T, DocumentError>,
) -> Result<std::vec::IntoIter<(String, T)>, DocumentError> {
    let entries = field.entries()?.into_iter();
    let read: Vec<(String, T)> = entries
        .map(|(name, field)| Ok((name.to_owned(), read(&field)?)))
        .collect::<Result<_, DocumentError>>()?;
    Ok(read.into_iter())
}

fn turn(field: &Field<'_>) -> Result<Turn, DocumentError> {
    let fields = field.fields(&TURN)?;
    Ok(Turn {
        name: fields.need("name")?.words()?.to_owned(),
        line: field.line(),
        fields: fields
            .lines()
            .map(|(name, line)| (name.to_owned(), line))
            .collect(),
        trigger: trigger(field, &fields)?,
        at: fields.get("at").map(|field| time(&field)).transpose()?,
        clients: clients(&fields)?,
        responses: fields
            .list("responses")?
            .iter()
            .map(response)
            .collect::<Result<_, _>>()?,
        relay: fields
            .list("relay")?
            .iter()
            .map(relay)
            .collect::<Result<_, _>>()?,
        wanted: wanted(&fields)?,
    })
}

fn trigger(field: &Field<'_>, fields: &Fields<'_>) -> Result<Trigger, DocumentError> {
    let again = match fields.get("again") {
        Some(again) => again.boolean()?,
        None => false,
    };
    let given = (fields.get("tick"), fields.get("events"), again);
    if given.1.is_none()
        && let Some(artifact) = fields.get("artifact")
    {
        return Err(artifact.error("it says whose `events` come, and there are none"));
    }
    match given {
        (Some(tick), None, false) => Ok(Trigger::Tick(time(&tick)?)),
        (None, Some(events), false) => Ok(Trigger::Events {
            log: fields
                .get("artifact")
                .map(|field| field.parse())
                .transpose()?,
            events: events
                .items()?
                .iter()
                .map(event)
                .collect::<Result<_, _>>()?,
        }),
        (None, None, true) => Ok(Trigger::Again),
        _ => Err(field.error("one of `tick`, `events` and `again: true` is wanted")),
    }
}

fn event(field: &Field<'_>) -> Result<Event, DocumentError> {
    Ok(Event {
        line: field.line(),
        columns: map(field)?,
    })
}

fn map(field: &Field<'_>) -> Result<Map<String, Value>, DocumentError> {
    Ok(entries(field, Field::json)?.collect())
}

/// Seconds since the epoch, or RFC 3339.
fn time(field: &Field<'_>) -> Result<Time, DocumentError> {
    match field.text() {
        Ok(_) => field.parse::<Timestamp>().map(|Timestamp(time)| time),
        Err(_) => Ok(Time::from_seconds(field.float()?)),
    }
}

fn clients(fields: &Fields<'_>) -> Result<Vec<ClientChange>, DocumentError> {
    fields.list("clients")?.iter().map(client).collect()
}

fn client(field: &Field<'_>) -> Result<ClientChange, DocumentError> {
    let known = ["id", "hostname", "os", "labels", "first_seen", "last_seen"];
    let fields = field.fields(&known)?;
    let text = |name: &str| -> Result<Option<String>, DocumentError> {
        let field = fields.get(name);
        field.map(|field| Ok(field.text()?.to_owned())).transpose()
    };
    let moment = |name: &str| fields.get(name).map(|field| time(&field)).transpose();
    let labels = fields.get("labels").map(|field| {
        let items = field.items()?;
        items.iter().map(Field::parse::<Label>).collect()
    });
    Ok(ClientChange {
        id: fields.need("id")?.parse()?,
        hostname: text("hostname")?,
        os: text("os")?,
        labels: labels.transpose()?,
        first_seen: moment("first_seen")?,
        last_seen: moment("last_seen")?,
    })
}

fn response(field: &Field<'_>) -> Result<PlayedAnswer, DocumentError> {
    let fields = field.fields(&[
        "status",
        "headers",
        "body",
        "unreachable",
        "timeout",
        "denied",
        "limited",
    ])?;
    let names: Vec<&str> = fields.lines().map(|(name, _)| name).collect();
    let others = ["unreachable", "timeout", "denied", "limited"];
    if names.len() > 1 && names.iter().any(|name| others.contains(name)) {
        return Err(field.error(
            "either `status`, `headers` and `body` are wanted, or one of unreachable, timeout, denied, limited",
        ));
    }
    if let Some(why) = fields.get("unreachable") {
        return Ok(PlayedAnswer::Unreachable(why.text()?.to_owned()));
    }
    if let Some(why) = fields.get("denied") {
        return Ok(PlayedAnswer::Denied(why.text()?.to_owned()));
    }
    if let Some(after) = fields.get("limited") {
        let millis = after.number(1, u32::MAX)?;
        return Ok(PlayedAnswer::Limited(Duration::from_millis(millis.into())));
    }
    if let Some(timeout) = fields.get("timeout") {
        return match timeout.boolean()? {
            true => Ok(PlayedAnswer::Timeout),
            false => Err(timeout.error("leave it out where there is no timeout")),
        };
    }
    let status = fields
        .get("status")
        .map_or(Ok(200), |field| field.number(100, 599))?;
    let headers = match fields.get("headers") {
        Some(field) => entries(&field, |value| Ok(value.text()?.to_owned()))?
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect(),
        None => Vec::new(),
    };
    let body = match fields.get("body") {
        Some(field) => body(&field)?,
        None => Bytes::new(),
    };
    Ok(PlayedAnswer::Response {
        status: u16::try_from(status).unwrap_or(200),
        headers,
        body,
    })
}

/// What the mail relay answers: one word, or one word and why.
fn relay(field: &Field<'_>) -> Result<PlayedRelay, DocumentError> {
    if field.text().is_ok_and(|text| text == "taken") {
        return Ok(PlayedRelay::Taken);
    }
    let wrong =
        "`taken` is wanted, or one of `refused: WHY`, `unavailable: WHY`, `limited: MILLISECONDS`";
    let Ok([(name, field)]) = <[_; 1]>::try_from(field.entries().map_err(|_| field.error(wrong))?)
    else {
        return Err(field.error(wrong));
    };
    match name {
        "refused" => Ok(PlayedRelay::Refused(field.text()?.to_owned())),
        "unavailable" => Ok(PlayedRelay::Unavailable(field.text()?.to_owned())),
        "limited" => {
            let millis = field.number(1, u32::MAX)?;
            Ok(PlayedRelay::Limited(Duration::from_millis(millis.into())))
        }
        _ => Err(field.error(wrong)),
    }
}

/// Text as it is; anything else as JSON.
fn body(field: &Field<'_>) -> Result<Bytes, DocumentError> {
    Ok(match field.json()? {
        Value::String(text) => text.into(),
        json => json.to_string().into(),
    })
}

fn wanted(fields: &Fields<'_>) -> Result<Wanted, DocumentError> {
    let texts = |field: Field<'_>| -> Result<Vec<String>, DocumentError> {
        let items = field.items()?;
        let text = |item: &Field<'_>| Ok(item.text()?.to_owned());
        items.iter().map(text).collect()
    };
    Ok(Wanted {
        rows: fields
            .list("rows")?
            .iter()
            .map(|row| Ok(Value::Object(map(row)?)))
            .collect::<Result<_, _>>()?,
        requests: fields
            .list("requests")?
            .iter()
            .map(request)
            .collect::<Result<_, _>>()?,
        mails: fields
            .list("mails")?
            .iter()
            .map(mail)
            .collect::<Result<_, _>>()?,
        labels: match fields.get("labels") {
            Some(field) => entries(&field, |labels| texts(labels.clone()))?.collect(),
            None => Default::default(),
        },
        state: fields.get("state").map(|field| state(&field)).transpose()?,
        log: fields.get("log").map(texts).transpose()?,
        failure: fields
            .get("failure")
            .map(|field| Ok(field.words()?.to_owned()))
            .transpose()?,
    })
}

fn state(
    field: &Field<'_>,
) -> Result<std::collections::BTreeMap<String, Option<StateValue>>, DocumentError> {
    let value = |field: &Field<'_>| match field.is_empty() {
        true => Ok(None),
        false => StateValue::read(field).map(Some),
    };
    Ok(entries(field, value)?.collect())
}

/// What is wanted of a request: as it is written, once it is known to be right.
fn request(field: &Field<'_>) -> Result<Map<String, Value>, DocumentError> {
    let fields = field.fields(&["method", "url", "headers", "body", "once"])?;
    fields.need("method")?.words()?;
    fields.need("url")?.words()?;
    if let Some(once) = fields.get("once") {
        once.text()?;
    }
    let mut wanted = map(field)?;
    if let Some(headers) = fields.get("headers") {
        let headers = entries(&headers, |value| Ok(Value::from(value.text()?)))?
            .map(|(name, value)| (name.to_ascii_lowercase(), value));
        wanted.insert("headers".to_owned(), Value::Object(headers.collect()));
    }
    Ok(wanted)
}

/// What is wanted of a message: as it is written, once it is known to be right.
fn mail(field: &Field<'_>) -> Result<Map<String, Value>, DocumentError> {
    let fields = field.fields(&["to", "subject", "text", "once"])?;
    for address in fields.need("to")?.items()? {
        address.words()?;
    }
    for name in ["subject", "text", "once"] {
        if let Some(field) = fields.get(name) {
            field.text()?;
        }
    }
    map(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Case, String> {
        let case = Case::parse(Path::new("cases/a.yaml"), text.to_owned());
        case.map_err(|error| error.to_string())
    }

    #[test]
    fn all_that_a_case_may_say_is_read() {
        let case = read(
            r#"
parameters: { Longest: 5, token: sesame }
grants: { http: [ { method: POST, url: "https://h.example/*" } ] }
clients: [ { id: C.1, hostname: WS-1, labels: [Slack], last_seen: 2026-01-01T00:00:00Z } ]
state: { runs: { json: 1 } }
at: 100
turns:
  - name: events
    artifact: Some.Log
    events: [ { ClientId: C.1, N: 1.0 } ]
    responses: [ { status: 404, headers: { X-Id: a }, body: { a: 1 } }, { timeout: true }, { limited: 10 } ]
    rows: [ { N: 1.0 } ]
    requests: [ { method: POST, url: "{token}", headers: { Accept: x } } ]
    relay: [ taken, { refused: no such user } ]
    mails: [ { to: [ soc@example.org ], subject: x } ]
    labels: { C.1: [] }
    state: { runs: { json: 2 }, gone: null }
    log: [ "info: done" ]
  - name: again
    again: true
    failure: trapped
  - { name: a tick, tick: 160.5, at: 161 }
"#,
        )
        .unwrap();
        assert_eq!(case.turns.len(), 3);
        assert_eq!(case.at, Time::from_seconds(100.0));
        let [first, again, tick] = &case.turns[..] else {
            panic!("three are wanted")
        };
        assert_eq!(first.line, 8);
        assert_eq!(first.fields[2], ("events".to_owned(), 10));
        assert_eq!(first.responses.len(), 3);
        assert_eq!(
            first.relay,
            [
                PlayedRelay::Taken,
                PlayedRelay::Refused("no such user".to_owned())
            ]
        );
        assert_eq!(first.wanted.mails[0]["subject"], "x");
        assert_eq!(first.wanted.requests[0]["headers"]["accept"], "x");
        assert!(matches!(again.trigger, Trigger::Again));
        assert_eq!(again.wanted.failure.as_deref(), Some("trapped"));
        assert_eq!(tick.at, Some(Time::from_seconds(161.0)));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, wanted) in [
            (
                "turns: []\nturn: 1",
                "cases/a.yaml:2: turn: no such field (did you mean `turns`?)",
            ),
            ("at: 1", "turns: it is missing"),
            (
                "turns:\n  - name: a\n    tick: 1\n    row: []",
                "cases/a.yaml:4: turns[0].row: no such field",
            ),
            (
                "turns:\n  - name: a",
                "one of `tick`, `events` and `again: true`",
            ),
            (
                "turns:\n  - { name: a, tick: 1, artifact: X }",
                "turns[0].artifact: it says whose `events` come",
            ),
            ("turns: [ { name: a, again: true } ]", "no turn before it"),
            (
                "turns: [ { name: a, tick: 1, responses: [ { status: 200, timeout: true } ] } ]",
                "turns[0].responses[0]: either `status`",
            ),
            (
                "turns: [ { name: a, tick: 1, requests: [ { url: x } ] } ]",
                "turns[0].requests[0].method: it is missing",
            ),
            (
                "clients: [ { id: nobody } ]\nturns: []",
                "clients[0].id: `nobody` is no client id",
            ),
            (
                "turns: [ { name: a, tick: 1, relay: [ lost ] } ]",
                "turns[0].relay[0]: `taken` is wanted",
            ),
            ("turns: [ { name: a, tick: soon } ]", "`soon` is no time"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(wanted), "{wanted}: {error}");
        }
    }
}
