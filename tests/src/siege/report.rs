//! What a siege comes to.

use std::fmt;

/// The counts of a siege, and what was not as it must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What all of it was decided by.
    pub seed: u64,
    /// Rounds that were done.
    pub rounds: u32,
    /// Kills: one a round, or two.
    pub kills: u64,
    /// Pages of the store that power cuts took; none where the server is only killed.
    pub pages_lost: u64,
    /// Upgrades that were done while events flowed.
    pub upgrades: u64,
    /// Events that were sent.
    pub events: u64,
    /// Those that the server said are on disk.
    pub acknowledged: u64,
    /// Those that are kept in the end: some came without an answer.
    pub events_kept: u64,
    /// Rows that were decoded.
    pub rows: u64,
    /// Times that a client was labelled, and told of.
    pub clients: u64,
    /// Messages that the webhook took.
    pub messages: u64,
    /// Messages that came again since a kill fell between the webhook's taking them and the journal.
    pub in_window: u64,
    /// Answers of the webhook that were no acceptance.
    pub bad_answers: u64,
    /// What is not as it must be.
    pub differences: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("seed", self.seed),
            ("rounds", self.rounds.into()),
            ("kills", self.kills),
            ("pages written, not synced, and lost", self.pages_lost),
            ("upgrades under fire", self.upgrades),
            ("events sent", self.events),
            ("events acknowledged", self.acknowledged),
            ("events kept", self.events_kept),
            ("rows decoded", self.rows),
            ("clients labelled and told of", self.clients),
            ("messages that the webhook took", self.messages),
            ("  of them again, within the window", self.in_window),
            ("messages that it refused, dropped or cut", self.bad_answers),
            ("differences", self.differences.len() as u64),
        ];
        for (what, count) in lines {
            writeln!(f, "{what:<42}{count:>10}")?;
        }
        for difference in self.differences.iter().take(50) {
            writeln!(f, "  {difference}")?;
        }
        Ok(())
    }
}
