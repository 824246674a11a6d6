//! The trait, method by method.

use std::{collections::BTreeMap, fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::params;
use tokio::sync::watch;
use watchbox_model::{
    AuditRecord, Client, ClientId, ComponentSignature, Digest, LabelChange, LogKey, Name, Time,
    TurnId,
    audit::{Entry, SignedCheckpoint},
    client::Seen,
    dead_letter::DeadLetter,
};

use super::{
    SqliteConfig, audit, backup, blocks, clients, components, dead_letters,
    group::Group,
    installations, journal,
    lock::StoreLock,
    logs::{Logs, Stretch},
    readers::{Readers, blocking},
    retention, schema, sealed, signatures,
    snapshot::SqliteSnapshot,
    tokens, trail, turns, versions,
    writer::Writer,
};
use crate::{
    Append, AuditQuery, Block, Effect, Installation, JournalEntry, LogInfo, OpenTurn, Page, Sealed,
    Snapshot, Store, StoreError, Token, TurnCommit, Version, VersionNote, Written,
};

/// What a command weighs beside the rows, values and components in it, about.
const COMMAND_BYTES: usize = 1024;

/// Bytes that a check writes: a single page may still fit where no request's rows would.
const CHECK_BYTES: i64 = 128 << 10;

/// The store in one SQLite file.
pub struct SqliteStore {
    config: SqliteConfig,
    logs: Arc<Logs>,
    trail_end: watch::Receiver<u64>,
    readers: Readers,
    pub(super) writer: Writer,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the store, making or migrating it as needed. A store that another server has open is
    /// [`StoreError::Conflict`]; one that is just being closed is waited for.
    pub async fn open(config: SqliteConfig) -> Result<Self, StoreError> {
        let path = config.path.clone();
        let lock = StoreLock::take(&path).await?;
        let (conn, logs) = blocking(move || load(&path)).await?;
        let logs = Arc::new(logs);
        let (told, trail_end) = watch::channel(trail::last(&conn)?);
        let writer = Writer::start(conn, config.path.clone(), logs.clone(), told, lock)?;
        Ok(Self {
            readers: Readers::new(config.path.clone()),
            config,
            logs,
            trail_end,
            writer,
        })
    }

    /// An administrative write: durable, as all of these are.
    async fn administer(
        &self,
        bytes: usize,
        job: impl FnOnce(&mut Group<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.writer.write(true, COMMAND_BYTES + bytes, job).await
    }
}

fn load(path: &Path) -> Result<(rusqlite::Connection, Logs), StoreError> {
    let load = || {
        let conn = schema::open_writer(path)?;
        let logs = Logs::load(&conn)?;
        Ok((conn, logs))
    };
    load().map_err(|error: StoreError| error.in_file(path))
}

fn rows_bytes(appends: &[Append]) -> usize {
    appends.iter().map(|append| append.rows.bytes()).sum()
}

#[async_trait]
impl Store for SqliteStore {
    async fn append(&self, appends: Vec<Append>, seen: Vec<Seen>) -> Result<Vec<u64>, StoreError> {
        let bytes = rows_bytes(&appends) + COMMAND_BYTES + seen.len() * size_of::<Seen>();
        self.writer
            .write(true, bytes, move |group| {
                group.see(seen);
                let appends = appends.into_iter();
                Ok(appends.map(|append| group.append(append)).collect())
            })
            .await
    }

    async fn read(
        &self,
        log: &LogKey,
        from: u64,
        max_rows: usize,
    ) -> Result<Vec<Arc<Block>>, StoreError> {
        match self.logs.forward(log, from, max_rows) {
            Stretch::Here(blocks) => Ok(blocks),
            Stretch::File(id) => {
                self.readers
                    .read(move |conn| blocks::forward(conn, id, from, max_rows))
                    .await
            }
        }
    }

    async fn read_back(
        &self,
        log: &LogKey,
        before: u64,
        max_rows: usize,
    ) -> Result<Vec<Arc<Block>>, StoreError> {
        match self.logs.backward(log, before, max_rows) {
            Stretch::Here(blocks) => Ok(blocks),
            Stretch::File(id) => {
                self.readers
                    .read(move |conn| blocks::backward(conn, id, before, max_rows))
                    .await
            }
        }
    }

    async fn seek(&self, log: &LogKey, at: Time) -> Result<u64, StoreError> {
        let Some(stored) = self.logs.stored(log) else {
            return Ok(0);
        };
        if stored.top < at {
            return Ok(stored.next);
        }
        let found = self
            .readers
            .read(move |conn| blocks::seek(conn, stored.id, at))
            .await?;
        Ok(found.unwrap_or(stored.next))
    }

    async fn seek_end(&self, log: &LogKey, at: Time) -> Result<u64, StoreError> {
        let Some(stored) = self.logs.stored(log) else {
            return Ok(0);
        };
        let later = self.seek(log, at.plus(blocks::DISORDER)).await?;
        let set_back = self
            .readers
            .read(move |conn| blocks::last_set_back(conn, stored.id, at))
            .await?;
        Ok(later.max(set_back))
    }

    fn watch(&self, log: &LogKey) -> watch::Receiver<u64> {
        self.logs.watch(log)
    }

    async fn logs(&self) -> Result<Vec<LogInfo>, StoreError> {
        Ok(self.logs.list())
    }

    async fn cursor(&self, installation: &Name, log: &LogKey) -> Result<Option<u64>, StoreError> {
        let (installation, log) = (installation.clone(), log.clone());
        self.readers
            .read(move |conn| turns::cursor(conn, &installation, &log))
            .await
    }

    async fn last_tick(&self, installation: &Name) -> Result<Option<Time>, StoreError> {
        let installation = installation.clone();
        self.readers
            .read(move |conn| turns::last_tick(conn, &installation))
            .await
    }

    async fn commit(&self, turn: TurnCommit) -> Result<(), StoreError> {
        let values = turn.state.iter().flat_map(|change| &change.value);
        let bytes = COMMAND_BYTES
            + rows_bytes(&turn.appends)
            + values.map(Vec::len).sum::<usize>()
            + turn.audit.len() * size_of::<AuditRecord>();
        self.writer
            .write(turn.durable, bytes, move |group| turns::commit(group, turn))
            .await
    }

    async fn record(
        &self,
        appends: Vec<Append>,
        records: Vec<AuditRecord>,
    ) -> Result<(), StoreError> {
        let bytes = COMMAND_BYTES + rows_bytes(&appends) + records.len() * size_of::<AuditRecord>();
        self.writer
            .write(false, bytes, move |group| {
                for record in &records {
                    audit::insert(group.conn(), record)?;
                }
                for append in appends {
                    group.append(append);
                }
                Ok(())
            })
            .await
    }

    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(Arc::new(SqliteSnapshot::new(self.readers.clone())))
    }

    async fn open(&self, turn: &OpenTurn) -> Result<(), StoreError> {
        let turn = turn.clone();
        self.writer
            .write(true, COMMAND_BYTES, move |group| {
                journal::begin(group, &turn)
            })
            .await
    }

    async fn journal(&self, turn: &OpenTurn, entry: JournalEntry) -> Result<(), StoreError> {
        let turn = turn.clone();
        let bytes = COMMAND_BYTES + entry.outcome.len();
        self.writer
            .write(true, bytes, move |group| {
                journal::write(group, &turn, &entry)
            })
            .await
    }

    async fn forget(&self, turn: &OpenTurn, effect: &Effect) -> Result<(), StoreError> {
        let (turn, effect) = (turn.clone(), effect.clone());
        self.writer
            .write(false, COMMAND_BYTES, move |group| {
                journal::forget(group, &turn, &effect)
            })
            .await
    }

    async fn open_turns(
        &self,
        installation: &Name,
    ) -> Result<Vec<(OpenTurn, Vec<Written>)>, StoreError> {
        let installation = installation.clone();
        self.readers
            .read(move |conn| journal::open_turns(conn, &installation))
            .await
    }

    async fn written(
        &self,
        installation: &Name,
        turn: &TurnId,
    ) -> Result<Vec<Written>, StoreError> {
        let (installation, turn) = (installation.clone(), turn.clone());
        self.readers
            .read(move |conn| journal::written(conn, &installation, &turn))
            .await
    }

    async fn outcome(
        &self,
        installation: &Name,
        turn: &TurnId,
        effect: &Effect,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let (installation, turn, effect) = (installation.clone(), turn.clone(), effect.clone());
        self.readers
            .read(move |conn| journal::outcome(conn, &installation, &turn, &effect))
            .await
    }

    async fn carried(&self, installation: &Name) -> Result<Vec<(TurnId, Effect)>, StoreError> {
        let installation = installation.clone();
        self.readers
            .read(move |conn| journal::carried(conn, &installation))
            .await
    }

    async fn installations(&self) -> Result<Vec<Installation>, StoreError> {
        self.readers.read(installations::list).await
    }

    async fn put_installation(
        &self,
        installation: Installation,
        version: Option<VersionNote>,
        cursors: Vec<(LogKey, u64)>,
        audit: AuditRecord,
    ) -> Result<(), StoreError> {
        self.administer(installation.secrets.len(), move |group| {
            installations::put(group, &installation, version.as_ref(), &cursors, &audit)
        })
        .await
    }

    async fn versions(&self, installation: &Name) -> Result<Vec<Version>, StoreError> {
        let installation = installation.clone();
        self.readers
            .read(move |conn| versions::list(conn, &installation))
            .await
    }

    async fn remove_installation(&self, name: &Name, audit: AuditRecord) -> Result<(), StoreError> {
        let name = name.clone();
        self.administer(0, move |group| installations::remove(group, &name, &audit))
            .await
    }

    async fn put_component(
        &self,
        digest: Digest,
        bytes: Bytes,
        audit: AuditRecord,
    ) -> Result<(), StoreError> {
        self.administer(bytes.len(), move |group| {
            components::put(group, digest, &bytes, &audit)
        })
        .await
    }

    async fn component(&self, digest: Digest) -> Result<Option<Bytes>, StoreError> {
        self.readers
            .read(move |conn| components::get(conn, digest))
            .await
    }

    async fn components(&self) -> Result<Vec<(Digest, u64, Time)>, StoreError> {
        self.readers.read(components::list).await
    }

    async fn remove_component(&self, digest: Digest, audit: AuditRecord) -> Result<(), StoreError> {
        self.administer(0, move |group| components::remove(group, digest, &audit))
            .await
    }

    async fn put_signature(
        &self,
        digest: Digest,
        signature: ComponentSignature,
        audit: AuditRecord,
    ) -> Result<(), StoreError> {
        self.administer(0, move |group| {
            signatures::put(group, digest, &signature, &audit)
        })
        .await
    }

    async fn signatures(
        &self,
        digest: Digest,
    ) -> Result<Vec<(ComponentSignature, Time)>, StoreError> {
        self.readers
            .read(move |conn| signatures::of(conn, digest))
            .await
    }

    async fn sealed(&self) -> Result<Vec<Sealed>, StoreError> {
        self.readers.read(sealed::list).await
    }

    async fn reseal(&self, sealed: Vec<Sealed>, audit: AuditRecord) -> Result<(), StoreError> {
        let bytes = sealed.iter().map(|sealed| sealed.bytes.len()).sum();
        self.administer(bytes, move |group| sealed::replace(group, &sealed, &audit))
            .await
    }

    async fn put_client(&self, client: Client, audit: AuditRecord) -> Result<(), StoreError> {
        self.administer(0, move |group| clients::put(group, &client, &audit))
            .await
    }

    async fn remove_client(&self, id: &ClientId, audit: AuditRecord) -> Result<(), StoreError> {
        let id = id.clone();
        self.administer(0, move |group| clients::remove(group, &id, &audit))
            .await
    }

    async fn change_labels(
        &self,
        changes: Vec<LabelChange>,
        audit: AuditRecord,
    ) -> Result<(), StoreError> {
        let bytes = changes.len() * size_of::<LabelChange>();
        self.administer(bytes, move |group| {
            clients::change_labels(group, &changes, &audit)
        })
        .await
    }

    async fn dead_letters(
        &self,
        installation: Option<&Name>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Page<DeadLetter>, StoreError> {
        let installation = installation.cloned();
        self.readers
            .read(move |conn| dead_letters::list(conn, installation.as_ref(), before, limit))
            .await
    }

    async fn dead_letter_counts(
        &self,
        installation: Option<&Name>,
    ) -> Result<BTreeMap<Name, u64>, StoreError> {
        let installation = installation.cloned();
        self.readers
            .read(move |conn| dead_letters::counts(conn, installation.as_ref()))
            .await
    }

    async fn drop_dead_letter(&self, id: u64, audit: AuditRecord) -> Result<(), StoreError> {
        self.administer(0, move |group| dead_letters::remove(group, id, &audit))
            .await
    }

    async fn audit(&self, query: AuditQuery) -> Result<Page<(u64, AuditRecord)>, StoreError> {
        self.readers
            .read(move |conn| audit::list(conn, &query))
            .await
    }

    async fn trail(&self, from: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.readers
            .read(move |conn| trail::read(conn, from, limit))
            .await
    }

    fn watch_trail(&self) -> watch::Receiver<u64> {
        self.trail_end.clone()
    }

    async fn trail_kept(&self, now: Time) -> Result<u64, StoreError> {
        match self.config.retention.cutoff(now) {
            Some(cutoff) => {
                self.readers
                    .read(move |conn| trail::first_since(conn, cutoff))
                    .await
            }
            None => Ok(1),
        }
    }

    async fn put_checkpoint(&self, checkpoint: SignedCheckpoint) -> Result<(), StoreError> {
        self.administer(0, move |group| trail::put(group.conn(), &checkpoint))
            .await
    }

    async fn checkpoints(&self) -> Result<Vec<SignedCheckpoint>, StoreError> {
        self.readers.read(trail::checkpoints).await
    }

    async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.readers.read(tokens::list).await
    }

    async fn put_token(&self, token: Token, audit: AuditRecord) -> Result<(), StoreError> {
        self.administer(0, move |group| tokens::put(group, &token, &audit))
            .await
    }

    async fn remove_token(&self, name: &str, audit: AuditRecord) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.administer(0, move |group| tokens::remove(group, &name, &audit))
            .await
    }

    async fn touch_token(&self, name: &str, at: Time) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.writer
            .write(false, COMMAND_BYTES, move |group| {
                tokens::touch(group, &name, at)
            })
            .await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.administer(0, |group| {
            let sql = "UPDATE checked SET at = ?1, room = zeroblob(?2)";
            let mut statement = group.conn().prepare_cached(sql)?;
            statement.execute(params![Time::now().micros(), CHECK_BYTES])?;
            Ok(())
        })
        .await
    }

    async fn retain(&self, now: Time) -> Result<u64, StoreError> {
        let policy = self.config.retention;
        let mut rows = 0;
        loop {
            let trim = move |group: &mut Group<'_>| retention::trim(group, policy, now);
            let trimmed = self.writer.write(false, COMMAND_BYTES, trim).await?;
            rows += trimmed.rows;
            if !trimmed.more {
                return Ok(rows);
            }
        }
    }

    async fn backup(&self, to: &Path) -> Result<u64, StoreError> {
        let to = to.to_owned();
        self.readers
            .read(move |conn| backup::write(conn, &to))
            .await
    }

    async fn close(&self) {
        self.writer.close().await;
    }
}
