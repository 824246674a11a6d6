//! The stored events of one log within a stretch of time, batch by batch.

use std::time::Duration;

use watchbox_model::{LogKey, RowsBuilder, Time, manifest::ResolvedSubscription};
use watchbox_store::{Store, StoreError};

use crate::{
    batch::{Batch, Found, Reader},
    bound::Bounds,
    stage::Part,
};

/// Rows are stored in the order in which they are committed, which may differ a little from that of their `_ts`: those
/// that are later than the end of a range by less than this are looked at too.
pub(super) const DISORDER: Duration = Duration::from_secs(60);

/// One log's events within a stretch of time.
pub(super) struct Stretch {
    reader: Reader,
    /// The batch that is next.
    next: Option<Batch>,
    /// The position after the last that may be within.
    end: u64,
    since: Time,
    until: Time,
}

impl Stretch {
    /// The events of `log` that pass the subscription's filter and came in from `since` on and before `until`.
    pub(super) async fn open(
        store: &dyn Store,
        log: LogKey,
        subscription: ResolvedSubscription,
        since: Time,
        until: Time,
    ) -> Result<Self, StoreError> {
        let end = *store.watch(&log).borrow();
        let end = end.min(store.seek(&log, until.plus(DISORDER)).await?);
        let from = store.seek(&log, since).await?;
        Ok(Self {
            reader: Reader::new(log, subscription, from, Bounds::default(), store),
            next: None,
            end,
            since,
            until,
        })
    }

    /// Has the next batch ready, if there is one.
    pub(super) async fn fill(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        while self.next.is_none() && self.reader.at() < self.end {
            match self.reader.look(store).await? {
                Found::Batch(batch) => {
                    self.reader.advanced(batch.to);
                    self.next = self.within(batch);
                }
                Found::Passed => self.reader.advanced(self.reader.at()),
                Found::End => self.end = self.reader.at(),
            }
        }
        Ok(())
    }

    /// When the first event of the next batch came in.
    pub(super) fn time(&self) -> Option<Time> {
        self.next.as_ref().map(|batch| batch.times().0)
    }

    /// The next batch, or, where it goes beyond `before`, the part of it that does not. The turn's time is that of its last event.
    pub(super) fn take(&mut self, before: Option<Time>) -> Option<Part> {
        let mut batch = self.next.take()?;
        let later = before.and_then(|before| {
            let is_later =
                |row: watchbox_model::RowRef<'_>| row.ts().is_some_and(|ts| ts >= before);
            batch.rows.iter().position(is_later)
        });
        if let Some(middle) = later.filter(|middle| *middle > 0) {
            let (first, second) = batch.split(middle);
            (batch, self.next) = (first, Some(second));
        }
        let now = batch.times().1;
        Some(Part::Events(self.reader.log.clone(), batch, now))
    }

    /// What of `batch` is within the stretch.
    fn within(&self, batch: Batch) -> Option<Batch> {
        let is_within = |position: u64, ts: Option<Time>| {
            position < self.end && ts.is_some_and(|ts| ts >= self.since && ts < self.until)
        };
        let mut rows = RowsBuilder::new();
        let mut positions = Vec::new();
        for (row, position) in batch.rows.iter().zip(&batch.positions) {
            if is_within(*position, row.ts()) {
                rows.push(row);
                positions.push(*position);
            }
        }
        if positions.len() == batch.positions.len() {
            return Some(batch).filter(|batch| !batch.positions.is_empty());
        }
        let cut = Batch {
            rows: rows.finish(),
            positions,
            ..batch
        };
        Some(cut).filter(|batch| !batch.positions.is_empty())
    }
}
