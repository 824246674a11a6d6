//! How an installation stands.

use serde::{Deserialize, Serialize};
use std::time::Duration;

use watchbox_model::{Digest, Name, Time, trust::Origin};
use watchbox_store::Installation;

/// One line of the monitoring table, with what it is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// As it is kept.
    pub installation: Installation,
    /// The artifact's name, by its manifest.
    pub artifact: Name,
    /// The artifact's version.
    pub version: String,
    /// Who stands for the component; not known before it is loaded.
    pub origin: Option<Origin>,
    /// What it is doing.
    pub phase: Phase,
    /// Turns committed since the server started.
    pub turns: u64,
    /// Tries discarded since then.
    pub failures: u64,
    /// Rows emitted since then.
    pub rows: u64,
    /// Events of its logs that it has not come to yet.
    pub lag: u64,
    /// How old the oldest of those is, as last measured (every 5 s).
    pub behind: Duration,
    /// The last error that is not over, and when. A turn's is over when the next turn of its kind succeeds: with events of the same log, or at a tick; or when its dead letter is dropped.
    pub last_error: Option<(Time, String)>,
    /// When its last turn was committed.
    pub last_turn: Option<Time>,
    /// When its next tick is due.
    pub next_tick: Option<Time>,
    /// When the turn that failed is tried again.
    pub next_try: Option<Time>,
    /// The version that runs beside it with its effects withheld: digest and version.
    pub shadow: Option<(Digest, String)>,
    /// Its warm instance's digest, where that is not `installation.digest` yet.
    pub running: Option<Digest>,
}

/// What an installation is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Waiting for a trigger.
    Idle,
    /// In a turn.
    Running,
    /// Between tries of a turn that failed.
    Retrying,
    /// Switched off.
    Disabled,
    /// It can't be started at the moment; `last_error` says why. It is tried again, and quarantined if that goes on. The others run.
    Broken,
    /// It kept failing and was set aside until somebody switches it on again or changes it. The others run.
    Quarantined,
}
