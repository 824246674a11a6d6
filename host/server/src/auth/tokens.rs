//! The tokens that are valid now: a table in memory, read anew from the store at each change.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::sync::Mutex;
use watchbox_model::{AuditRecord, Time};
use watchbox_store::{FormerHash, Store, StoreError, Token};

use super::{Access, Bearer, token::Hash};
use crate::api::types::Role;

/// `last_used` is kept to the hour, so that a busy token does not mean a write a request.
const HOUR: Duration = Duration::from_secs(60 * 60);

type Table = HashMap<Hash, (String, Arc<Bearer>)>;

/// The tokens.
pub struct Tokens {
    store: Arc<dyn Store>,
    /// By each secret's hash: the token's name, and who bears it.
    table: RwLock<Arc<Table>>,
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

    /// Who bears the token of this hash. What they may can be over: [`Bearer::is_over`].
    pub(super) fn find(&self, hash: &Hash) -> Option<Arc<Bearer>> {
        let (_, bearer) = self.table().get(hash)?.clone();
        Some(bearer)
    }

    /// Notes that the token of this hash was used by `bearer`. Only the first use in an hour is written down.
    pub(super) async fn used(&self, hash: &Hash, bearer: &Bearer, now: Time) {
        if !bearer.is_use_due(now, HOUR) {
            return;
        }
        let name = self.table().get(hash).map(|(name, _)| name.clone());
        let Some(name) = name else {
            return;
        };
        if let Err(error) = self.store.touch_token(&name, now).await {
            // A store that is full must not keep readers out.
            tracing::warn!(token = name, %error, "the use of a token could not be written down");
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

    /// Gives a token another secret, as of `now`. The one that it has is good for `grace` still; one that was good by an earlier
    /// rotation is not any more.
    pub async fn rotate(
        self: &Arc<Self>,
        name: &str,
        hash: Hash,
        now: Time,
        grace: Duration,
        audit: AuditRecord,
    ) -> Result<Token, StoreError> {
        let (tokens, name) = (self.clone(), name.to_owned());
        see_through(async move {
            let _changing = tokens.changing.lock().await;
            let kept = tokens.list().await?;
            let kept = kept.into_iter().find(|token| token.name == name);
            let kept = kept.ok_or_else(|| missing(&name))?;
            if kept.expires.is_some_and(|end| end <= now) {
                return Err(StoreError::Conflict(format!(
                    "the token `{name}` has ended: revoke it and make another"
                )));
            }
            let rotated = Token {
                hash,
                former: (!grace.is_zero()).then(|| FormerHash {
                    hash: kept.hash,
                    until: now.plus(grace),
                }),
                created: now,
                ..kept
            };
            tokens.store.put_token(rotated.clone(), audit).await?;
            tokens.reload().await?;
            Ok(rotated)
        })
        .await
    }

    /// Removes a token; it is refused from the next request on, and what is under way with it is cut. The last one that is an
    /// admin's stays: nobody could make another.
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
                return Err(missing(&name));
            }
            let stays = |token: &Token| {
                token.name != name
                    && token.role == Role::Admin.as_str()
                    && token.expires.is_none()
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

    fn table(&self) -> Arc<Table> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&table)
    }

    /// Reads the table anew. Who is in it as before stays who they are; who is not is at an end.
    async fn reload(&self) -> Result<(), StoreError> {
        let before = self.table();
        let mut table = Table::new();
        for token in self.store.tokens().await? {
            let access: Access = match token.role.parse() {
                Ok(access) => access,
                Err(error) => {
                    tracing::warn!(token = token.name, %error, "a token is passed over");
                    continue;
                }
            };
            let mut enter = |hash: Hash, expires: Option<Time>| {
                let bearer =
                    Bearer::of_token(&token.name, access.clone(), expires, token.last_used);
                let known = before.get(&hash).map(|(_, known)| known);
                let bearer = match known.filter(|known| known.is(&bearer)) {
                    Some(known) => {
                        known.end_with(&bearer);
                        Arc::clone(known)
                    }
                    None => Arc::new(bearer),
                };
                table.insert(hash, (token.name.clone(), bearer));
            };
            if let Some(former) = &token.former {
                let end = token
                    .expires
                    .map_or(former.until, |end| end.min(former.until));
                enter(former.hash, Some(end));
            }
            enter(token.hash, token.expires);
        }
        let table = Arc::new(table);
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&table);
        for (hash, (_, bearer)) in before.iter() {
            let stays = |(_, now): &(String, Arc<Bearer>)| Arc::ptr_eq(now, bearer);
            if !table.get(hash).is_some_and(stays) {
                bearer.end();
            }
        }
        Ok(())
    }
}

fn missing(name: &str) -> StoreError {
    StoreError::Missing(format!("token `{name}`"))
}

/// Does `work` to its end even where the one who asked for it goes away: a token that is gone from the store and not from the
/// table would still be good.
async fn see_through<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::spawn(work).await;
    done.unwrap_or_else(|error| Err(StoreError::Other(error.to_string())))
}
