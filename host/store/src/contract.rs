//! The trait that a store implements, in the terms of the turn. No word of SQL here: another engine can stand behind it.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use async_trait::async_trait;
use tokio::sync::watch;
use watchbox_model::{
    AuditRecord, Client, ClientId, ComponentSignature, Digest, LabelChange, LogKey, Name, Rows,
    SearchTerm, Time, TurnId, Usage,
    audit::{Decision, Entry, SignedCheckpoint},
    client::Seen,
    dead_letter::DeadLetter,
};

use crate::{
    Effect, Installation, JournalEntry, OpenTurn, Sealed, Settlement, StoreError, Tally, Token,
    UsageQuery, Version, VersionNote, Written,
};

/// How many records are read at once where many are summed up.
const RECORDS: u32 = 1_000;

/// Rows to put at the end of a log.
#[derive(Clone, Debug)]
pub struct Append {
    /// Which log; it comes into being with its first rows.
    pub log: LogKey,
    /// The rows, each with its `_ts`.
    pub rows: Rows,
    /// When they were accepted: the `_ts` of them all.
    pub at: Time,
}

/// A stretch of a log, as it is read.
#[derive(Clone, Debug)]
pub struct Block {
    /// The position of its first row.
    pub first: u64,
    /// Its rows.
    pub rows: Rows,
    /// The earliest `_ts` among them.
    pub from: Time,
    /// The latest.
    pub to: Time,
}

impl Block {
    /// The position after its last row.
    pub fn next(&self) -> u64 {
        self.first + self.rows.len() as u64
    }
}

/// A log, described.
#[derive(Clone, Debug, PartialEq)]
pub struct LogInfo {
    /// Which one.
    pub log: LogKey,
    /// The position of the first row that is still kept.
    pub first: u64,
    /// The position that the next row will get.
    pub next: u64,
    /// Bytes of its rows.
    pub bytes: u64,
    /// The `_ts` of its newest row, though retention took that.
    pub newest: Option<Time>,
}

/// A cursor's step, from where the turn found it to where it leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// In which log.
    pub log: LogKey,
    /// Where the cursor must be; else the commit fails with [`StoreError::Moved`] and changes nothing.
    pub from: u64,
    /// Where it will be.
    pub to: u64,
}

/// A key of the artifact's state, set or (`None`) removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// The key.
    pub key: String,
    /// Its new value.
    pub value: Option<Vec<u8>>,
}

/// All that a turn did, committed as one.
#[derive(Clone, Debug)]
pub struct TurnCommit {
    /// Whose turn.
    pub installation: Name,
    /// For a turn over events: the cursor's step.
    pub advance: Option<Advance>,
    /// For a tick: when it was due; ticks up to then are done. Of one that is set aside the journal is carried to those that follow,
    /// until one is committed that is not: see [`Store::carried`].
    pub tick: Option<Time>,
    /// What becomes of its journal, where it has one.
    pub journal: Option<Settlement>,
    /// Rows and messages.
    pub appends: Vec<Append>,
    /// Labels put on and taken off, in order. Of a client that is gone: passed over.
    pub labels: Vec<LabelChange>,
    /// State written, in order.
    pub state: Vec<StateChange>,
    /// What it used.
    pub audit: Vec<AuditRecord>,
    /// The trigger, where it is set aside instead (its `id` is given by the store).
    pub dead_letter: Option<DeadLetter>,
    /// The dead letter whose trigger it was, where it was given again: dropped with the commit, and its journal with it. The commit
    /// is [`StoreError::Missing`] if it is gone.
    pub redriven: Option<u64>,
    /// Whether the commit must be on disk when the call returns. Only needed where something left the machine.
    pub durable: bool,
}

/// Some of what matches, and where to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Whether there are more.
    pub more: bool,
}

impl<T> Page<T> {
    /// The page of at most `limit` of these; whoever gives one more than that says that there are more.
    pub fn cut(mut items: Vec<T>, limit: u32) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        Self { items, more }
    }
}

/// Which audit records are wanted, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Those of this installation.
    pub artifact: Option<Name>,
    /// Those of this capability.
    pub capability: Option<String>,
    /// Those with this decision.
    pub decision: Option<Decision>,
    /// Those at or after.
    pub since: Option<Time>,
    /// Those before.
    pub until: Option<Time>,
    /// Those with a smaller number.
    pub before: Option<u64>,
    /// How many at most.
    pub limit: u32,
}

/// What a turn reads: clients and state as they were when the snapshot was taken.
#[async_trait]
pub trait Snapshot: Send + Sync {
    /// The client of this id.
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError>;
    /// Clients that match, ordered by id, after `after`, at most `limit`.
    async fn search(
        &self,
        term: &SearchTerm,
        limit: u32,
        after: Option<&ClientId>,
    ) -> Result<Page<Client>, StoreError>;
    /// The value of a key of `installation`'s state.
    async fn state(&self, installation: &Name, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// The keys that start with `prefix`, sorted, each with its value's bytes.
    async fn state_keys(
        &self,
        installation: &Name,
        prefix: &str,
    ) -> Result<Vec<(String, u64)>, StoreError>;
}

/// A store. Calls may be made from any thread; each write is one transaction. Removing what is not there is [`StoreError::Missing`].
#[async_trait]
pub trait Store: Send + Sync + 'static {
    // Logs.

    /// Puts rows at the end of their logs and marks clients as seen (registering those unknown), as one transaction that
    /// is on disk when this returns. Gives the first position of each append, in order.
    async fn append(&self, appends: Vec<Append>, seen: Vec<Seen>) -> Result<Vec<u64>, StoreError>;
    /// The blocks that hold positions from `from` on, oldest first, until `max_rows` are reached (at least one block, if there is one). The
    /// first may begin before `from`; where retention took `from` away, it begins after it. They may be fewer, so that many large rows
    /// don't fill the memory: ask again from the last one's [`Block::next`]; only an empty answer means the end.
    async fn read(
        &self,
        log: &LogKey,
        from: u64,
        max_rows: usize,
    ) -> Result<Vec<Arc<Block>>, StoreError>;
    /// The blocks that hold positions before `before`, newest first, until `max_rows` are reached. As with
    /// [`Store::read`], they may be fewer: ask again before the last one's first.
    async fn read_back(
        &self,
        log: &LogKey,
        before: u64,
        max_rows: usize,
    ) -> Result<Vec<Arc<Block>>, StoreError>;
    /// The first position whose `_ts` may be `at` or later; the log's end where there is none.
    async fn seek(&self, log: &LogKey, at: Time) -> Result<u64, StoreError>;
    /// A position from which on no row's `_ts` is before `at`. There may be such rows shortly before it as well, but for those of some minutes none
    /// where the clock was never set back.
    async fn seek_end(&self, log: &LogKey, at: Time) -> Result<u64, StoreError>;
    /// The log's end, told anew at each append that is visible to [`Store::read`]. A log that isn't there yet is at 0.
    fn watch(&self, log: &LogKey) -> watch::Receiver<u64>;
    /// Every log.
    async fn logs(&self) -> Result<Vec<LogInfo>, StoreError>;

    // Turns.

    /// Where `installation`'s cursor is in `log`; `None` before it was first set.
    async fn cursor(&self, installation: &Name, log: &LogKey) -> Result<Option<u64>, StoreError>;
    /// The due time of the last tick that was done.
    async fn last_tick(&self, installation: &Name) -> Result<Option<Time>, StoreError>;
    /// Commits a turn. Of an installation that was removed meanwhile it is [`StoreError::Missing`], and nothing of it is kept: what it left
    /// behind would be taken for that of the next one of its name. A cursor that was never set is at 0.
    async fn commit(&self, turn: TurnCommit) -> Result<(), StoreError>;
    /// Keeps what was said and done in a try that was discarded: messages and audit records only.
    async fn record(&self, appends: Vec<Append>, audit: Vec<AuditRecord>)
    -> Result<(), StoreError>;
    /// What a turn reads; taken when its first read comes.
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError>;
    /// Opens a turn, before anything of it leaves the machine; on disk when this returns. It stays open until it is over.
    async fn open(&self, turn: &OpenTurn) -> Result<(), StoreError>;
    /// Writes down an effect that left the machine; on disk when this returns. It opens the turn, if that is not open.
    /// An effect that comes again has the outcome that came last. Of an installation that was removed it is [`StoreError::Missing`].
    async fn journal(&self, turn: &OpenTurn, entry: JournalEntry) -> Result<(), StoreError>;
    /// Forgets what came of an effect of `turn` and, where that is a tick, of those of its name that are [carried](Store::carried):
    /// they count as taken.
    async fn forget(&self, turn: &OpenTurn, effect: &Effect) -> Result<(), StoreError>;
    /// The turns of `installation` that are open, oldest first, with what is written down of them; those set aside are not among them.
    async fn open_turns(
        &self,
        installation: &Name,
    ) -> Result<Vec<(OpenTurn, Vec<Written>)>, StoreError>;
    /// What is written down of one turn of `installation`, set aside or not, in the order of names.
    async fn written(&self, installation: &Name, turn: &TurnId)
    -> Result<Vec<Written>, StoreError>;
    /// What came of an effect that is written down, unless it is taken.
    async fn outcome(
        &self,
        installation: &Name,
        turn: &TurnId,
        effect: &Effect,
    ) -> Result<Option<Vec<u8>>, StoreError>;
    /// What was written down of the ticks that were set aside since the last one that was done, the newest first.
    async fn carried(&self, installation: &Name) -> Result<Vec<(TurnId, Effect)>, StoreError>;

    // The monitoring table.

    /// Every installation.
    async fn installations(&self) -> Result<Vec<Installation>, StoreError>;
    /// Puts one in, or changes it, and sets cursors (kept where they are already set); with its audit record. Where `version` says that it
    /// became another version, its history gets a line of what it now is, under the next number, as of its `changed_at` and by its
    /// `changed_by`; of the history the newest [`KEPT_VERSIONS`](crate::KEPT_VERSIONS) are kept, and components of those that go go too,
    /// unless an installation needs them.
    async fn put_installation(
        &self,
        installation: Installation,
        version: Option<VersionNote>,
        cursors: Vec<(LogKey, u64)>,
        audit: AuditRecord,
    ) -> Result<(), StoreError>;
    /// The history of `installation`, newest first.
    async fn versions(&self, installation: &Name) -> Result<Vec<Version>, StoreError>;
    /// Takes one out, its cursors, state, journal, history and last tick with it; rows, dead letters and audit records stay.
    async fn remove_installation(&self, name: &Name, audit: AuditRecord) -> Result<(), StoreError>;
    /// Keeps a component's bytes.
    async fn put_component(
        &self,
        digest: Digest,
        bytes: bytes::Bytes,
        audit: AuditRecord,
    ) -> Result<(), StoreError>;
    /// A component's bytes.
    async fn component(&self, digest: Digest) -> Result<Option<bytes::Bytes>, StoreError>;

    /// Every component that is kept: its digest, its size in bytes and when it came.
    async fn components(&self) -> Result<Vec<(Digest, u64, Time)>, StoreError>;
    /// Removes a component that no installation runs, has in its history or waits to run; else [`StoreError::Conflict`].
    async fn remove_component(&self, digest: Digest, audit: AuditRecord) -> Result<(), StoreError>;
    /// Keeps a signature of a component, in place of another by the same key; of one that is not there it is [`StoreError::Missing`].
    async fn put_signature(
        &self,
        digest: Digest,
        signature: ComponentSignature,
        audit: AuditRecord,
    ) -> Result<(), StoreError>;
    /// The signatures of a component and when each came, the oldest first. They go with it.
    async fn signatures(
        &self,
        digest: Digest,
    ) -> Result<Vec<(ComponentSignature, Time)>, StoreError>;
    /// All sealed secrets: of installations, of their histories, of what waits for approval.
    async fn sealed(&self) -> Result<Vec<Sealed>, StoreError>;
    /// Puts these bytes in the places of those that are there, as one transaction that is on disk when this returns. Where one of the
    /// places is gone it is [`StoreError::Missing`], and nothing is changed.
    async fn reseal(&self, sealed: Vec<Sealed>, audit: AuditRecord) -> Result<(), StoreError>;

    // Clients.

    /// Registers a client, or changes the hostname and os of one that is known; its labels are changed by [`Store::change_labels`].
    async fn put_client(&self, client: Client, audit: AuditRecord) -> Result<(), StoreError>;
    /// Removes a client (its events stay).
    async fn remove_client(&self, id: &ClientId, audit: AuditRecord) -> Result<(), StoreError>;
    /// Puts labels on and takes them off; an unknown client is [`StoreError::Missing`].
    async fn change_labels(
        &self,
        changes: Vec<LabelChange>,
        audit: AuditRecord,
    ) -> Result<(), StoreError>;

    // Dead letters and the trail.

    /// Dead letters with a smaller number than `before`, newest first.
    async fn dead_letters(
        &self,
        installation: Option<&Name>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Page<DeadLetter>, StoreError>;
    /// How many dead letters each installation has that has any, or the one that is meant.
    async fn dead_letter_counts(
        &self,
        installation: Option<&Name>,
    ) -> Result<BTreeMap<Name, u64>, StoreError>;
    /// Drops one, and its journal.
    async fn drop_dead_letter(&self, id: u64, audit: AuditRecord) -> Result<(), StoreError>;
    /// Audit records with their numbers, newest first.
    async fn audit(&self, query: AuditQuery) -> Result<Page<(u64, AuditRecord)>, StoreError>;
    /// The trail as a chain: its records from number `from` on, oldest first, at most `limit`. Each record that is written, by whichever method,
    /// gets the number after the last one's, and the hash that follows from that one's.
    async fn trail(&self, from: u64, limit: u32) -> Result<Vec<Entry>, StoreError>;
    /// The number of the last record of the trail, told anew with each that is visible to [`Store::trail`]; 0 where there is none.
    fn watch_trail(&self) -> watch::Receiver<u64>;
    /// The number of the first record that retention keeps at `now`. The last one is always kept: the next is chained to it.
    async fn trail_kept(&self, now: Time) -> Result<u64, StoreError>;
    /// Keeps a checkpoint of the trail. The newest ones are kept, and of those before them what no longer fits the trail. Records from before the
    /// newest one's `first` may go: see [`Store::retain`].
    async fn put_checkpoint(&self, checkpoint: SignedCheckpoint) -> Result<(), StoreError>;
    /// The checkpoints that are kept, oldest first.
    async fn checkpoints(&self) -> Result<Vec<SignedCheckpoint>, StoreError>;
    /// What an installation used and tried, summed up, as of now. Takes memory for the sums and a page of records; records that retention
    /// takes meanwhile may be in it or not.
    async fn usage(&self, query: UsageQuery) -> Result<Vec<Usage>, StoreError> {
        let mut tally = Tally::new(query.most);
        let mut before = None;
        loop {
            let page = AuditQuery {
                artifact: Some(query.artifact.clone()),
                since: query.since,
                until: query.until,
                before,
                limit: RECORDS,
                ..AuditQuery::default()
            };
            let page = self.audit(page).await?;
            before = page.items.last().map(|(number, _)| *number);
            for (_, record) in page.items {
                tally.add(record);
            }
            if !page.more {
                return Ok(tally.finish());
            }
        }
    }

    // Tokens.

    /// Every token's record.
    async fn tokens(&self) -> Result<Vec<Token>, StoreError>;
    /// Keeps one, in place of the one of its name. One whose hash another name has is [`StoreError::Conflict`].
    async fn put_token(&self, token: Token, audit: AuditRecord) -> Result<(), StoreError>;
    /// Removes one by name.
    async fn remove_token(&self, name: &str, audit: AuditRecord) -> Result<(), StoreError>;
    /// Sets a token's `last_used`, which never goes back; does nothing where it is gone. Comes at most once an hour for each token, and is in no audit record.
    async fn touch_token(&self, name: &str, at: Time) -> Result<(), StoreError>;

    // The store itself.

    /// Whether it can be written to now; what readiness asks.
    async fn check(&self) -> Result<(), StoreError>;
    /// Lets go of what retention no longer keeps; of the trail no more than a checkpoint was signed for. Says how many rows went.
    async fn retain(&self, now: Time) -> Result<u64, StoreError>;
    /// Writes a copy of all that is kept, as of one moment, to the new file `to`, for its owner only; says how many bytes it has.
    /// Work goes on meanwhile. A copy that failed is taken away again.
    async fn backup(&self, to: &Path) -> Result<u64, StoreError>;
    /// Finishes what was accepted and closes.
    async fn close(&self);
}
