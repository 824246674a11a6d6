//! The journal of the turn that is under way: what it, and the batch that it is a part of, did outside.
//!
//! Here are names alone; what came of an effect is read from the store when a try asks for it again.

use std::collections::{BTreeMap, BTreeSet};

use watchbox_model::{Name, Time, TurnId, turn::Trigger};
use watchbox_sandbox::host;
use watchbox_store::{Effect, OpenTurn, Settlement, Written};

/// A journal.
#[derive(Debug)]
pub(crate) struct Journal {
    /// The turn that the effects stand under: this one, or the batch that it is a part of.
    origin: OpenTurn,
    /// Whether the store knows of it.
    is_open: bool,
    /// Every effect that was done, and whether a part that is over had it.
    done: BTreeMap<Effect, bool>,
    /// Those that the turn which is under way made or was answered with, in any try.
    used: BTreeSet<Effect>,
    /// What came of those that could not be written down yet.
    unwritten: BTreeMap<Effect, Vec<u8>>,
    /// Named effects of ticks that were set aside: by name, whose.
    carried: BTreeMap<String, (TurnId, Effect)>,
}

/// Where what came of an effect is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It was not done.
    Nowhere,
    /// It was done and is still to be written down.
    Here(Vec<u8>),
    /// It is written down under this turn.
    Under(TurnId, Effect),
}

impl Journal {
    /// That of a turn that begins.
    pub(crate) fn new(installation: &Name, trigger: &Trigger, now: Time) -> Self {
        Self::of(OpenTurn {
            installation: installation.clone(),
            turn: TurnId::of(trigger),
            trigger: trigger.clone(),
            now,
            is_aside: false,
        })
    }

    /// That of `origin`, of which nothing is known.
    pub(crate) fn of(origin: OpenTurn) -> Self {
        Self {
            origin,
            is_open: false,
            done: BTreeMap::new(),
            used: BTreeSet::new(),
            unwritten: BTreeMap::new(),
            carried: BTreeMap::new(),
        }
    }

    /// The same, which the store knows, with what is written down of it.
    pub(crate) fn with(mut self, written: Vec<Written>) -> Self {
        self.is_open = true;
        let done = written
            .into_iter()
            .map(|written| (written.effect, written.is_taken));
        self.done.extend(done);
        self
    }

    /// The same, with what ticks before it did that were set aside, the newest first. Only names say that two ticks mean one effect.
    pub(crate) fn carrying(mut self, carried: Vec<(TurnId, Effect)>) -> Self {
        for (turn, effect) in carried {
            if host::Effect::is_named(&effect.name) && turn != self.origin.turn {
                self.carried
                    .entry(effect.name.clone())
                    .or_insert((turn, effect));
            }
        }
        self
    }

    /// Whether the store knows of its origin. It must before anything leaves the machine: else a restart would not know the turn again,
    /// whose id, bounds and time name what was sent.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// The store knows of its origin.
    pub(crate) fn opened(&mut self) {
        self.is_open = true;
    }

    /// A turn begins, which has used nothing yet.
    pub(crate) fn begin(&mut self) {
        self.used.clear();
    }

    /// The turn that its effects stand under.
    pub(crate) fn origin(&self) -> &OpenTurn {
        &self.origin
    }

    /// For a batch: the position after its last event.
    pub(crate) fn end(&self) -> Option<u64> {
        match self.origin.trigger {
            Trigger::Events { to, .. } => Some(to),
            Trigger::Tick { .. } => None,
        }
    }

    /// The effect that a try asks for: done before, or to be done.
    pub(crate) fn effect(&self, asked: &host::Effect) -> Effect {
        let (name, nth) = asked.written();
        let found = self
            .of_name(&name)
            .filter(|(_, is_taken)| !**is_taken)
            .nth(nth as usize)
            .map(|(effect, _)| effect.nth);
        let last = self.of_name(&name).next_back();
        let next = last.map_or(0, |(effect, _)| effect.nth + 1);
        let nth = found.unwrap_or(next);
        Effect { name, nth }
    }

    fn of_name(&self, name: &str) -> impl DoubleEndedIterator<Item = (&Effect, &bool)> {
        let bound = |nth| Effect {
            name: name.to_owned(),
            nth,
        };
        self.done.range(bound(0)..=bound(u32::MAX))
    }

    /// What names `effect` within the installation.
    pub(crate) fn key(&self, effect: &Effect) -> String {
        format!("{} {}#{}", self.origin.turn, effect.name, effect.nth)
    }

    /// Where what came of `effect` is found. The turn has used it from now on, if it was done.
    pub(crate) fn recall(&mut self, effect: &Effect) -> Found {
        if self.done.contains_key(effect) {
            self.used.insert(effect.clone());
            return match self.unwritten.get(effect) {
                Some(outcome) => Found::Here(outcome.clone()),
                None => Found::Under(self.origin.turn.clone(), effect.clone()),
            };
        }
        match self.carried.get(&effect.name) {
            Some((turn, effect)) => Found::Under(turn.clone(), effect.clone()),
            None => Found::Nowhere,
        }
    }

    /// `effect` was done. It is known at once, though it is still to be written down.
    pub(crate) fn did(&mut self, effect: &Effect, outcome: Vec<u8>) {
        self.done.insert(effect.clone(), false);
        self.used.insert(effect.clone());
        self.unwritten.insert(effect.clone(), outcome);
    }

    /// What came of `effect` is nobody's answer any more, whoever did it. Asked for again, it is another one, of another key: the other side
    /// may answer one that it knows as it did before. Gives whether anything was known.
    pub(crate) fn forget(&mut self, effect: &Effect) -> bool {
        let done = self.done.get_mut(effect);
        let was_done = done.is_some_and(|is_taken| !std::mem::replace(is_taken, true));
        self.used.remove(effect);
        self.unwritten.remove(effect);
        self.carried.remove(&effect.name).is_some() || was_done
    }

    /// `effect` is written down.
    pub(crate) fn wrote(&mut self, effect: &Effect) {
        self.unwritten.remove(effect);
    }

    /// What becomes of it with the commit of the turn that ends at `to` (of a batch) or that is a tick's; nothing where it is empty.
    pub(crate) fn settlement(&self, to: Option<u64>) -> Option<Settlement> {
        (self.is_open || !self.done.is_empty()).then(|| Settlement {
            origin: self.origin.turn.clone(),
            taken: self.used.iter().cloned().collect(),
            is_over: self.is_over(to),
        })
    }

    /// Whether its origin is over with a turn that ends at `to`.
    pub(crate) fn is_over(&self, to: Option<u64>) -> bool {
        to >= self.end()
    }

    /// A part of its origin was committed.
    pub(crate) fn settled(&mut self) {
        for effect in std::mem::take(&mut self.used) {
            self.done.insert(effect, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use watchbox_model::{Digest, LogKey};

    use super::*;

    fn trigger(from: u64, to: u64) -> Trigger {
        let log = LogKey::events("X".parse().unwrap());
        Trigger::Events { log, from, to }
    }

    fn journal() -> Journal {
        Journal::new(&"A".parse().unwrap(), &trigger(0, 8), Time::default())
    }

    fn named(name: &str) -> host::Effect {
        host::Effect::Named(watchbox_model::Capability::Http, name.to_owned())
    }

    fn alike(nth: u32) -> host::Effect {
        host::Effect::Alike(Digest::of(b"the same"), nth)
    }

    /// Does `asked` unless it was done; says whether it did.
    fn ask(journal: &mut Journal, asked: &host::Effect) -> bool {
        let effect = journal.effect(asked);
        let is_new = journal.recall(&effect) == Found::Nowhere;
        if is_new {
            journal.did(&effect, b"ok".to_vec());
            journal.wrote(&effect);
        }
        is_new
    }

    #[test]
    fn what_was_done_is_found_again() {
        let mut journal = journal();
        assert!(ask(&mut journal, &named("a")) && !ask(&mut journal, &named("a")));
        assert!(ask(&mut journal, &alike(0)) && ask(&mut journal, &alike(1)));
        assert!(!ask(&mut journal, &alike(0)) && !ask(&mut journal, &alike(1)));
    }

    #[test]
    fn what_was_forgotten_is_done_again_under_another_key() {
        let mut journal = journal();
        let refused = journal.effect(&named("a"));
        journal.did(&refused, b"refused".to_vec());
        assert!(journal.forget(&refused) && !journal.forget(&refused));
        let again = journal.effect(&named("a"));
        assert_eq!(journal.recall(&again), Found::Nowhere);
        assert_ne!(journal.key(&again), journal.key(&refused));
        assert!(journal.settlement(Some(8)).unwrap().taken.is_empty());
        assert!(ask(&mut journal, &named("a")) && !ask(&mut journal, &named("a")));
    }

    #[test]
    fn parts_share_what_the_whole_did_each_effect_once() {
        let mut journal = journal();
        for asked in [named("a"), alike(0), alike(1), alike(2)] {
            assert!(ask(&mut journal, &asked));
        }
        // The first part has the name and one of the three, the second the other two.
        journal.begin();
        assert!(!ask(&mut journal, &named("a")) && !ask(&mut journal, &alike(0)));
        let settlement = journal.settlement(Some(4)).unwrap();
        assert_eq!((settlement.taken.len(), settlement.is_over), (2, false));
        journal.settled();
        assert!(!ask(&mut journal, &alike(0)) && !ask(&mut journal, &alike(1)));
        // What goes beyond is new, under a name that nothing had.
        let (third, again) = (journal.effect(&alike(2)), journal.effect(&named("a")));
        assert_eq!((third.nth, again.nth), (3, 1));
        assert!(ask(&mut journal, &alike(2)) && ask(&mut journal, &named("a")));
        assert!(journal.settlement(Some(8)).unwrap().is_over);
    }

    #[test]
    fn what_could_not_be_written_down_is_known() {
        let mut journal = journal();
        let effect = journal.effect(&named("a"));
        journal.did(&effect, b"ok".to_vec());
        assert_eq!(journal.recall(&effect), Found::Here(b"ok".to_vec()));
        journal.wrote(&effect);
        let origin = journal.origin().turn.clone();
        assert_eq!(
            journal.recall(&effect),
            Found::Under(origin, effect.clone())
        );
    }

    #[test]
    fn names_are_carried_from_tick_to_tick() {
        let tick = |due| Trigger::Tick {
            due: Time::from_micros(due),
        };
        let effect = |name: &str| Effect {
            name: name.to_owned(),
            nth: 0,
        };
        let journal = Journal::new(&"A".parse().unwrap(), &tick(2), Time::default());
        let before = TurnId::of(&tick(1));
        let carried = ["once:a", "0123"].map(|name| (before.clone(), effect(name)));
        let mut journal = journal.carrying(carried.into());
        let asked = journal.effect(&named("a"));
        assert_eq!(
            journal.recall(&asked),
            Found::Under(before, effect("once:a"))
        );
        assert_eq!(journal.recall(&effect("0123")), Found::Nowhere);
        assert_eq!(journal.settlement(None), None);
        assert!(journal.forget(&asked));
        assert_eq!(journal.recall(&asked), Found::Nowhere);
    }

    #[test]
    fn a_journal_of_nothing_is_not_settled() {
        assert_eq!(journal().settlement(Some(8)), None);
    }
}
