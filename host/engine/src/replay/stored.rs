//! The rows that were stored for a stretch of time, compared with those that come now.
//!
//! Of each stored row a digest is held; the rows themselves are read again when they turn out to be missing.

use std::{collections::HashMap, sync::Arc};

use watchbox_model::{Digest, LogKey, Name, RowRef, Rows, RowsBuilder, Time};
use watchbox_store::{Store, StoreError};

use super::{MAX_ROWS, stretch::DISORDER};
use crate::{EngineError, row_key::row_key};

/// How many rows are read at a time.
const READ_ROWS: usize = 1_024;

/// The rows of an installation within a stretch of time.
pub(super) struct Stored {
    store: Arc<dyn Store>,
    log: LogKey,
    from: u64,
    to: u64,
    since: Time,
    until: Time,
    /// How often each is stored and did not come (yet).
    open: HashMap<Digest, u64>,
}

impl Stored {
    /// Counts the rows that the installation `name` emitted from `since` on and before `until`.
    pub(super) async fn count(
        store: &Arc<dyn Store>,
        name: &Name,
        since: Time,
        until: Time,
    ) -> Result<Self, EngineError> {
        let log = LogKey::rows(name.clone());
        let end = *store.watch(&log).borrow();
        let mut stored = Self {
            from: store.seek(&log, since).await?,
            to: end.min(store.seek(&log, until.plus(DISORDER)).await?),
            store: Arc::clone(store),
            log,
            since,
            until,
            open: HashMap::new(),
        };
        let (mut rows, mut at) = (0, stored.from);
        while let Some(page) = stored.page(&mut at, until).await? {
            rows += page.len() as u64;
            if rows > MAX_ROWS {
                return Err(EngineError::Replay(format!(
                    "more than {MAX_ROWS} rows are stored for its range: ask for a shorter one, or for no diff"
                )));
            }
            for row in page.iter() {
                *stored.open.entry(row_key(row)).or_default() += 1;
            }
        }
        Ok(stored)
    }

    /// A row came: whether it is stored, and did not come before.
    pub(super) fn take(&mut self, row: RowRef<'_>) -> bool {
        match self.open.get_mut(&row_key(row)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    /// The next of the rows that are stored, with a `_ts` before `before`, and did not come, from position `at` on; none at the end.
    pub(super) async fn next_missing(
        &mut self,
        at: &mut u64,
        before: Time,
    ) -> Result<Option<Rows>, StoreError> {
        let Some(page) = self.page(at, before).await? else {
            return Ok(None);
        };
        let mut missing = RowsBuilder::new();
        for row in page.iter() {
            if self.take(row) {
                missing.push(row);
            }
        }
        Ok(Some(missing.finish()))
    }

    /// Where the rows begin.
    pub(super) fn from(&self) -> u64 {
        self.from
    }

    /// Some rows of the stretch from position `at` on, with a `_ts` before `before`.
    async fn page(&self, at: &mut u64, before: Time) -> Result<Option<Rows>, StoreError> {
        if *at >= self.to {
            return Ok(None);
        }
        let before = before.min(self.until);
        let mut rows = RowsBuilder::new();
        let blocks = self.store.read(&self.log, *at, READ_ROWS).await?;
        if blocks.is_empty() {
            return Ok(None);
        }
        for block in blocks {
            for (position, row) in (block.first..).zip(block.rows.iter()) {
                let is_here = position >= *at && position < self.to;
                let is_in_time = row.ts().is_some_and(|ts| ts >= self.since && ts < before);
                if is_here && is_in_time {
                    rows.push(row);
                }
            }
            *at = block.next();
        }
        Ok(Some(rows.finish()))
    }
}
