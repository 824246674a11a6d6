//! Rows of two sides, compared whatever their order: each that both gave cancels out.
//!
//! Held are the rows that one side gave and the other did not (yet), up to a bound in bytes; the oldest beyond it count as differences for good.

use std::collections::{HashMap, VecDeque};

use watchbox_model::{Digest, RowRef, Rows, RowsBuilder};

use crate::row_key::row_key;

/// The most bytes of rows that wait for the other side.
const WAITING_BYTES: usize = 16 << 20;
/// What a row that waits costs beside its own bytes.
const ROW_COST: usize = 128;
/// The most rows that are shown as examples of one side, and the most bytes of them.
const EXAMPLES: usize = 100;
const EXAMPLE_BYTES: usize = 256 << 10;

/// Whose row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The installation's.
    Live,
    /// The shadow's.
    Shadow,
}

/// The comparison so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    open: HashMap<Digest, Open>,
    /// The open rows, oldest first; those that are none any more among them.
    order: VecDeque<(u64, Digest)>,
    next: u64,
    bytes: usize,
    same: u64,
    live: Settled,
    shadow: Settled,
}

/// A row that one side gave more often than the other.
#[derive(Debug)]
struct Open {
    by: By,
    times: u64,
    number: u64,
    row: Rows,
}

/// Rows that are taken to be one side's alone.
#[derive(Debug, Default)]
struct Settled {
    rows: u64,
    /// The first of them, one by one: rows are shared, not copied.
    examples: Vec<Rows>,
}

impl Tally {
    /// A row came.
    pub(super) fn add(&mut self, by: By, row: RowRef<'_>) {
        self.add_within(by, row, WAITING_BYTES);
    }

    fn add_within(&mut self, by: By, row: RowRef<'_>, most: usize) {
        let key = row_key(row);
        if let Some(open) = self.open.get_mut(&key) {
            if open.by == by {
                open.times += 1;
                return;
            }
            open.times -= 1;
            self.same += 1;
            if open.times == 0 {
                self.close(&key);
            }
            return;
        }
        let mut one = RowsBuilder::new();
        one.push(row);
        let row = one.finish();
        self.bytes += row.bytes() + ROW_COST;
        let (number, times) = (self.next, 1);
        self.next += 1;
        self.order.push_back((number, key));
        let open = Open {
            by,
            times,
            number,
            row,
        };
        self.open.insert(key, open);
        while self.bytes > most {
            self.settle_oldest();
        }
        self.drop_closed();
    }

    /// How many rows both sides gave.
    pub(super) fn same(&self) -> u64 {
        self.same
    }

    /// The rows that only one side gave (so far): how many, and the first of them.
    pub(super) fn only(&self, by: By) -> (u64, Rows) {
        let settled = self.settled(by);
        let mut open: Vec<&Open> = self.open.values().filter(|open| open.by == by).collect();
        open.sort_by_key(|open| open.number);
        let rows = settled.rows + open.iter().map(|open| open.times).sum::<u64>();
        let mut examples = RowsBuilder::new();
        let all = settled.examples.iter();
        for row in all.chain(open.iter().map(|open| &open.row)) {
            if examples.len() >= EXAMPLES || examples.bytes() + row.bytes() > EXAMPLE_BYTES {
                break;
            }
            row.iter().for_each(|row| examples.push(row));
        }
        (rows, examples.finish())
    }

    fn settled(&self, by: By) -> &Settled {
        match by {
            By::Live => &self.live,
            By::Shadow => &self.shadow,
        }
    }

    fn close(&mut self, key: &Digest) -> Option<Open> {
        let open = self.open.remove(key)?;
        self.bytes -= open.row.bytes() + ROW_COST;
        Some(open)
    }

    fn settle_oldest(&mut self) {
        let Some((number, key)) = self.order.pop_front() else {
            return;
        };
        if self.open.get(&key).is_none_or(|open| open.number != number) {
            return;
        }
        if let Some(open) = self.close(&key) {
            let settled = match open.by {
                By::Live => &mut self.live,
                By::Shadow => &mut self.shadow,
            };
            settled.rows += open.times;
            let bytes: usize = settled.examples.iter().map(Rows::bytes).sum();
            if settled.examples.len() < EXAMPLES && bytes + open.row.bytes() <= EXAMPLE_BYTES {
                settled.examples.push(open.row);
            }
        }
    }

    /// Keeps the order no longer than a few times what is open.
    fn drop_closed(&mut self) {
        if self.order.len() > 2 * self.open.len() + 1_024 {
            let open = &self.open;
            self.order
                .retain(|(number, key)| open.get(key).is_some_and(|open| open.number == *number));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use watchbox_model::ValueRef;

    use super::*;

    fn row(number: u64) -> Rows {
        let mut rows = RowsBuilder::new();
        rows.push_columns([("n", ValueRef::UInt(number))]);
        rows.finish()
    }

    fn numbers(rows: &Rows) -> Vec<u64> {
        let number = |row: RowRef<'_>| row.column("n").and_then(ValueRef::as_f64).unwrap() as u64;
        rows.iter().map(number).collect()
    }

    fn add(tally: &mut Tally, by: By, number: u64, most: usize) {
        tally.add_within(by, row(number).get(0).unwrap(), most);
    }

    #[test]
    fn what_is_beyond_the_bound_counts_as_a_difference_and_the_first_are_shown() {
        let mut tally = Tally::default();
        for number in 0..1_000 {
            add(&mut tally, By::Live, number, 10 * (ROW_COST + 6));
        }
        add(&mut tally, By::Shadow, 999, usize::MAX);
        // This one was settled long ago.
        add(&mut tally, By::Shadow, 0, usize::MAX);
        let (rows, examples) = tally.only(By::Live);
        assert_eq!((rows, tally.same()), (999, 1));
        assert_eq!(numbers(&examples), (0..100).collect::<Vec<_>>());
        assert_eq!(numbers(&tally.only(By::Shadow).1), [0]);
        assert!(tally.open.len() <= 11 && tally.order.len() < 2_000);
    }

    proptest! {
        #[test]
        fn it_counts_as_two_bags_do(steps in proptest::collection::vec((any::<bool>(), 0..6_u64), 0..60)) {
            let mut tally = Tally::default();
            let (mut live, mut shadow) = ([0_u64; 6], [0_u64; 6]);
            for (is_live, number) in steps {
                let (by, count) = if is_live { (By::Live, &mut live) } else { (By::Shadow, &mut shadow) };
                count[number as usize] += 1;
                add(&mut tally, by, number, usize::MAX);
            }
            let over = |one: &[u64; 6], other: &[u64; 6]| -> u64 {
                one.iter().zip(other).map(|(one, other)| one.saturating_sub(*other)).sum()
            };
            prop_assert_eq!(tally.only(By::Live).0, over(&live, &shadow));
            prop_assert_eq!(tally.only(By::Shadow).0, over(&shadow, &live));
            prop_assert_eq!(tally.same(), live.iter().zip(&shadow).map(|(one, other)| one.min(other)).sum::<u64>());
        }
    }
}
