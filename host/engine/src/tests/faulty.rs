//! A store that fails when it is told to, over one that does not.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use tokio::sync::watch;
use watchbox_model::{
    AuditRecord, Client, ClientId, ComponentSignature, Digest, LabelChange, LogKey, Name, Time,
    TurnId,
    audit::{Entry, SignedCheckpoint},
    client::Seen,
    dead_letter::DeadLetter,
};
use watchbox_store::{
    Append, AuditQuery, Block, Effect, Installation, JournalEntry, LogInfo, OpenTurn, Page, Sealed,
    Snapshot, Store, StoreError, Token, TurnCommit, Version, VersionNote, Written,
};

/// The store.
pub(super) struct Faulty {
    pub(super) inner: Arc<dyn Store>,
    /// No commit goes through.
    pub(super) is_full: AtomicBool,
    /// No log can be read.
    pub(super) is_unreadable: AtomicBool,
    /// So many of the next commits do not go through.
    pub(super) failing_commits: AtomicU32,
    /// So many of the next entries of the journal.
    pub(super) failing_entries: AtomicU32,
    /// Commits that did not go through.
    pub(super) refused: AtomicU32,
    /// Reading this log panics.
    pub(super) cursed: Option<LogKey>,
    /// How often it did.
    pub(super) panics: AtomicU32,
}

impl Faulty {
    pub(super) fn over(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            is_full: AtomicBool::new(false),
            is_unreadable: AtomicBool::new(false),
            failing_commits: AtomicU32::new(0),
            failing_entries: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            cursed: None,
            panics: AtomicU32::new(0),
        }
    }
}

type Result<T> = std::result::Result<T, StoreError>;

/// Fails, if there are failures left.
fn fail(left: &AtomicU32) -> Result<()> {
    let one_less = |left: u32| left.checked_sub(1);
    match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
        Ok(_) => Err(StoreError::Other("the disk has its moods".to_owned())),
        Err(_) => Ok(()),
    }
}

#[async_trait]
impl Store for Faulty {
    async fn append(&self, appends: Vec<Append>, seen: Vec<Seen>) -> Result<Vec<u64>> {
        self.inner.append(appends, seen).await
    }
    async fn read(&self, log: &LogKey, from: u64, max_rows: usize) -> Result<Vec<Arc<Block>>> {
        if self.cursed.as_ref() == Some(log) {
            self.panics.fetch_add(1, Ordering::SeqCst);
            panic!("a log that nobody may read");
        }
        if self.is_unreadable.load(Ordering::SeqCst) {
            return Err(StoreError::Other("the disk is broken".to_owned()));
        }
        self.inner.read(log, from, max_rows).await
    }
    async fn read_back(&self, log: &LogKey, before: u64, max: usize) -> Result<Vec<Arc<Block>>> {
        self.inner.read_back(log, before, max).await
    }
    async fn seek(&self, log: &LogKey, at: Time) -> Result<u64> {
        self.inner.seek(log, at).await
    }
    async fn seek_end(&self, log: &LogKey, at: Time) -> Result<u64> {
        self.inner.seek_end(log, at).await
    }
    fn watch(&self, log: &LogKey) -> watch::Receiver<u64> {
        self.inner.watch(log)
    }
    async fn logs(&self) -> Result<Vec<LogInfo>> {
        self.inner.logs().await
    }
    async fn cursor(&self, installation: &Name, log: &LogKey) -> Result<Option<u64>> {
        self.inner.cursor(installation, log).await
    }
    async fn last_tick(&self, installation: &Name) -> Result<Option<Time>> {
        self.inner.last_tick(installation).await
    }
    async fn commit(&self, turn: TurnCommit) -> Result<()> {
        if self.is_full.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(StoreError::ReadOnly("the disk is full".to_owned()));
        }
        fail(&self.failing_commits)?;
        self.inner.commit(turn).await
    }
    async fn record(&self, appends: Vec<Append>, audit: Vec<AuditRecord>) -> Result<()> {
        fail(&self.failing_commits)?;
        self.inner.record(appends, audit).await
    }
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        self.inner.snapshot().await
    }
    async fn open(&self, turn: &OpenTurn) -> Result<()> {
        fail(&self.failing_entries)?;
        self.inner.open(turn).await
    }
    async fn journal(&self, turn: &OpenTurn, entry: JournalEntry) -> Result<()> {
        fail(&self.failing_entries)?;
        self.inner.journal(turn, entry).await
    }
    async fn forget(&self, turn: &OpenTurn, effect: &Effect) -> Result<()> {
        fail(&self.failing_entries)?;
        self.inner.forget(turn, effect).await
    }
    async fn open_turns(&self, name: &Name) -> Result<Vec<(OpenTurn, Vec<Written>)>> {
        self.inner.open_turns(name).await
    }
    async fn written(&self, name: &Name, turn: &TurnId) -> Result<Vec<Written>> {
        self.inner.written(name, turn).await
    }
    async fn outcome(
        &self,
        name: &Name,
        turn: &TurnId,
        effect: &Effect,
    ) -> Result<Option<Vec<u8>>> {
        self.inner.outcome(name, turn, effect).await
    }
    async fn carried(&self, name: &Name) -> Result<Vec<(TurnId, Effect)>> {
        self.inner.carried(name).await
    }
    async fn installations(&self) -> Result<Vec<Installation>> {
        self.inner.installations().await
    }
    async fn put_installation(
        &self,
        installation: Installation,
        version: Option<VersionNote>,
        cursors: Vec<(LogKey, u64)>,
        audit: AuditRecord,
    ) -> Result<()> {
        self.inner
            .put_installation(installation, version, cursors, audit)
            .await
    }
    async fn versions(&self, name: &Name) -> Result<Vec<Version>> {
        self.inner.versions(name).await
    }
    async fn remove_installation(&self, name: &Name, audit: AuditRecord) -> Result<()> {
        self.inner.remove_installation(name, audit).await
    }
    async fn put_component(
        &self,
        digest: Digest,
        bytes: bytes::Bytes,
        audit: AuditRecord,
    ) -> Result<()> {
        self.inner.put_component(digest, bytes, audit).await
    }
    async fn component(&self, digest: Digest) -> Result<Option<bytes::Bytes>> {
        self.inner.component(digest).await
    }
    async fn components(&self) -> Result<Vec<(Digest, u64, Time)>> {
        self.inner.components().await
    }
    async fn remove_component(&self, digest: Digest, audit: AuditRecord) -> Result<()> {
        self.inner.remove_component(digest, audit).await
    }
    async fn put_signature(
        &self,
        digest: Digest,
        signature: ComponentSignature,
        audit: AuditRecord,
    ) -> Result<()> {
        self.inner.put_signature(digest, signature, audit).await
    }
    async fn signatures(&self, digest: Digest) -> Result<Vec<(ComponentSignature, Time)>> {
        self.inner.signatures(digest).await
    }
    async fn sealed(&self) -> Result<Vec<Sealed>> {
        self.inner.sealed().await
    }
    async fn reseal(&self, sealed: Vec<Sealed>, audit: AuditRecord) -> Result<()> {
        fail(&self.failing_commits)?;
        self.inner.reseal(sealed, audit).await
    }
    async fn put_client(&self, client: Client, audit: AuditRecord) -> Result<()> {
        self.inner.put_client(client, audit).await
    }
    async fn remove_client(&self, id: &ClientId, audit: AuditRecord) -> Result<()> {
        self.inner.remove_client(id, audit).await
    }
    async fn change_labels(&self, changes: Vec<LabelChange>, audit: AuditRecord) -> Result<()> {
        self.inner.change_labels(changes, audit).await
    }
    async fn dead_letters(
        &self,
        installation: Option<&Name>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Page<DeadLetter>> {
        self.inner.dead_letters(installation, before, limit).await
    }
    async fn dead_letter_counts(&self, of: Option<&Name>) -> Result<BTreeMap<Name, u64>> {
        self.inner.dead_letter_counts(of).await
    }
    async fn drop_dead_letter(&self, id: u64, audit: AuditRecord) -> Result<()> {
        self.inner.drop_dead_letter(id, audit).await
    }
    async fn audit(&self, query: AuditQuery) -> Result<Page<(u64, AuditRecord)>> {
        self.inner.audit(query).await
    }
    async fn tokens(&self) -> Result<Vec<Token>> {
        self.inner.tokens().await
    }
    async fn put_token(&self, token: Token, audit: AuditRecord) -> Result<()> {
        self.inner.put_token(token, audit).await
    }
    async fn touch_token(&self, name: &str, at: Time) -> Result<()> {
        self.inner.touch_token(name, at).await
    }
    async fn remove_token(&self, name: &str, audit: AuditRecord) -> Result<()> {
        self.inner.remove_token(name, audit).await
    }
    async fn check(&self) -> Result<()> {
        self.inner.check().await
    }
    async fn trail(&self, from: u64, limit: u32) -> Result<Vec<Entry>> {
        self.inner.trail(from, limit).await
    }

    fn watch_trail(&self) -> watch::Receiver<u64> {
        self.inner.watch_trail()
    }

    async fn trail_kept(&self, now: Time) -> Result<u64> {
        self.inner.trail_kept(now).await
    }

    async fn put_checkpoint(&self, checkpoint: SignedCheckpoint) -> Result<()> {
        self.inner.put_checkpoint(checkpoint).await
    }

    async fn checkpoints(&self) -> Result<Vec<SignedCheckpoint>> {
        self.inner.checkpoints().await
    }

    async fn retain(&self, now: Time) -> Result<u64> {
        self.inner.retain(now).await
    }
    async fn backup(&self, to: &std::path::Path) -> Result<u64> {
        self.inner.backup(to).await
    }
    async fn close(&self) {
        self.inner.close().await;
    }
}
