//! The tokens that are valid now: a table in memory, read anew from the store at each change.

use std::{
    collections::HashMap,
    sync::{
        Arc, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Mutex;
use watchbox_model::{AuditRecord, Time};
use watchbox_store::{Store, StoreError, Token};

use super::{Access, token::Hash};

/// `last_used` is kept to the hour, so that a busy token does not mean a write a request.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Who sent a request.
#[derive(Debug)]
pub struct Bearer {
    /// The token's name.
    pub name: String,
    /// What it allows.
    pub access: Access,
    expires: Option<Time>,
    /// When its use was last written down, in microseconds since the epoch.
    used: AtomicI64,
}

impl Bearer {
    /// What the audit trail calls them.
    pub fn actor(&self) -> String {
        format!("token:{}", self.name)
    }
}

/// The tokens.
pub struct Tokens {
    store: Arc<dyn Store>,
    table: RwLock<Arc<HashMap<Hash, Arc<Bearer>>>>,
    /// Held over a change and the reading anew that follows it.
    changing: Mutex<()>,
}

impl Tokens {
    /// The tokens of `store`.
    pub async fn load(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let tokens = Self {
            store,
            table: RwLock::default(),
            changing: Mutex::new(()),
        };
        tokens.reload().await?;
        Ok(tokens)
    }

    /// Who has the token of this hash; nobody where it is unknown or over at `now`.
    pub fn find(&self, hash: &Hash, now: Time) -> Option<Arc<Bearer>> {
        let table = self.table.read().unwrap_or_else(|lock| lock.into_inner());
        let bearer = table.get(hash)?;
        bearer
            .expires
            .is_none_or(|end| now < end)
            .then(|| bearer.clone())
    }

    /// Notes that a token was used. Only the first use in an hour is written down.
    pub async fn used(&self, bearer: &Bearer, now: Time) {
        let before = bearer.used.load(Ordering::Relaxed);
        let due = now.since(Time::from_micros(before)) >= HOUR;
        let mine = due
            && bearer
                .used
                .compare_exchange(before, now.micros(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if mine && let Err(error) = self.store.touch_token(&bearer.name, now).await {
            // A store that is full must not keep readers out.
            tracing::warn!(token = bearer.name, %error, "the use of a token could not be written down");
        }
    }

    /// Every token's record.
    pub async fn list(&self) -> Result<Vec<Token>, StoreError> {
        self.store.tokens().await
    }

    /// Adds a token. A name that is taken is [`StoreError::Conflict`].
    pub async fn add(self: &Arc<Self>, token: Token, audit: AuditRecord) -> Result<(), StoreError> {
        let tokens = self.clone();
        see_through(async move {
            let _changing = tokens.changing.lock().await;
            let taken = |other: &Token| other.name == token.name;
            if tokens.list().await?.iter().any(taken) {
                return Err(StoreError::Conflict(format!(
                    "there is a token `{}` already: revoke it first, or choose another name",
                    token.name
                )));
            }
            tokens.store.put_token(token, audit).await?;
            tokens.reload().await
        })
        .await
    }

    /// Removes a token; it is refused from the next request on. The last one that is an admin's stays: nobody could make another.
    pub async fn revoke(
        self: &Arc<Self>,
        name: &str,
        audit: AuditRecord,
    ) -> Result<(), StoreError> {
        let (tokens, name) = (self.clone(), name.to_owned());
        see_through(async move {
            let _changing = tokens.changing.lock().await;
            let kept = tokens.list().await?;
            if !kept.iter().any(|token| token.name == name) {
                return Err(StoreError::Missing(format!("token `{name}`")));
            }
            let stays = |token: &Token| {
                token.name != name && token.role == "admin" && token.expires.is_none()
            };
            if !kept.iter().any(stays) {
                return Err(StoreError::Conflict(format!(
                    "`{name}` is the last admin token without an end: make another before you revoke it"
                )));
            }
            tokens.store.remove_token(&name, audit).await?;
            tokens.reload().await
        })
        .await
    }

    async fn reload(&self) -> Result<(), StoreError> {
        let bearer = |token: Token| match token.role.parse() {
            Ok(access) => Some((
                token.hash,
                Arc::new(Bearer {
                    name: token.name,
                    access,
                    expires: token.expires,
                    used: AtomicI64::new(token.last_used.map_or(0, Time::micros)),
                }),
            )),
            Err(error) => {
                tracing::warn!(token = token.name, %error, "a token is passed over");
                None
            }
        };
        let table = self.store.tokens().await?.into_iter().filter_map(bearer);
        let table = Arc::new(table.collect());
        *self.table.write().unwrap_or_else(|lock| lock.into_inner()) = table;
        Ok(())
    }
}

/// Does `work` to its end even where the one who asked for it goes away: a token that is gone from the store and not from the
/// table would still be good.
async fn see_through(
    work: impl Future<Output = Result<(), StoreError>> + Send + 'static,
) -> Result<(), StoreError> {
    let done = tokio::spawn(work).await;
    done.unwrap_or_else(|error| Err(StoreError::Other(error.to_string())))
}
