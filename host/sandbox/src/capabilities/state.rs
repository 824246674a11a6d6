//! The artifact's own values. Writes are held back until the turn is committed; reads see them at once.

use std::{collections::BTreeMap, ops::Bound};

use watchbox_model::{Capability, grants::Use};

use crate::{
    bindings::watchbox::artifact::state::{Error, Host},
    gate::Allowed,
    guest::{Ended, Guest},
};

/// The longest key, in bytes.
const KEY: usize = 256;

/// What the turn has written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// The keys set or (`None`) removed.
    values: BTreeMap<String, Option<Vec<u8>>>,
    /// The size of every value as it is with what was written; read at the first write.
    sizes: Option<BTreeMap<String, u64>>,
    /// The bytes of all keys and values.
    total: u64,
}

impl Written {
    /// What is to be committed.
    pub(crate) fn finish(self) -> Vec<(String, Option<Vec<u8>>)> {
        self.values.into_iter().collect()
    }

    fn begin(&mut self, stored: Vec<(String, u64)>) {
        let mut sizes: BTreeMap<String, u64> = stored.into_iter().collect();
        for (key, value) in &self.values {
            match value {
                Some(value) => sizes.insert(key.clone(), value.len() as u64),
                None => sizes.remove(key),
            };
        }
        self.total = sizes
            .iter()
            .map(|(key, size)| key.len() as u64 + size)
            .sum();
        self.sizes = Some(sizes);
    }

    fn set(&mut self, key: String, value: Vec<u8>, limit: u64) -> Result<(), Error> {
        let sizes = self.sizes.get_or_insert_default();
        let size = value.len() as u64;
        let before = sizes.get(&key).map_or(0, |size| key.len() as u64 + size);
        let total = self.total - before + key.len() as u64 + size;
        if total > limit {
            return Err(Error::TooLarge(u32::try_from(limit).unwrap_or(u32::MAX)));
        }
        self.total = total;
        sizes.insert(key.clone(), size);
        self.values.insert(key, Some(value));
        Ok(())
    }

    fn remove(&mut self, key: String) {
        if let Some(sizes) = &mut self.sizes
            && let Some(size) = sizes.remove(&key)
        {
            self.total -= key.len() as u64 + size;
        }
        self.values.insert(key, None);
    }
}

impl Guest {
    fn state_call(
        &mut self,
        operation: &'static str,
        key: &str,
    ) -> Result<Result<Allowed, Error>, Ended> {
        let call = self.enter(Capability::State, operation, key)?;
        let allowed = self.decide(call, |grants| {
            grants.whole(Capability::State).map(String::from)
        });
        Ok(allowed.map_err(Error::Denied))
    }
}

fn check(key: &str) -> Result<(), Error> {
    let wrong = match key.len() {
        0 => "a key has 1 byte or more",
        1..=KEY if !key.chars().any(char::is_control) => return Ok(()),
        1..=KEY => "a key has no control characters",
        _ => "a key has at most 256 bytes",
    };
    Err(Error::InvalidKey(wrong.to_owned()))
}

impl Host for Guest {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let allowed = match self.state_call("get", &key)? {
            Ok(allowed) => allowed,
            Err(error) => return Ok(Err(error)),
        };
        if let Err(error) = check(&key) {
            self.done(allowed, "invalid key", 0);
            return Ok(Err(error));
        }
        let value = match self.work.state.values.get(&key) {
            Some(written) => written.clone(),
            None => {
                let view = self.view().await.map_err(Ended::from)?;
                view.state(&key).await.map_err(Ended::from)?
            }
        };
        self.done_often(allowed, value.as_ref().map_or(0, Vec::len) as u64);
        Ok(Ok(value))
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        let allowed = match self.state_call("set", &key)? {
            Ok(allowed) => allowed,
            Err(error) => return Ok(Err(error)),
        };
        if let Err(error) = check(&key) {
            self.done(allowed, "invalid key", 0);
            return Ok(Err(error));
        }
        if self.work.state.sizes.is_none() {
            let view = self.view().await.map_err(Ended::from)?;
            let stored = view.state_keys("").await.map_err(Ended::from)?;
            self.work.state.begin(stored);
        }
        let limit = self.work.limits.state;
        let bytes = value.len() as u64;
        let set = self.work.state.set(key, value, limit);
        let total = self.work.state.total;
        self.saw(|| Use::State { bytes: total });
        let outcome = if set.is_ok() { "ok" } else { "too large" };
        self.done(allowed, outcome, bytes);
        Ok(set)
    }

    async fn remove(&mut self, key: String) -> wasmtime::Result<Result<(), Error>> {
        let allowed = match self.state_call("remove", &key)? {
            Ok(allowed) => allowed,
            Err(error) => return Ok(Err(error)),
        };
        if let Err(error) = check(&key) {
            self.done(allowed, "invalid key", 0);
            return Ok(Err(error));
        }
        self.work.state.remove(key);
        self.done(allowed, "ok", 0);
        Ok(Ok(()))
    }

    async fn keys(&mut self, prefix: String) -> wasmtime::Result<Result<Vec<String>, Error>> {
        let allowed = match self.state_call("keys", &prefix)? {
            Ok(allowed) => allowed,
            Err(error) => return Ok(Err(error)),
        };
        if !prefix.is_empty()
            && let Err(error) = check(&prefix)
        {
            self.done(allowed, "invalid key", 0);
            return Ok(Err(error));
        }
        let view = self.view().await.map_err(Ended::from)?;
        let stored = view.state_keys(&prefix).await.map_err(Ended::from)?;
        let mut keys: std::collections::BTreeSet<String> =
            stored.into_iter().map(|(key, _)| key).collect();
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let written = self.work.state.values.range::<str, _>(from);
        for (key, value) in written.take_while(|(key, _)| key.starts_with(&prefix)) {
            match value {
                Some(_) => keys.insert(key.clone()),
                None => keys.remove(key),
            };
        }
        let bytes = keys.iter().map(String::len).sum::<usize>() as u64;
        self.done_often(allowed, bytes);
        Ok(Ok(keys.into_iter().collect()))
    }
}
