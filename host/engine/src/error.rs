//! Why the engine did not do what it was asked to.

use watchbox_model::{
    Digest, Name, grants::GrantsError, parameter::ParameterError, trust::Untrusted,
};
use watchbox_sandbox::{LoadError, TurnFailure};
use watchbox_store::StoreError;

/// An error of the engine. None of these leaves half a change behind.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A change asks for an upgrade that would wait for approval, and for a switch.
    #[error(
        "{0} wants more than it is granted, so the upgrade would wait for approval: switch it on or off by itself, or give grants"
    )]
    WaitsAndSwitches(Name),
    /// Whoever asks may not grant more than is granted.
    #[error(
        "that would grant `{name}` more than it is granted, which an administrator has to do: {}",
        beyond.join("; ")
    )]
    Widens {
        /// The installation.
        name: Name,
        /// What is granted anew, rule by rule.
        beyond: Vec<String>,
    },
    /// Another version waits than the one that is approved.
    #[error(
        "what waits under `{name}` is {waits}, another version than the one that is approved: look at it first"
    )]
    OtherPending {
        /// The installation.
        name: Name,
        /// What waits.
        waits: Digest,
    },
    /// It was changed since whoever changes it looked at it.
    #[error("`{name}` was changed meanwhile, by {by}: look at it again, and then change it")]
    ChangedMeanwhile {
        /// The installation.
        name: Name,
        /// Who changed it.
        by: String,
    },
    /// The component is wrong.
    #[error("the component can't be installed: {0}")]
    Load(#[from] LoadError),
    /// A parameter is wrong.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The grants are wrong.
    #[error(transparent)]
    Grants(#[from] GrantsError),
    /// The name is taken.
    #[error("`{0}` is installed already: upgrade it, or install under another name")]
    Exists(Name),
    /// Nothing is installed under the name.
    #[error("nothing is installed as `{0}`")]
    Missing(Name),
    /// Subscriptions that lead back to where they began.
    #[error("subscriptions go in a circle: {0}")]
    Cycle(String),
    /// Events under the name of an installed artifact.
    #[error("`{0}` is an installed artifact: its rows can't be sent from outside")]
    RowLog(Name),
    /// A record that should be in the trail is not.
    #[error(
        "record {0} of the audit trail is gone, so the trail can't be signed: run `watchbox audit verify`"
    )]
    NoRecord(u64),
    /// The engine is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A component of another artifact than the one that is installed.
    #[error(
        "`{installed}` runs the artifact {artifact}, this component is {found}: install it under a name of its own"
    )]
    Artifact {
        /// What it is installed as.
        installed: Name,
        /// The artifact that runs under it.
        artifact: Name,
        /// The artifact that the component says it is.
        found: Name,
    },
    /// An installation's component is not in the store.
    #[error("the component {0} is not in the store: install it again")]
    NoComponent(Digest),
    /// The threads for guests can't be started.
    #[error("the engine's threads can't be started: {0}")]
    Threads(std::io::Error),
    /// The artifact did not take its parameters: its `configure` failed.
    #[error("the artifact can't be started: {0}")]
    Configure(TurnFailure),
    /// The installation is switched off or broken, so that no turn of it can run.
    #[error("`{0}` is not running: enable or mend it first")]
    NotRunning(Name),
    /// No such version in its history.
    #[error("`{installation}` can't go back: {reason}")]
    NoVersion {
        /// The installation.
        installation: Name,
        /// What is missing.
        reason: String,
    },
    /// No version waits for approval.
    #[error("no version of `{0}` waits for approval")]
    NothingPending(Name),
    /// There is no such dead letter.
    #[error("there is no dead letter {0}")]
    NoLetter(u64),
    /// A dead letter that can't be given again; it stays.
    #[error("dead letter {id} can't be redriven: {reason}")]
    Redrive {
        /// Its number.
        id: u64,
        /// Why not.
        reason: String,
    },
    /// A replay that can't be made.
    #[error("it can't be replayed: {0}")]
    Replay(String),
    /// Too much is going on at once.
    #[error("{0}: try again later")]
    Busy(String),
    /// There is no shadow.
    #[error(
        "`{0}` has no shadow: `upgrade --shadow` starts one; a restart of the server ends it, and so does a change of the installation"
    )]
    NoShadow(Name),
    /// A shadow without a component, or one that is to be switched on or off.
    #[error("a shadow needs a component, and is on for as long as it is there")]
    Shadow,
    /// The trust policy does not let the component run.
    #[error(transparent)]
    Untrusted(Untrusted),
    /// What the store has as a component is another one.
    #[error(
        "what is kept as the component {digest} is {found}: somebody or something changed it; nothing of it is run. Upload the component again"
    )]
    Altered {
        /// What it must be.
        digest: Digest,
        /// What it is.
        found: Digest,
    },
    /// A secret that the artifact does not have.
    #[error("`{parameter}` is no secret parameter of what runs as `{name}`; its secrets: {known}")]
    NoSecret {
        /// The installation.
        name: Name,
        /// What was given.
        parameter: String,
        /// Those that there are.
        known: String,
    },
    /// The secrets' key is missing, or can't open what it should.
    #[error("the secrets' key: {0}")]
    Key(String),
}
