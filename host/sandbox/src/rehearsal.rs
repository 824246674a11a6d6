//! An artifact at work over memory: turn after turn in one warm instance, nothing of what it changes kept but there.

use std::{fmt, sync::Arc};

use crate::{
    Authority, Component, Input, Instance, Overlay, Turn, TurnFailure, TurnReport, Withheld,
    host::Host,
};

/// An artifact at work over memory.
pub struct Rehearsal {
    component: Arc<Component>,
    authority: Arc<Authority>,
    memory: Arc<Overlay>,
    /// Where requests go; outside, if nowhere else.
    withheld: Option<Arc<Withheld>>,
    instance: Option<Instance>,
}

impl Rehearsal {
    /// Puts `component` to work over `memory`. Its requests are made, unless they are `withheld`.
    pub fn new(
        component: Arc<Component>,
        authority: Arc<Authority>,
        memory: Arc<Overlay>,
        withheld: Option<Arc<Withheld>>,
    ) -> Self {
        Self {
            component,
            authority,
            memory,
            withheld,
            instance: None,
        }
    }

    /// Makes the instance, if there is none: the artifact is told its parameters.
    pub async fn warm(&mut self) -> Result<(), TurnFailure> {
        let instance = self.take_instance().await?;
        self.instance = Some(instance);
        Ok(())
    }

    /// One try of a turn. What it changes is in memory when this returns. The error is why there is no instance to try it in.
    pub async fn turn(&mut self, turn: &Turn, input: &Input) -> Result<TurnReport, TurnFailure> {
        let mut instance = self.take_instance().await?;
        let mut report = instance.handle(turn, input).await;
        if let Ok(effects) = &report.result {
            match self.memory.commit(&turn.id, effects).await {
                Ok(()) => self.instance = Some(instance),
                Err(why) => report.result = Err(TurnFailure::Host(why.to_string())),
            }
        }
        Ok(report)
    }

    async fn take_instance(&mut self) -> Result<Instance, TurnFailure> {
        if let Some(instance) = self.instance.take() {
            return Ok(instance);
        }
        let (authority, host) = (self.authority.clone(), self.memory.clone());
        let host: Arc<dyn Host> = host;
        match self.withheld.clone() {
            Some(withheld) => {
                self.component
                    .instantiate_withheld(authority, host, withheld)
                    .await
            }
            None => self.component.instantiate(authority, host).await,
        }
    }
}

impl fmt::Debug for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rehearsal")
            .field("component", &self.component)
            .finish_non_exhaustive()
    }
}
