//! The artifact's own values, kept from turn to turn, over restarts and upgrades. Needs the grant `state`.
//!
//! Values are anything that serde can write; they are kept as MessagePack, structs as maps, so that a later version of the artifact may
//! add fields with `#[serde(default)]`. Writes are part of the turn.
//!
//! ```
//! # fn tick() -> Result<(), watchbox_sdk::Failure> {
//! use watchbox_sdk::state;
//!
//! let runs: u32 = state::get("runs")?.unwrap_or_default();
//! state::set("runs", &(runs + 1))?;
//! # Ok(()) }
//! ```

use serde::{Serialize, de::DeserializeOwned};

use crate::host;

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// State is not granted. The text names the grant that would allow it.
    #[error("state: denied: {0}")]
    Denied(String),
    /// With it the state would be larger than the limit, in bytes. Nothing was written.
    #[error("state: with it there would be more than the limit of {0} bytes")]
    TooLarge(u32),
    /// The key is none: 1 to 256 bytes without control characters are wanted.
    #[error("state: no key: {0}")]
    InvalidKey(String),
    /// The value kept under the key is not of the type asked for, or a value can't be written as MessagePack.
    #[error("state: the value of `{key}`: {reason}")]
    InvalidValue {
        /// The key.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

/// The value of a key, or none.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Error> {
    let Some(bytes) = host::get_state(key)? else {
        return Ok(None);
    };
    rmp_serde::from_slice(&bytes)
        .map(Some)
        .map_err(|error| invalid(key, &error))
}

/// Sets the value of a key, whether it had one or not.
pub fn set<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<(), Error> {
    let bytes = rmp_serde::to_vec_named(value).map_err(|error| invalid(key, &error))?;
    host::set_state(key, &bytes)
}

/// Removes a key and its value. One that is not there is no error.
pub fn remove(key: &str) -> Result<(), Error> {
    host::remove_state(key)
}

/// The keys that start with `prefix`, sorted; all for an empty one.
pub fn keys(prefix: &str) -> Result<Vec<String>, Error> {
    host::state_keys(prefix)
}

fn invalid(key: &str, error: &dyn std::error::Error) -> Error {
    Error::InvalidValue {
        key: key.to_owned(),
        reason: error.to_string(),
    }
}
