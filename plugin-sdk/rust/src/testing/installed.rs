//! An artifact in a played host, and its turns.

use std::{cell::RefCell, fmt};

use serde::Serialize;
use serde_json::Value as Json;

use super::World;
use crate::{
    Artifact, Failure,
    export::{Instance, Trigger},
};

thread_local! {
    /// The host of the turn that this thread is in.
    static HOST: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Calls `with` with the host of the turn that this thread is in; `None` outside of one.
pub(crate) fn playing<T>(with: impl FnOnce(&mut World) -> T) -> Option<T> {
    HOST.with_borrow_mut(|host| host.as_mut().map(with))
}

/// An installed artifact.
pub struct Installed<A> {
    world: World,
    parameters: Vec<u8>,
    instance: Option<Instance<A>>,
    /// The trigger of a turn that failed and is open.
    open: Option<Trigger>,
}

impl<A: Artifact> Installed<A> {
    pub(super) fn new(world: World, parameters: &impl Serialize) -> Result<Self, Failure> {
        let mut installed = Self {
            world,
            parameters: rmp_serde::to_vec_named(parameters)?,
            instance: None,
            open: None,
        };
        installed.instance = Some(installed.configured()?);
        Ok(installed)
    }

    /// One turn with a tick that is due at `at`, to which the clock is set as well.
    pub fn tick(&mut self, at: f64) -> Result<Vec<Json>, Failure> {
        self.world.now = at;
        self.turn(Trigger::Tick(at))
    }

    /// One turn with events of the log `artifact`.
    pub fn events<R: Serialize>(
        &mut self,
        artifact: &str,
        events: &[R],
    ) -> Result<Vec<Json>, Failure> {
        let events = rmp_serde::to_vec_named(events)?;
        self.turn(Trigger::Events(artifact.to_owned(), events))
    }

    /// The host, to look at.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The host, to change.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    fn turn(&mut self, trigger: Trigger) -> Result<Vec<Json>, Failure> {
        if self.open.as_ref() != Some(&trigger) {
            self.world.journal.clear();
            self.world.mailed.clear();
        }
        let instance = match self.instance.take() {
            Some(instance) => instance,
            None => self.configured()?,
        };
        let before = (self.world.clients.clone(), self.world.state.clone());
        match self.play(|| instance.handle(&trigger)) {
            Ok(rows) => {
                self.instance = Some(instance);
                self.open = None;
                if rows.is_empty() {
                    return Ok(Vec::new());
                }
                Ok(rmp_serde::from_slice(&rows)?)
            }
            Err(failure) => {
                (self.world.clients, self.world.state) = before;
                self.open = Some(trigger);
                Err(failure)
            }
        }
    }

    fn configured(&mut self) -> Result<Instance<A>, Failure> {
        let instance = Instance::new();
        let parameters = std::mem::take(&mut self.parameters);
        let outcome = self.play(|| instance.configure(&parameters));
        self.parameters = parameters;
        outcome.map_err(Failure::Reject)?;
        Ok(instance)
    }

    /// Runs `guest` with the world as this thread's host.
    fn play<T>(&mut self, guest: impl FnOnce() -> T) -> T {
        HOST.set(Some(std::mem::take(&mut self.world)));
        let outcome = guest();
        self.world = HOST.take().unwrap_or_default();
        outcome
    }
}

// By hand, so that an artifact need not be `Debug`.
impl<A> fmt::Debug for Installed<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Installed")
            .field("world", &self.world)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}
