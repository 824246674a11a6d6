//! Reads a stretch of a log, some blocks at a time.

use std::sync::Arc;

use watchbox_model::{LogKey, RowRef, Time};
use watchbox_store::{Store, StoreError};

use super::span::Span;

/// How many rows are asked of the store at a time: what one reader holds in memory, to the end of a block.
const ROWS: usize = 512;

/// A place in a log, and how far to read.
#[derive(Clone)]
pub(crate) struct Reader {
    store: Arc<dyn Store>,
    log: LogKey,
    at: u64,
    end: u64,
    since: Option<Time>,
    until: Option<Time>,
}

impl Reader {
    /// At the beginning of `span`.
    pub(super) fn new(store: Arc<dyn Store>, log: LogKey, span: &Span) -> Self {
        Self {
            store,
            log,
            at: span.from,
            end: span.to,
            since: span.since,
            until: span.until,
        }
    }

    /// At position `at`, without an end.
    pub(crate) fn endless(store: Arc<dyn Store>, log: LogKey, at: u64) -> Self {
        Self {
            store,
            log,
            at,
            end: u64::MAX,
            since: None,
            until: None,
        }
    }

    /// The position of the next row.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Gives the next rows and their positions to `visit`. False where there are no more (now).
    pub(crate) async fn next(
        &mut self,
        mut visit: impl FnMut(u64, RowRef<'_>),
    ) -> Result<bool, StoreError> {
        if self.at >= self.end {
            return Ok(false);
        }
        let blocks = self.store.read(&self.log, self.at, ROWS).await?;
        let before = self.at;
        for block in blocks {
            // The first block may begin before; where retention took rows away, it begins after.
            let skipped = self.at.saturating_sub(block.first);
            let rows = block.rows.iter().enumerate();
            for (index, row) in rows.skip(usize::try_from(skipped).unwrap_or(usize::MAX)) {
                let position = block.first + index as u64;
                if position >= self.end {
                    break;
                }
                if self.in_time(row) {
                    visit(position, row);
                }
            }
            self.at = self.at.max(block.next().min(self.end));
        }
        Ok(self.at > before)
    }

    fn in_time(&self, row: RowRef<'_>) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        let Some(ts) = row.ts() else {
            return false;
        };
        self.since.is_none_or(|since| ts >= since) && self.until.is_none_or(|until| ts < until)
    }
}
