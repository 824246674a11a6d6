//! What an instance may take of memory: linear memory as granted, tables as the host fixes them.

use wasmtime::ResourceLimiter;

use crate::engine::{CORE_INSTANCES, MEMORIES, TABLE_ELEMENTS, TABLES};

/// The limiter of one instance.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    limit: usize,
    /// What it has, over all its memories.
    used: usize,
    /// The most it ever had.
    peak: usize,
    /// What it asked for beyond the limit, if it did.
    refused: Option<usize>,
}

impl MemoryLimiter {
    /// At most `limit` bytes.
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            used: 0,
            peak: 0,
            refused: None,
        }
    }

    /// A turn begins, with this limit; what the instance has already, it keeps.
    pub(crate) fn begin(&mut self, limit: u64) {
        self.limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.refused = None;
    }

    /// The most memory it ever had, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.peak as u64
    }

    /// Whether it was refused memory, so that a trap after it is no riddle.
    pub(crate) fn refused(&self) -> Option<u64> {
        self.refused.map(|bytes| bytes as u64)
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.used.saturating_add(desired.saturating_sub(current));
        // A maximum of the guest's own is its own business; one of the pool is as good as the limit.
        if total > self.limit {
            self.refused = Some(total);
            return Ok(false);
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.used = total;
        self.peak = self.peak.max(total);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    // The pool holds to these by itself; without one, nothing else would.
    fn instances(&self) -> usize {
        CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_all_memories_together_and_remembers_a_refusal() {
        let mut limiter = MemoryLimiter::new(1_000);
        assert!(limiter.memory_growing(0, 600, None).unwrap());
        assert!(!limiter.memory_growing(0, 600, None).unwrap());
        assert_eq!(limiter.refused(), Some(1_200));
        assert!(limiter.memory_growing(600, 1_000, None).unwrap());
        assert_eq!(limiter.peak(), 1_000);
        limiter.begin(2_000);
        assert_eq!(limiter.refused(), None);
        assert!(limiter.memory_growing(1_000, 2_000, None).unwrap());
    }

    #[test]
    fn the_guests_own_maximum_is_no_limit_of_ours() {
        let mut limiter = MemoryLimiter::new(1_000);
        assert!(!limiter.memory_growing(0, 500, Some(400)).unwrap());
        assert_eq!(limiter.refused(), None);
        assert!(!limiter.table_growing(0, TABLE_ELEMENTS + 1, None).unwrap());
    }
}
