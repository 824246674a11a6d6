//! Batches: the events past a cursor that pass the filter, cut to the wanted columns.

use std::{future::pending, ops::Range, sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};
use watchbox_model::{LogKey, Rows, RowsBuilder, manifest::ResolvedSubscription};
use watchbox_store::{Block, Store, StoreError};

use crate::bound::Bounds;

/// The most bytes of a batch (but one event may have more), whatever its rows.
const BATCH_BYTES: usize = 4 << 20;
/// About how many bytes of a log are read at a time.
const READ_BYTES: usize = 4 << 20;
/// The fewest and the most rows that are read at a time.
const READ_ROWS: Range<usize> = 64..16_384;
/// After so many events of which none passed, the cursor is kept, so that a restart does not look at them again;
/// nor does a batch reach further for more.
const KEEP_AFTER: u64 = 100_000;

/// Events to hand over in one turn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Batch {
    /// The first position of the stretch that the turn is about: where the cursor is.
    pub(crate) from: u64,
    /// The position after its last.
    pub(crate) to: u64,
    /// The events of the stretch that passed, cut.
    pub(crate) rows: Rows,
    /// Where each of them stands.
    pub(crate) positions: Vec<u64>,
}

/// What a look at a log found.
#[derive(Debug)]
pub(crate) enum Found {
    /// A batch.
    Batch(Batch),
    /// So many events that did not pass that the cursor should be kept.
    Passed,
    /// Nothing up to the log's end.
    End,
}

/// An installation's place in one log.
pub(crate) struct Reader {
    pub(crate) log: LogKey,
    subscription: ResolvedSubscription,
    end: watch::Receiver<u64>,
    /// Where the store keeps the cursor.
    cursor: u64,
    /// How far it was looked; from the cursor to here nothing passed.
    at: u64,
    /// Turns whose bounds are given: begun before, or halved.
    pub(crate) bounds: Bounds,
    /// How many events retention took before they were come to, of which nobody was told.
    missed: u64,
    /// Up to where those were counted.
    missed_to: u64,
    /// Blocks that were read and not come to.
    ahead: Vec<Arc<Block>>,
    /// How many rows to read at a time.
    read_rows: usize,
}

impl Reader {
    /// A reader of `log` whose cursor is at `cursor`.
    pub(crate) fn new(
        log: LogKey,
        subscription: ResolvedSubscription,
        cursor: u64,
        bounds: Bounds,
        store: &dyn Store,
    ) -> Self {
        Self {
            end: store.watch(&log),
            log,
            subscription,
            cursor,
            at: cursor,
            bounds,
            missed: 0,
            missed_to: 0,
            ahead: Vec::new(),
            read_rows: READ_ROWS.start,
        }
    }

    /// Where the store keeps the cursor.
    pub(crate) fn cursor(&self) -> u64 {
        self.cursor
    }

    /// How far it was looked.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// The log's end, as it grows.
    pub(crate) fn end(&self) -> watch::Receiver<u64> {
        self.end.clone()
    }

    /// How many events retention took before they were come to, of which nobody was told.
    pub(crate) fn missed(&self) -> u64 {
        self.missed
    }

    /// Somebody was told of that many.
    pub(crate) fn told(&mut self, missed: u64) {
        self.missed -= missed;
    }

    /// Retention took what is between; it may be found out again.
    fn miss(&mut self, from: u64, to: u64) {
        self.missed += to.saturating_sub(from.max(self.missed_to));
        self.missed_to = self.missed_to.max(to);
    }

    /// The store has put the cursor to `to`.
    pub(crate) fn advanced(&mut self, to: u64) {
        self.cursor = to;
        self.at = self.at.max(to);
    }

    /// Forgets how far it was looked.
    pub(crate) fn rewind(&mut self) {
        self.at = self.cursor;
    }

    /// Waits until there is something that was not looked at.
    pub(crate) async fn grown(&self) {
        let mut end = self.end.clone();
        let at = self.at;
        // A store that is closed tells of no more events.
        if end.wait_for(|end| *end > at).await.is_err() {
            pending::<()>().await;
        }
    }

    /// Looks for the next batch. May be dropped at any time: only what did not pass is left behind.
    pub(crate) async fn look(&mut self, store: &dyn Store) -> Result<Found, StoreError> {
        if let Some(to) = self.bounds.next_end() {
            return self.bounded(store, to).await.map(Found::Batch);
        }
        let mut draft = Draft::default();
        let mut at = self.at;
        let mut deadline = None;
        loop {
            let end = *self.end.borrow();
            let blocks = self.read(store, at).await?;
            if blocks.is_empty() && at < end {
                // Retention took all that was there.
                self.miss(at, end);
                at = end;
                if draft.positions.is_empty() {
                    self.at = at;
                }
                continue;
            }
            if blocks.is_empty() {
                if draft.positions.is_empty() {
                    return Ok(Found::End);
                }
                let wait = Duration::from_millis(self.subscription.batch.wait_ms.into());
                let deadline = *deadline.get_or_insert_with(|| Instant::now() + wait);
                let mut end = self.end.clone();
                let more = tokio::time::timeout_at(deadline, end.wait_for(|end| *end > at)).await;
                if !matches!(more, Ok(Ok(_))) {
                    return Ok(Found::Batch(self.batch(draft, at)));
                }
                continue;
            }
            if let Some(first) = blocks.first().map(|block| block.first) {
                self.miss(at, first);
            }
            let limit = self.subscription.batch.rows as usize;
            for (index, block) in blocks.iter().enumerate() {
                at = self.scan(block, at..u64::MAX, limit, &mut draft);
                if draft.is_full(limit) {
                    self.ahead = blocks[index..].to_vec();
                    return Ok(Found::Batch(self.batch(draft, at)));
                }
                if draft.positions.is_empty() {
                    self.at = at;
                }
            }
            match draft.positions.first() {
                None if self.at - self.cursor >= KEEP_AFTER => return Ok(Found::Passed),
                Some(first) if at - first >= KEEP_AFTER => {
                    return Ok(Found::Batch(self.batch(draft, at)));
                }
                _ => {}
            }
            // A long way to the log's end must not hold up the other runners of this thread.
            tokio::task::yield_now().await;
        }
    }

    /// All that passes from the cursor up to `to`.
    async fn bounded(&mut self, store: &dyn Store, to: u64) -> Result<Batch, StoreError> {
        let (rows, positions) = self.events(store, self.cursor, to).await?;
        Ok(Batch {
            from: self.cursor,
            to,
            rows,
            positions,
        })
    }

    /// All that passes from `from` up to `to`, and where each event stands.
    pub(crate) async fn events(
        &mut self,
        store: &dyn Store,
        from: u64,
        to: u64,
    ) -> Result<(Rows, Vec<u64>), StoreError> {
        let mut draft = Draft::default();
        let mut at = from;
        while at < to {
            let blocks = self.read(store, at).await?;
            // Retention may have taken a part of it meanwhile, or all.
            let first = blocks.first().map_or(to, |block| block.first.min(to));
            self.miss(at, first);
            if blocks.is_empty() {
                break;
            }
            for block in &blocks {
                at = self.scan(block, at..to, usize::MAX, &mut draft);
            }
            tokio::task::yield_now().await;
        }
        Ok((draft.rows.finish(), draft.positions))
    }

    /// The blocks from position `from` on; none at the log's end.
    async fn read(&mut self, store: &dyn Store, from: u64) -> Result<Vec<Arc<Block>>, StoreError> {
        let ahead = std::mem::take(&mut self.ahead);
        let covers = |block: &Arc<Block>| block.first <= from && from < block.next();
        if let Some(index) = ahead.iter().position(covers) {
            return Ok(ahead[index..].to_vec());
        }
        if *self.end.borrow() <= from {
            return Ok(Vec::new());
        }
        let blocks = store.read(&self.log, from, self.read_rows).await?;
        let rows: usize = blocks.iter().map(|block| block.rows.len()).sum();
        let bytes: usize = blocks.iter().map(|block| block.rows.bytes()).sum();
        if let Some(bytes_per_row) = bytes.checked_div(rows) {
            self.read_rows =
                (READ_BYTES / bytes_per_row.max(1)).clamp(READ_ROWS.start, READ_ROWS.end);
        }
        Ok(blocks)
    }

    /// Takes what passes of `block` within `range` into `draft`, until it is full. Gives the position to go on from.
    fn scan(&self, block: &Block, range: Range<u64>, limit: usize, draft: &mut Draft) -> u64 {
        let first = range.start.max(block.first);
        let last = range.end.min(block.next());
        for position in first..last {
            let Some(row) = block.rows.get((position - block.first) as usize) else {
                break;
            };
            if self.subscription.filter.passes(row) {
                self.subscription
                    .columns
                    .cut(row, position, &mut draft.rows);
                draft.positions.push(position);
                if limit != usize::MAX && draft.is_full(limit) {
                    return position + 1;
                }
            }
        }
        last.max(range.start)
    }

    fn batch(&self, draft: Draft, to: u64) -> Batch {
        Batch {
            from: self.cursor,
            to,
            rows: draft.rows.finish(),
            positions: draft.positions,
        }
    }
}

/// A batch that is being put together.
#[derive(Default)]
struct Draft {
    rows: RowsBuilder,
    positions: Vec<u64>,
}

impl Draft {
    fn is_full(&self, limit: usize) -> bool {
        self.positions.len() >= limit || self.rows.bytes() >= BATCH_BYTES
    }
}
