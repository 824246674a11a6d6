//! From text to a checked manifest.

use std::{collections::BTreeMap, collections::BTreeSet, str::FromStr};

use serde_json::Value;

use super::{
    BatchSpec, Column, ColumnType, ConditionSpec, Declared, Encoding, HttpNeed, MailNeed, Manifest,
    ManifestError, Need, Subscription, need::addresses,
};
use crate::{
    Capability, Name,
    document::{Document, Field},
    filter::Columns,
    grants::is_method,
    measure,
    parameter::{ParameterSpec, ParameterType},
    pattern,
    placeholder::{self, Syntax},
    row::POSITION,
    schedule::Schedule,
    suggestion::did_you_mean,
};

const COLUMN_TYPES: [(&str, ColumnType); 7] = [
    ("any", ColumnType::Any),
    ("string", ColumnType::String),
    ("int", ColumnType::Int),
    ("float", ColumnType::Float),
    ("bool", ColumnType::Bool),
    ("bytes", ColumnType::Bytes),
    ("timestamp", ColumnType::Timestamp),
];

/// The most parameters, subscriptions, and conditions of all subscriptions together. A pattern may take some milliseconds to compile, so
/// a manifest of nothing but patterns could keep whoever looks into it busy for minutes.
const MOST: usize = 200;

fn few(field: &Field<'_>, count: usize, what: &str) -> Result<(), ManifestError> {
    if count > MOST {
        return Err(field.error(format!("more than {MOST} {what}")));
    }
    Ok(())
}

pub(super) fn read(file: &str, yaml: &str) -> Result<Manifest, ManifestError> {
    let document = Document::read(file, yaml)?;
    let root = document.root();
    let fields = root.fields(&[
        "name",
        "version",
        "type",
        "description",
        "author",
        "parameters",
        "subscribe",
        "schedule",
        "encoding",
        "capabilities",
        "rows",
    ])?;
    fields.need("type")?.choice(&[("SERVER_EVENT", ())])?;
    let parameters = parameters(fields.list("parameters")?)?;
    let manifest = Manifest {
        name: fields.need("name")?.parse()?,
        version: version(&fields.need("version")?)?,
        description: fields.need("description")?.words()?.to_owned(),
        author: match fields.get("author") {
            Some(field) => field.text()?.trim().to_owned(),
            None => String::new(),
        },
        subscribe: subscriptions(fields.list("subscribe")?, &parameters)?,
        schedule: fields
            .get("schedule")
            .map(|field| schedule(&field))
            .transpose()?,
        encoding: match fields.get("encoding") {
            Some(field) => {
                field.choice(&[("msgpack", Encoding::Msgpack), ("json", Encoding::Json)])?
            }
            None => Encoding::default(),
        },
        capabilities: match fields.get("capabilities") {
            Some(field) => capabilities(&field, &parameters)?,
            None => BTreeMap::new(),
        },
        rows: columns(fields.list("rows")?)?,
        parameters,
    };
    if manifest.subscribe.is_empty() && manifest.schedule.is_none() {
        return Err(root.error("nothing sets it off: add `subscribe`, `schedule` or both"));
    }
    Ok(manifest)
}

fn version(field: &Field<'_>) -> Result<semver::Version, ManifestError> {
    let text = field.text()?;
    semver::Version::from_str(text)
        .map_err(|error| field.error(format!("{error}: three numbers are wanted, such as 1.0.0")))
}

fn parameters(items: Vec<Field<'_>>) -> Result<Vec<ParameterSpec>, ManifestError> {
    let mut names = BTreeSet::new();
    let mut specs = Vec::with_capacity(items.len());
    for item in items {
        few(&item, specs.len() + 1, "parameters")?;
        let fields = item.fields(&["name", "type", "default", "description"])?;
        let name = fields.need("name")?;
        let text = name.text()?;
        if !placeholder::is_parameter_name(text) {
            return Err(name.error(
                "a parameter's name is a letter or `_`, then letters, digits and `_`, 64 at most",
            ));
        }
        if !names.insert(text) {
            return Err(name.error(format!("there is a parameter `{text}` already")));
        }
        let kind = match fields.get("type") {
            Some(field) => field.choice(&ParameterType::ALL.map(|kind| (kind.as_str(), kind)))?,
            None => ParameterType::default(),
        };
        let default = fields
            .get("default")
            .map(|field| default(&field, kind))
            .transpose()?;
        let description = match fields.get("description") {
            Some(field) => field.text()?.trim().to_owned(),
            None => String::new(),
        };
        specs.push(ParameterSpec {
            name: text.to_owned(),
            kind,
            default,
            description,
        });
    }
    Ok(specs)
}

fn default(field: &Field<'_>, kind: ParameterType) -> Result<Value, ManifestError> {
    if kind == ParameterType::Secret {
        return Err(field
            .error("a secret has no default, since everybody could read it here: leave it out"));
    }
    kind.read(field.json()?)
        .map_err(|reason| field.error(reason))
}

fn subscriptions(
    items: Vec<Field<'_>>,
    parameters: &[ParameterSpec],
) -> Result<Vec<Subscription>, ManifestError> {
    let mut logs = BTreeSet::new();
    let mut subscriptions = Vec::with_capacity(items.len());
    let mut conditions = 0;
    for item in items {
        few(&item, subscriptions.len() + 1, "subscriptions")?;
        let fields = item.fields(&["artifact", "where", "columns", "batch"])?;
        let artifact = fields.need("artifact")?;
        let log = artifact.words()?;
        if !placeholders(
            &artifact,
            log,
            Syntax::Plain,
            parameters,
            SecretsAre::Refused,
        )? {
            Name::from_str(log).map_err(|error| artifact.error(error))?;
        }
        if !logs.insert(log) {
            return Err(artifact.error(format!("`{log}` is subscribed to already")));
        }
        let filter = fields.list("where")?;
        conditions += filter.len();
        few(&item, conditions, "conditions")?;
        subscriptions.push(Subscription {
            artifact: log.to_owned(),
            filter: filter
                .iter()
                .map(|field| condition(field, parameters))
                .collect::<Result<_, _>>()?,
            columns: fields
                .get("columns")
                .map(|field| names(&field))
                .transpose()?,
            batch: match fields.get("batch") {
                Some(field) => batch(&field)?,
                None => BatchSpec::default(),
            },
        });
    }
    Ok(subscriptions)
}

/// The names of columns in a list, each once.
fn names(field: &Field<'_>) -> Result<Vec<String>, ManifestError> {
    let mut seen = BTreeSet::new();
    let items = field.items()?;
    if items.is_empty() {
        return Err(field.error("it is empty: name the columns wanted, or leave it out to get all"));
    }
    for item in &items {
        let name = item.words()?;
        if !seen.insert(name) {
            return Err(item.error(format!("`{name}` is there already")));
        }
    }
    let is_all = seen.contains(Columns::ALL);
    if let Some(name) = seen
        .into_iter()
        .find(|name| is_all && ![Columns::ALL, POSITION].contains(name))
    {
        return Err(field.error(format!(
            "`*` is every column, `{name}` among them: leave out one of the two"
        )));
    }
    items
        .iter()
        .map(|item| item.words().map(str::to_owned))
        .collect()
}

fn condition(
    field: &Field<'_>,
    parameters: &[ParameterSpec],
) -> Result<ConditionSpec, ManifestError> {
    const TESTS: [&str; 5] = ["matches", "not_matches", "equals", "one_of", "exists"];
    let fields = field.fields(&[
        "column",
        "matches",
        "not_matches",
        "equals",
        "one_of",
        "exists",
    ])?;
    let tests: Vec<&str> = TESTS
        .into_iter()
        .filter(|test| fields.given(test).is_some())
        .collect();
    if tests.len() != 1 {
        let found = match tests.as_slice() {
            [] => "there is none".to_owned(),
            tests => format!("there are {}", tests.join(" and ")),
        };
        return Err(field.error(format!(
            "a condition has one test of {}; {found}",
            TESTS.join(", ")
        )));
    }
    let pattern = |name: &str| {
        fields
            .given(name)
            .map(|field| pattern(&field, parameters))
            .transpose()
    };
    let column = fields.need("column")?;
    if column.words()? == POSITION {
        let why = "no condition can be about where in its log an event stands: leave it out";
        return Err(column.error(why));
    }
    Ok(ConditionSpec {
        column: column.words()?.to_owned(),
        matches: pattern("matches")?,
        not_matches: pattern("not_matches")?,
        equals: fields
            .given("equals")
            .map(|field| constant(&field))
            .transpose()?,
        one_of: match fields.given("one_of") {
            Some(field) => Some(
                field
                    .items()?
                    .iter()
                    .map(constant)
                    .collect::<Result<_, _>>()?,
            ),
            None => None,
        },
        exists: fields
            .given("exists")
            .map(|field| field.boolean())
            .transpose()?,
    })
}

/// A regular expression. One with parameters in it can be compiled only once their values are known.
fn pattern(field: &Field<'_>, parameters: &[ParameterSpec]) -> Result<String, ManifestError> {
    let text = field.text()?;
    if !placeholders(
        field,
        text,
        Syntax::Pattern,
        parameters,
        SecretsAre::Refused,
    )? {
        pattern::compile(text).map_err(|error| field.error(error))?;
    }
    Ok(text.to_owned())
}

/// A value that a column can be compared with.
fn constant(field: &Field<'_>) -> Result<Value, ManifestError> {
    let value = field.json()?;
    match &value {
        Value::Array(_) | Value::Object(_) => {}
        Value::Number(number) if number.is_f64() => {}
        _ => return Ok(value),
    }
    Err(field.error("text, a whole number, true, false or null is wanted"))
}

fn batch(field: &Field<'_>) -> Result<BatchSpec, ManifestError> {
    let fields = field.fields(&["rows", "wait_ms"])?;
    let default = BatchSpec::default();
    let number = |name: &str, least, most, default| match fields.get(name) {
        Some(field) => field.number(least, most),
        None => Ok(default),
    };
    Ok(BatchSpec {
        rows: number("rows", 1, 10_000, default.rows)?,
        wait_ms: number("wait_ms", 0, 60_000, default.wait_ms)?,
    })
}

fn schedule(field: &Field<'_>) -> Result<Schedule, ManifestError> {
    let fields = field.fields(&["every", "cron"])?;
    match (fields.get("every"), fields.get("cron")) {
        (Some(every), None) => {
            let period =
                measure::parse_duration(every.text()?).map_err(|error| every.error(error))?;
            Schedule::every(period).map_err(|error| every.error(error))
        }
        (None, Some(cron)) => Schedule::cron(cron.text()?).map_err(|error| cron.error(error)),
        _ => Err(field.error("one of `every: 60s` and `cron: \"0 * * * *\"` is wanted")),
    }
}

fn capabilities(
    field: &Field<'_>,
    parameters: &[ParameterSpec],
) -> Result<BTreeMap<Capability, Declared>, ManifestError> {
    let known = Capability::ALL.map(Capability::as_str);
    field.fields(&known)?;
    let mut capabilities = BTreeMap::new();
    for (name, field) in field.entries()? {
        let capability = Capability::from_str(name).map_err(|error| field.error(error))?;
        let fields = match capability {
            Capability::Http | Capability::Mail => field.fields(&["reason", "needs"])?,
            _ => field.fields(&["reason"])?,
        };
        let needs = fields.list("needs")?;
        let declared = Declared {
            reason: fields.need("reason")?.words()?.to_owned(),
            needs: needs
                .iter()
                .map(|need| match capability {
                    Capability::Mail => mail_need(need, parameters).map(Need::Mail),
                    _ => http_need(need, parameters).map(Need::Http),
                })
                .collect::<Result<_, _>>()?,
        };
        capabilities.insert(capability, declared);
    }
    Ok(capabilities)
}

fn http_need(field: &Field<'_>, parameters: &[ParameterSpec]) -> Result<HttpNeed, ManifestError> {
    let fields = field.fields(&["method", "url"])?;
    let method = fields.need("method")?;
    if !is_method(method.text()?) {
        return Err(method.error("a method in capitals is wanted, such as GET or POST"));
    }
    let url = fields.need("url")?;
    let text = url.words()?;
    if !placeholders(&url, text, Syntax::Plain, parameters, SecretsAre::Allowed)? {
        url.parse::<crate::grants::UrlPattern>()?;
    }
    Ok(HttpNeed {
        method: method.text()?.to_owned(),
        url: text.to_owned(),
    })
}

fn mail_need(field: &Field<'_>, parameters: &[ParameterSpec]) -> Result<MailNeed, ManifestError> {
    let to = field.fields(&["to"])?.need("to")?;
    let text = to.words()?;
    if !placeholders(&to, text, Syntax::Plain, parameters, SecretsAre::Refused)? {
        addresses(text).map_err(|error| to.error(error))?;
    }
    Ok(MailNeed {
        to: text.to_owned(),
    })
}

fn columns(items: Vec<Field<'_>>) -> Result<Vec<Column>, ManifestError> {
    let mut names = BTreeSet::new();
    let mut columns = Vec::with_capacity(items.len());
    for item in items {
        let fields = item.fields(&["name", "type", "description"])?;
        let name = fields.need("name")?;
        let text = name.words()?;
        if text == crate::row::TS {
            return Err(name.error("the host itself puts `_ts` on every row: leave it out"));
        }
        if !names.insert(text) {
            return Err(name.error(format!("there is a column `{text}` already")));
        }
        columns.push(Column {
            name: text.to_owned(),
            kind: match fields.get("type") {
                Some(field) => field.choice(&COLUMN_TYPES)?,
                None => ColumnType::default(),
            },
            description: match fields.get("description") {
                Some(field) => field.text()?.trim().to_owned(),
                None => String::new(),
            },
        });
    }
    Ok(columns)
}

/// Whether the name of a secret parameter may stand in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SecretsAre {
    Allowed,
    Refused,
}

/// Whether parameters stand in `text`, each of which is there and may.
fn placeholders(
    field: &Field<'_>,
    text: &str,
    syntax: Syntax,
    parameters: &[ParameterSpec],
    secrets: SecretsAre,
) -> Result<bool, ManifestError> {
    let mut some = false;
    for name in placeholder::names(text, syntax) {
        some = true;
        let Some(spec) = parameters.iter().find(|spec| spec.name == name) else {
            let hint = did_you_mean(name, parameters.iter().map(|spec| spec.name.as_str()));
            return Err(field.error(format!("there is no parameter `{name}`{hint}")));
        };
        match spec.kind {
            ParameterType::Json => {
                return Err(field.error(format!(
                    "parameter `{name}` is JSON, which can't stand in a text"
                )));
            }
            ParameterType::Secret if secrets == SecretsAre::Refused => {
                return Err(field.error(format!(
                    "parameter `{name}` is a secret, which may stand in the URL of an http need only"
                )));
            }
            _ => {}
        }
    }
    Ok(some)
}
