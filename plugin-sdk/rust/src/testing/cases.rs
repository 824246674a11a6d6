//! Turns written down in files: what comes in, what must come out.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{Installed, World};
use crate::{
    Artifact,
    clients::Client,
    http::{Error, Request, Response, Text},
};

/// A file of cases: one artifact, and its turns one after the other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    parameters: Map<String, Json>,
    #[serde(default)]
    clients: Vec<CaseClient>,
    turns: Vec<Turn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseClient {
    id: String,
    #[serde(default)]
    hostname: String,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    last_seen: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    name: String,
    tick: Option<f64>,
    artifact: Option<String>,
    #[serde(default)]
    events: Vec<Json>,
    #[serde(default)]
    responses: Vec<CaseResponse>,
    #[serde(default)]
    rows: Vec<Json>,
    #[serde(default)]
    requests: Vec<CaseRequest>,
    labels: Option<BTreeMap<String, Vec<String>>>,
    failure: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseResponse {
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    unreachable: Option<String>,
    denied: Option<String>,
    limited: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseRequest {
    method: String,
    url: String,
    body: Option<Json>,
    once: Option<String>,
}

/// A case that could not be read, or came out differently.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct CaseError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong, or what differs, and in which turn.
    pub reason: String,
}

/// Runs every `*.yaml` in a folder and gives how many turns there were. The first that differs is an error.
///
/// A file holds `parameters`, `clients` (`id`, `hostname`, `labels`, `last_seen`) and `turns`. A turn has a `name`; either `tick` (when it is due) or
/// `artifact` and `events`; the `responses` that its requests get, in order (`status`, `headers`, `body`, or one of `unreachable`, `denied`, `limited`); and what
/// must come of it: `rows`; `requests` (`method`, `url` with a secret as `{name}`, and where given `body`, as text or as the JSON that it holds, and
/// `once`); `labels` of clients afterwards, where given; `failure`, a part of its text. What is left out must be empty.
pub fn run_cases<A: Artifact>(folder: impl AsRef<Path>) -> Result<usize, CaseError> {
    let folder = folder.as_ref();
    let at = |file: &Path| {
        let file = file.to_owned();
        move |reason: String| CaseError { file, reason }
    };
    let entries = fs::read_dir(folder).map_err(|error| at(folder)(error.to_string()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    let mut turns = 0;
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| at(&file)(error.to_string()))?;
        let case: Case =
            serde_saphyr::from_str(&text).map_err(|error| at(&file)(error.to_string()))?;
        turns += case.turns.len();
        case.run::<A>().map_err(at(&file))?;
    }
    Ok(turns)
}

impl Case {
    fn run<A: Artifact>(self) -> Result<(), String> {
        let mut world = World::new();
        for client in self.clients {
            world.set_client(Client {
                id: client.id,
                hostname: client.hostname,
                labels: client.labels,
                last_seen: client.last_seen,
                ..Client::default()
            });
        }
        let mut installed = world
            .install::<A>(&self.parameters)
            .map_err(|failure| failure.to_string())?;
        for turn in self.turns {
            let name = turn.name.clone();
            turn.run(&mut installed)
                .map_err(|reason| format!("turn `{name}`: {reason}"))?;
        }
        Ok(())
    }
}

impl Turn {
    fn run<A: Artifact>(self, installed: &mut Installed<A>) -> Result<(), String> {
        let mut responses = self.responses.into_iter();
        installed.world_mut().set_responder(move |_| {
            responses
                .next()
                .ok_or_else(|| Error::Unreachable("the case has no further response".into()))?
                .play()
        });
        let earlier = installed.world().requests().len();
        let outcome = match (self.tick, &self.artifact) {
            (Some(at), None) => installed.tick(at),
            (None, Some(artifact)) => installed.events(artifact, &self.events),
            _ => return Err("it needs either `tick` or `artifact` and `events`".into()),
        };
        match (outcome, &self.failure) {
            (Ok(rows), None) => same("rows", &rows, &self.rows)?,
            (Ok(_), Some(wanted)) => return Err(format!("it did not fail with `{wanted}`")),
            (Err(failure), Some(wanted)) if failure.to_string().contains(wanted) => {}
            (Err(failure), _) => return Err(failure.to_string()),
        }
        let world = installed.world();
        let requests = &world.requests()[earlier..];
        same(
            "the number of requests",
            &requests.len(),
            &self.requests.len(),
        )?;
        for (made, wanted) in requests.iter().zip(self.requests) {
            wanted.check(made)?;
        }
        for (client, wanted) in self.labels.unwrap_or_default() {
            same(
                &format!("labels of {client}"),
                world.labels_of(&client),
                &wanted,
            )?;
        }
        Ok(())
    }
}

impl CaseResponse {
    fn play(self) -> Result<Response, Error> {
        if let Some(why) = self.unreachable {
            return Err(Error::Unreachable(why));
        }
        if let Some(why) = self.denied {
            return Err(Error::Denied(why));
        }
        if let Some(after) = self.limited {
            return Err(Error::Limited(after));
        }
        Ok(Response {
            status: self.status.unwrap_or(200),
            headers: self.headers.into_iter().collect(),
            body: self.body.into_bytes(),
        })
    }
}

impl CaseRequest {
    fn check(self, made: &Request) -> Result<(), String> {
        same("method", &made.method, &self.method)?;
        let url = match &made.url {
            Text::Plain(url) => url.clone(),
            Text::Secret { parameter, prefix } => format!("{prefix}{{{parameter}}}"),
        };
        same("url", &url, &self.url)?;
        if let Some(once) = self.once {
            same("once", &made.once, &Some(once))?;
        }
        match self.body {
            Some(Json::String(text)) => same("body", &*String::from_utf8_lossy(&made.body), &*text),
            Some(wanted) => match serde_json::from_slice::<Json>(&made.body) {
                Ok(body) => same("body", &body, &wanted),
                Err(error) => Err(format!("the body is no JSON: {error}")),
            },
            None => Ok(()),
        }
    }
}

fn same<T, U>(what: &str, got: &T, wanted: &U) -> Result<(), String>
where
    T: PartialEq<U> + Debug + ?Sized,
    U: Debug + ?Sized,
{
    if got == wanted {
        Ok(())
    } else {
        Err(format!("{what}: got {got:#?}, wanted {wanted:#?}"))
    }
}
