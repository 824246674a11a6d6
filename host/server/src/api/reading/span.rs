//! Which positions of a log a query means.

use watchbox_model::{LogKey, Time};
use watchbox_store::{Store, StoreError};

use super::ReadQuery;
use crate::api::problem::{Kind, Problem};

/// The most positions of one page.
const MAX_LIMIT: u64 = 100_000;

/// The positions of a page where nothing is said.
const LIMIT: u64 = 1_000;

/// A stretch of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The first position.
    pub(super) from: u64,
    /// The position after the last.
    pub(super) to: u64,
    /// Rows before this are left out.
    pub(super) since: Option<Time>,
    /// Rows at or after this are left out.
    pub(super) until: Option<Time>,
    /// What to give as `after` for the next page; none where this one is empty.
    pub(super) next: Option<u64>,
}

impl Span {
    /// What `query` means of `log` as it is now.
    pub(super) async fn of(
        store: &dyn Store,
        log: &LogKey,
        query: &ReadQuery,
    ) -> Result<Self, Problem> {
        let limit = query.limit.unwrap_or(LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            let detail = format!("`limit` must be 1 to {MAX_LIMIT}");
            return Err(Problem::new(Kind::Invalid, detail));
        }
        let (since, until) = (query.since.map(Time::from), query.until.map(Time::from));
        let mut end = *store.watch(log).borrow();
        if let Some(until) = until {
            end = end.min(store.seek_end(log, until).await?);
        }
        let mut from = query.after.map_or(0, |after| after.saturating_add(1));
        if let Some(since) = since {
            from = from.max(store.seek(log, since).await?);
        }
        if let Some(last) = query.last {
            from = from.max(end.saturating_sub(last));
        }
        // What retention took away is no page of nothing: the page begins with what is kept.
        let from = from.max(first_kept(store, log, from).await?.unwrap_or(end));
        let to = from.saturating_add(limit).min(end);
        Ok(Self {
            from,
            to,
            since,
            until,
            next: (from < to).then(|| to - 1),
        })
    }
}

async fn first_kept(store: &dyn Store, log: &LogKey, from: u64) -> Result<Option<u64>, StoreError> {
    let blocks = store.read(log, from, 1).await?;
    Ok(blocks.first().map(|block| block.first))
}
