//! Why the engine did not do what it was asked to.

use watchbox_model::{Name, grants::GrantsError, parameter::ParameterError};
use watchbox_sandbox::LoadError;
use watchbox_store::StoreError;

/// An error of the engine. None of these leaves half a change behind.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
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
    /// The engine is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secrets' key is missing, or can't open what it should.
    #[error("the secrets' key: {0}")]
    Key(String),
}
