//! What was sent, and what was said to it: what the server is held to.

use std::collections::HashMap;

use crate::sample::Event;

/// What is known of an event that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The server said that it is on disk.
    Acknowledged,
    /// No answer came.
    Unsure,
    /// The server said that it can't take it now.
    Refused,
}

/// An encoded command that was sent: the event, and what must come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub(crate) number: u64,
    pub(crate) client: String,
}

/// Every event, by its number.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    fates: Vec<Fate>,
    /// By the script, which no two events share.
    encoded: HashMap<String, Encoded>,
}

impl Ledger {
    /// The number that the next event gets.
    pub(crate) fn next(&self) -> u64 {
        self.fates.len() as u64
    }

    /// Writes down what became of events that were sent together.
    pub(crate) fn record(&mut self, events: Vec<Event>, fate: Fate) {
        for event in events {
            let number = self.next();
            if let Some(script) = event.script {
                let client = event.client;
                self.encoded.insert(script, Encoded { number, client });
            }
            self.fates.push(fate);
        }
    }

    /// The events from number `from` on.
    pub(crate) fn fates(&self, from: u64) -> impl Iterator<Item = (u64, Fate)> {
        let fates = self.fates.iter().copied().enumerate();
        fates
            .skip(from as usize)
            .map(|(number, fate)| (number as u64, fate))
    }

    /// How many were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        let fates = self.fates.iter();
        fates.filter(|fate| **fate == Fate::Acknowledged).count() as u64
    }

    /// The events that carry an encoded command.
    pub(crate) fn encoded(&self) -> impl Iterator<Item = &Encoded> {
        self.encoded.values()
    }

    /// The event in which `script` is encoded.
    pub(crate) fn with_script(&self, script: &str) -> Option<&Encoded> {
        self.encoded.get(script)
    }
}
