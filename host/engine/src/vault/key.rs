//! A key that seals secrets, and its name.

use std::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub(super) const KEY_BYTES: usize = 32;
pub(super) const ID_BYTES: usize = 8;

/// The bytes of a key: overwritten when they are let go of, and in no `Debug`.
pub(super) struct Key {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    id: KeyId,
}

/// What tells a key from others: the beginning of a hash of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyId(pub(super) [u8; ID_BYTES]);

impl Key {
    /// A new one.
    pub(super) fn random() -> Self {
        Self::of(Zeroizing::new(rand::random()))
    }

    /// The key of these bytes.
    pub(super) fn of(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"watchbox: the name of a key that seals secrets");
        hash.update(bytes.as_slice());
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&hash.finalize()[..ID_BYTES]);
        Self {
            bytes,
            id: KeyId(id),
        }
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }

    pub(super) fn id(&self) -> KeyId {
        self.id
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
