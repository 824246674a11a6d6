//! A log's live tail: server-sent events, read on a thread of their own so that they can be waited for with a limit.

use std::{
    io::{BufRead as _, BufReader, Read},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// A row, as it came.
#[derive(Clone, Debug)]
pub struct LiveRow {
    /// Its position in the log.
    pub position: u64,
    /// The row.
    pub row: Value,
    /// When it was read here.
    pub at: Instant,
}

/// A stream of rows. Ends when the server closes it.
#[derive(Debug)]
pub struct Live {
    rows: Receiver<LiveRow>,
}

impl Live {
    pub(crate) fn new(body: impl Read + Send + 'static) -> Self {
        let (sender, rows) = channel();
        thread::spawn(move || read(BufReader::new(body), &sender));
        Self { rows }
    }

    /// The next row, within `limit`.
    pub fn next_within(&self, limit: Duration) -> Result<LiveRow> {
        self.rows
            .recv_timeout(limit)
            .with_context(|| format!("no row within {limit:?}"))
    }

    /// The next `count` rows, within `limit` all together.
    pub fn take_within(&self, count: usize, limit: Duration) -> Result<Vec<LiveRow>> {
        let end = Instant::now() + limit;
        (0..count)
            .map(|nth| {
                self.next_within(end.saturating_duration_since(Instant::now()))
                    .with_context(|| format!("{nth} of {count} rows came within {limit:?}"))
            })
            .collect()
    }
}

impl Iterator for Live {
    type Item = LiveRow;

    fn next(&mut self) -> Option<LiveRow> {
        self.rows.recv().ok()
    }
}

/// Reads until the stream ends, is no longer listened to, or is not what it should be.
fn read(body: BufReader<impl Read>, rows: &Sender<LiveRow>) {
    let mut position = None;
    for line in body.lines().map_while(Result::ok) {
        if let Some(id) = line.strip_prefix("id:") {
            position = id.trim().parse().ok();
        } else if let Some(data) = line.strip_prefix("data:")
            && let (Some(position), Ok(row)) = (position.take(), serde_json::from_str(data))
            && rows
                .send(LiveRow {
                    position,
                    row,
                    at: Instant::now(),
                })
                .is_err()
        {
            return;
        }
    }
}
