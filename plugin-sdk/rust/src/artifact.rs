//! What an artifact is.

use serde::de::DeserializeOwned;

use crate::{Batch, Failure, Rows};

/// A tick of the artifact's schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tick {
    /// When it was due, in seconds since the Unix epoch. May be long past; [`crate::clock::now`] is the turn's time.
    pub due: f64,
}

/// A server monitoring artifact.
///
/// The host makes one by [`Artifact::configure`] and keeps it warm between turns, so a value's fields last from turn to turn; but it may be
/// dropped at any moment, and is after a failed turn: what must not be lost belongs in [`crate::state`].
pub trait Artifact: Sized + 'static {
    /// The parameters, by the names that the manifest gives them. Secrets are not among them: see [`crate::http::secret`].
    /// For an artifact without parameters, a struct without fields that derives `Deserialize`.
    type Parameters: DeserializeOwned;

    /// Makes one. An error's text tells the operator what is wrong with the parameters. No capability but [`crate::log`] may be used here.
    fn configure(parameters: Self::Parameters) -> Result<Self, Failure>;

    /// One turn with events of a log that the manifest subscribes to.
    fn events(&mut self, batch: &Batch<'_>, rows: &mut Rows) -> Result<(), Failure> {
        let _ = rows;
        Err(Failure::reject(format!(
            "the manifest subscribes to {}, but the artifact has no `events`",
            batch.artifact()
        )))
    }

    /// One turn with a tick of the manifest's schedule.
    fn tick(&mut self, tick: Tick, rows: &mut Rows) -> Result<(), Failure> {
        let _ = (tick, rows);
        Err(Failure::reject(
            "the manifest has a schedule, but the artifact has no `tick`",
        ))
    }
}
