//! Rows as they come, put into batches of one size.

use watchbox_model::{Rows, RowsBuilder};

/// Rows that do not fill a batch yet.
#[derive(Debug)]
pub struct Batches {
    size: usize,
    pending: RowsBuilder,
}

impl Batches {
    /// Batches of `size` rows.
    pub fn new(size: usize) -> Self {
        Self {
            size: size.max(1),
            pending: RowsBuilder::new(),
        }
    }

    /// Takes `rows` in and gives the batches that are full now. What fills a batch by itself is not copied.
    pub fn push(&mut self, rows: &Rows) -> Vec<Rows> {
        let mut full = Vec::new();
        let mut at = 0;
        if !self.pending.is_empty() {
            at = (self.size - self.pending.len()).min(rows.len());
            self.keep(&rows.slice(0..at));
            if self.pending.len() == self.size {
                full.extend(self.rest());
            }
        }
        while rows.len() - at >= self.size {
            full.push(rows.slice(at..at + self.size));
            at += self.size;
        }
        self.keep(&rows.slice(at..rows.len()));
        full
    }

    /// The rows that do not fill a batch, if there are any.
    pub fn rest(&mut self) -> Option<Rows> {
        let pending = std::mem::take(&mut self.pending);
        (!pending.is_empty()).then(|| pending.finish())
    }

    fn keep(&mut self, rows: &Rows) {
        rows.iter().for_each(|row| self.pending.push(row));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use watchbox_model::ValueRef;

    use super::*;

    fn rows(numbers: std::ops::Range<u64>) -> Rows {
        let mut rows = RowsBuilder::new();
        numbers.for_each(|number| rows.push_columns([("n", ValueRef::UInt(number))]));
        rows.finish()
    }

    fn numbers(rows: &Rows) -> Vec<u64> {
        rows.iter()
            .map(|row| match row.column("n") {
                Some(ValueRef::UInt(number)) => number,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    proptest! {
        #[test]
        fn every_batch_but_the_last_is_full_and_order_is_kept(
            size in 1..8_usize,
            pieces in proptest::collection::vec(0..20_u64, 0..10),
        ) {
            let mut batches = Batches::new(size);
            let (mut all, mut next) = (Vec::new(), 0);
            for piece in pieces {
                all.extend(batches.push(&rows(next..next + piece)));
                next += piece;
            }
            prop_assert!(all.iter().all(|batch| batch.len() == size));
            all.extend(batches.rest());
            prop_assert!(all.iter().all(|batch| !batch.is_empty() && batch.len() <= size));
            let flat: Vec<u64> = all.iter().flat_map(numbers).collect();
            prop_assert_eq!(flat, (0..next).collect::<Vec<_>>());
        }
    }
}
