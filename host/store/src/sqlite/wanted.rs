//! When a read has enough.

/// The most bytes of rows that one read gives, but for a first block that is larger.
const READ_BYTES: usize = 32 << 20;

/// How much of a stretch is still wanted.
pub(super) struct Wanted {
    rows: u64,
    bytes: usize,
    begun: bool,
}

impl Wanted {
    pub(super) fn new(max_rows: usize) -> Self {
        Self {
            rows: max_rows.max(1) as u64,
            bytes: READ_BYTES,
            begun: false,
        }
    }

    /// Whether a block with so many wanted rows and so many bytes is to be taken; the first always is.
    pub(super) fn take(&mut self, rows: u64, bytes: usize) -> bool {
        if self.begun && (self.is_done() || bytes > self.bytes) {
            return false;
        }
        self.begun = true;
        self.rows = self.rows.saturating_sub(rows);
        self.bytes = self.bytes.saturating_sub(bytes);
        true
    }

    /// Whether there are rows enough.
    pub(super) fn is_done(&self) -> bool {
        self.rows == 0
    }
}
