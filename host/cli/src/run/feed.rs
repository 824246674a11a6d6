//! Reads a file of events on a thread of its own, and keeps what passes the filter.

use std::{
    io::{self, Read},
    thread,
};

use tokio::sync::mpsc;
use watchbox_model::{
    event::{EventBatch, EventContext, Place, Refusal, read_json_matching},
    manifest::ResolvedSubscription,
};

use super::lines::{Lines, MAX_LINE, Piece};

/// How many pieces may wait for the guest: enough to bridge a turn, little enough to bound memory.
const WAITING: usize = 4;

/// What one piece of the file held.
#[derive(Debug)]
pub struct Fed {
    /// How many bytes it had.
    pub bytes: u64,
    /// How many events were in it, refused ones left out.
    pub events: u64,
    /// Those that passed, and what was refused.
    pub batch: EventBatch,
}

/// What is read and is still to be worked on.
#[derive(Debug)]
pub struct Feed {
    pieces: mpsc::Receiver<io::Result<Fed>>,
}

impl Feed {
    /// Starts to read `source`.
    pub fn start(
        source: impl Read + Send + 'static,
        subscription: ResolvedSubscription,
        context: EventContext,
    ) -> Self {
        let (sender, pieces) = mpsc::channel(WAITING);
        thread::spawn(move || {
            // Whoever waits for the pieces is told of a failure in their stead; if nobody waits, nobody needs to know.
            if let Err(error) = read(source, &subscription, &context, &sender) {
                let _ = sender.blocking_send(Err(error));
            }
        });
        Self { pieces }
    }

    /// The next piece; none at the end.
    pub async fn next(&mut self) -> io::Result<Option<Fed>> {
        self.pieces.recv().await.transpose()
    }

    /// Whether nothing is waiting just now.
    pub fn is_dry(&self) -> bool {
        self.pieces.is_empty()
    }
}

fn read(
    source: impl Read,
    subscription: &ResolvedSubscription,
    context: &EventContext,
    pieces: &mpsc::Sender<io::Result<Fed>>,
) -> io::Result<()> {
    let mut lines = Lines::new(source);
    let mut place = Place::default();
    while let Some(piece) = lines.next()? {
        let fed = match piece {
            Piece::Lines(text) => {
                let (events, batch) = read_json_matching(
                    text,
                    context,
                    &subscription.filter,
                    &subscription.columns,
                    &mut place,
                );
                Fed {
                    bytes: text.len() as u64,
                    events,
                    batch,
                }
            }
            Piece::TooLong => {
                let refusal = Refusal {
                    line: place.line,
                    reason: format!("it has more than {MAX_LINE} bytes"),
                };
                place.line += 1;
                Fed {
                    bytes: MAX_LINE as u64,
                    events: 0,
                    batch: EventBatch {
                        refused: vec![refusal],
                        refused_total: 1,
                        ..EventBatch::default()
                    },
                }
            }
        };
        if pieces.blocking_send(Ok(fed)).is_err() {
            // Nobody works on them any more.
            return Ok(());
        }
    }
    Ok(())
}
