//! The places where sealed secrets are kept, to be sealed anew.

use watchbox_model::Name;

/// Sealed bytes, and where they are kept. What is in them is the engine's to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Whose they are.
    pub installation: Name,
    /// Which ones of it.
    pub place: SealedPlace,
    /// The bytes; never none.
    pub bytes: Vec<u8>,
}

/// Which sealed bytes of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealedPlace {
    /// Those that it runs with.
    Current,
    /// Those of this version in its history.
    Version(u64),
    /// Those that were given with the version that waits for approval.
    Pending,
}
