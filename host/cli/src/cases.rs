//! Cases: turns written down in files, what comes in and what must come of it, played in the sandbox that the server runs artifacts in.
//!
//! [`Case::read`] reads a file, [`play`] plays it and says what differs, [`updated`] writes it anew with what came. docs/authors.md says what may
//! stand in one.

mod compare;
mod differences;
mod junit;
mod play;
mod read;
mod state;
mod update;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde_json::{Map, Value};
use watchbox_model::{ClientId, Grants, Label, Name, Time};
use watchbox_sandbox::{PlayedAnswer, PlayedRelay};

pub use compare::Difference;
pub use differences::differences;
pub use junit::junit;
pub use play::{Stage, play};
pub use state::StateValue;
pub use update::updated;

/// A file of turns, each of which goes on from the one before.
#[derive(Debug)]
pub struct Case {
    /// The file.
    pub file: PathBuf,
    /// What stands in it.
    text: String,
    /// The artifact's parameters, the secret ones among them.
    parameters: BTreeMap<String, Value>,
    /// Where they stand.
    parameters_line: usize,
    /// What the artifact may do, where it is said.
    grants: Option<Grants>,
    /// The clients at first.
    clients: Vec<ClientChange>,
    /// The state at first.
    state: BTreeMap<String, StateValue>,
    /// The time of the first turn, where no turn says another one.
    at: Time,
    turns: Vec<Turn>,
}

/// One turn.
#[derive(Debug)]
struct Turn {
    name: String,
    /// Where it begins.
    line: usize,
    /// Its fields, and the line of each.
    fields: Vec<(String, usize)>,
    trigger: Trigger,
    /// Its time, where it is said.
    at: Option<Time>,
    /// What became of clients before it.
    clients: Vec<ClientChange>,
    /// What its requests are answered.
    responses: Vec<PlayedAnswer>,
    /// What the mail relay answers.
    relay: Vec<PlayedRelay>,
    wanted: Wanted,
}

/// What sets it off.
#[derive(Debug)]
enum Trigger {
    /// A tick that was due then.
    Tick(Time),
    /// Events.
    Events {
        /// Of which log, where it is said.
        log: Option<Name>,
        events: Vec<Event>,
    },
    /// What set off the turn before, which is tried again.
    Again,
}

/// An event, and where it stands.
#[derive(Debug)]
struct Event {
    line: usize,
    columns: Map<String, Value>,
}

/// A client, as far as it is told.
#[derive(Debug)]
struct ClientChange {
    id: ClientId,
    hostname: Option<String>,
    os: Option<String>,
    labels: Option<Vec<Label>>,
    first_seen: Option<Time>,
    last_seen: Option<Time>,
}

/// What must come of a turn. What is none here is not looked at.
#[derive(Debug, Default)]
struct Wanted {
    rows: Vec<Value>,
    requests: Vec<Map<String, Value>>,
    mails: Vec<Map<String, Value>>,
    /// Of each client the labels that it has afterwards.
    labels: BTreeMap<String, Vec<String>>,
    state: Option<BTreeMap<String, Option<StateValue>>>,
    log: Option<Vec<String>>,
    /// A part of the failure's text.
    failure: Option<String>,
}

/// What came of a case.
#[derive(Debug)]
pub struct Played {
    /// The file.
    pub file: PathBuf,
    /// Its turns, in order.
    pub turns: Vec<PlayedTurn>,
}

/// What came of a turn.
#[derive(Debug)]
pub struct PlayedTurn {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub line: usize,
    /// What is not as it must be.
    pub differences: Vec<Difference>,
    /// Calls that were denied: often the reason why.
    pub denials: Vec<String>,
    /// How long it took.
    pub time: Duration,
}

impl Played {
    /// How many turns are not as they must be.
    pub fn failed(&self) -> usize {
        let differs = |turn: &&PlayedTurn| !turn.differences.is_empty();
        self.turns.iter().filter(differs).count()
    }
}
