//! The monitoring table in memory: what is installed, what it runs, and its runner.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use watchbox_model::{Name, Time};
use watchbox_sandbox::Instance;
use watchbox_store::Installation;

use crate::{
    EngineError, Phase, Status,
    cycle::{self, Watched},
    loading::Loaded,
    runner::{Plan, Post, Runner},
    shadow::Shadow,
    task::Task,
};

/// The table, by name.
pub(crate) type Table = BTreeMap<Name, Entry>;

/// One line of it.
pub(crate) struct Entry {
    pub(crate) installation: Installation,
    pub(crate) post: Post,
    /// What it runs, once that is loaded.
    pub(crate) loaded: Option<Arc<Loaded>>,
    /// Its runner, while it is on.
    pub(crate) task: Option<Task>,
    /// A new version that runs beside it.
    pub(crate) shadow: Option<Shadow>,
}

impl Entry {
    /// How it stands.
    pub(crate) fn status(&self) -> Status {
        let facts = self.post.progress.facts().clone();
        let manifest = self
            .loaded
            .as_ref()
            .map(|loaded| loaded.component.manifest());
        let is_on = self.installation.runs();
        Status {
            artifact: manifest.map_or_else(
                || self.installation.name.clone(),
                |manifest| manifest.name.clone(),
            ),
            version: manifest.map_or_else(String::new, |manifest| manifest.version.to_string()),
            origin: self.loaded.as_ref().map(|loaded| loaded.origin.clone()),
            phase: match (&self.installation.quarantine, self.installation.enabled) {
                (_, false) if facts.phase != Phase::Broken => Phase::Disabled,
                (Some(_), true) => Phase::Quarantined,
                _ => facts.phase,
            },
            turns: facts.turns,
            failures: facts.failures,
            rows: facts.rows,
            behind: if facts.lag() > 0 {
                facts.behind
            } else {
                Duration::ZERO
            },
            lag: facts.lag(),
            running: facts
                .running
                .filter(|running| is_on && *running != self.installation.digest),
            last_error: facts
                .errors
                .last()
                .map(|last| (last.at, last.error.clone())),
            last_turn: facts.last_turn,
            next_tick: facts.next_tick.filter(|_| is_on),
            next_try: facts.next_try.filter(|_| is_on),
            shadow: self.shadow.as_ref().map(Shadow::version),
            installation: self.installation.clone(),
        }
    }

    /// Starts a runner of `plan`, which has nothing to do with ticks due up to `ticks_after`.
    pub(crate) fn start(
        &mut self,
        runtime: &tokio::runtime::Handle,
        plan: Plan,
        instance: Option<Instance>,
        ticks_after: Time,
    ) {
        {
            let mut facts = self.post.progress.facts();
            facts.phase = Phase::Idle;
            facts.begun_anew();
        }
        let runner = Runner::new(self.post.clone(), plan, instance, ticks_after);
        self.task = Some(Task::start(runtime, runner));
    }
}

/// The plan of `loaded` in `table`, of which `changing` is or will be a part.
pub(crate) fn plan(table: &Table, changing: &Name, loaded: &Arc<Loaded>) -> Plan {
    Plan {
        loaded: Arc::clone(loaded),
        logs: loaded.logs(|name| name == changing || table.contains_key(name)),
    }
}

/// The plans of those that watch the name `changed`, which has just become an installation or ceased to be one.
pub(crate) fn plans_of_watchers(table: &Table, changed: &Name) -> Vec<(Name, Plan)> {
    table
        .iter()
        .filter(|(name, _)| *name != changed)
        .filter_map(|(name, entry)| {
            let loaded = entry.loaded.as_ref()?;
            loaded
                .watched()
                .contains(changed)
                .then(|| (name.clone(), plan(table, name, loaded)))
        })
        .collect()
}

/// Refuses `loaded` as `name` where its subscriptions would lead back to itself.
pub(crate) fn refuse_circle(
    table: &Table,
    name: &Name,
    loaded: &Loaded,
) -> Result<(), EngineError> {
    let mut watched: Watched = table
        .iter()
        .filter_map(|(name, entry)| Some((name.clone(), entry.loaded.as_ref()?.watched())))
        .collect();
    watched.insert(name.clone(), loaded.watched());
    match cycle::circle(&watched, name) {
        Some(circle) => Err(EngineError::Cycle(circle)),
        None => Ok(()),
    }
}
