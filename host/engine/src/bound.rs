//! Turns whose bounds are given: begun before a restart or an upgrade, or made by halving a batch that failed.
//!
//! They lie one in the other, all from the cursor on: the innermost is next, and when it is done the rest of
//! the one around it is.

use std::collections::BTreeSet;

use watchbox_model::{Time, TurnId};

use crate::{host::Effects, turn::Work};

/// A turn that ends where it has to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bound {
    /// The position after its last.
    pub(crate) to: u64,
    /// The turn's time.
    pub(crate) now: Time,
    /// Whether it is a part of a batch whose tries were spent.
    pub(crate) halved: bool,
    /// The turn that did something outside, and what, where one did.
    pub(crate) open: Option<(TurnId, Effects)>,
}

/// The bounds in one log, the outermost first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Bounds(Vec<Bound>);

impl Bounds {
    /// Puts one in. Of two that end together either may be next: what was done outside is found by the turn's id.
    pub(crate) fn push(&mut self, bound: Bound) {
        let index = self.0.partition_point(|other| other.to > bound.to);
        self.0.insert(index, bound);
    }

    /// Puts in the bound of `work`, which ends at `to` and is to be come to again; or, where it has one, keeps there what it
    /// did outside.
    pub(crate) fn set_down(&mut self, work: &Work, to: u64, outside: Effects) {
        let open = (!outside.is_empty()).then(|| (work.turn.id.clone(), outside));
        match self.0.last_mut().filter(|bound| bound.to == to) {
            // What is known of a larger turn that ends here too must stay apart.
            Some(bound)
                if bound
                    .open
                    .as_ref()
                    .is_none_or(|(turn, _)| *turn == work.turn.id) =>
            {
                bound.open = open.or(bound.open.take());
            }
            _ => self.push(Bound {
                to,
                now: work.turn.now,
                halved: false,
                open,
            }),
        }
    }

    /// Halves the turn that ends at `to`, which has a bound.
    pub(crate) fn halve(&mut self, now: Time, to: u64, middle: u64) {
        for bound in self.0.iter_mut().filter(|bound| bound.to == to) {
            bound.halved = true;
        }
        self.push(Bound {
            to: middle,
            now,
            halved: true,
            open: None,
        });
    }

    /// Where the next turn ends.
    pub(crate) fn next_end(&self) -> Option<u64> {
        self.0.last().map(|bound| bound.to)
    }

    /// The next turn's bound.
    pub(crate) fn next(&mut self) -> Option<&mut Bound> {
        self.0.last_mut()
    }

    /// What turn `id` did outside by itself, and what larger turns did that it may have been part of.
    pub(crate) fn effects(&self, id: &TurnId) -> (Effects, Effects) {
        let mut own = Effects::new();
        let mut inherited = Effects::new();
        for (turn, effects) in self.0.iter().filter_map(|bound| bound.open.as_ref()) {
            let kept = if turn == id { &mut own } else { &mut inherited };
            kept.extend(
                effects
                    .iter()
                    .map(|(effect, outcome)| (effect.clone(), outcome.clone())),
            );
        }
        (own, inherited)
    }

    /// The cursor is at `to`. Gives the open turns that are over with that, whose journals have no more use.
    pub(crate) fn passed(&mut self, to: u64) -> Vec<TurnId> {
        let mut over = Vec::new();
        while let Some(bound) = self.0.pop_if(|bound| bound.to <= to) {
            over.extend(bound.open.map(|(turn, _)| turn));
        }
        over
    }

    /// These effects of larger turns were those of a part that is done: they are no other part's.
    pub(crate) fn claimed(&mut self, effects: &BTreeSet<String>) {
        for (_, open) in self.0.iter_mut().filter_map(|bound| bound.open.as_mut()) {
            open.retain(|effect, _| !effects.contains(effect));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchbox_model::{LogKey, turn::Trigger};

    fn id(from: u64, to: u64) -> TurnId {
        let log = LogKey::events("X".parse().unwrap());
        TurnId::of(&Trigger::Events { log, from, to })
    }

    fn bound(from: u64, to: u64, effects: &[&str]) -> Bound {
        let effects: Effects = effects
            .iter()
            .map(|effect| ((*effect).to_owned(), effect.as_bytes().to_vec()))
            .collect();
        Bound {
            to,
            now: Time::default(),
            halved: false,
            open: (!effects.is_empty()).then(|| (id(from, to), effects)),
        }
    }

    fn names(effects: Effects) -> Vec<String> {
        effects.into_keys().collect()
    }

    #[test]
    fn the_innermost_is_next_in_whatever_order_they_came() {
        let mut bounds = Bounds::default();
        for to in [8, 2, 4] {
            bounds.push(bound(0, to, &[]));
        }
        let mut ends = Vec::new();
        while let Some(to) = bounds.next_end() {
            ends.push(to);
            bounds.passed(to);
        }
        assert_eq!(ends, [2, 4, 8]);
    }

    #[test]
    fn a_part_inherits_and_what_it_claims_is_not_anothers() {
        let mut bounds = Bounds::default();
        bounds.push(bound(0, 8, &["a", "b"]));
        bounds.push(bound(0, 4, &["c"]));
        let (own, inherited) = bounds.effects(&id(0, 4));
        assert_eq!(
            (names(own), names(inherited)),
            (vec!["c".to_owned()], vec!["a".to_owned(), "b".to_owned()])
        );

        assert_eq!(bounds.passed(4), [id(0, 4)]);
        bounds.claimed(&BTreeSet::from(["a".to_owned()]));
        let (own, inherited) = bounds.effects(&id(4, 8));
        assert_eq!(
            (names(own), names(inherited)),
            (vec![], vec!["b".to_owned()])
        );
    }

    #[test]
    fn the_whole_is_over_with_its_last_part() {
        let mut bounds = Bounds::default();
        bounds.push(bound(0, 8, &["a"]));
        bounds.push(bound(0, 4, &[]));
        assert_eq!(bounds.passed(4), []);
        assert_eq!(bounds.passed(8), [id(0, 8)]);
        assert_eq!(bounds.next_end(), None);
    }
}
