//! The journal, as a store keeps it: what left the machine in turns that are not committed, so that no try of them does it again.
//!
//! An effect stands under the turn that it was first made in. Where that is a batch which is halved later, its parts find it there: the
//! batch is the parts' *origin*. A part that is committed takes what it used, so that no other part is answered with it; a part that is
//! set aside leaves it to its dead letter. What is left goes when the origin is over.

use watchbox_model::{Name, Time, TurnId, turn::Trigger};

/// A turn that was begun and had an effect outside, but was not committed.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenTurn {
    /// Whose.
    pub installation: Name,
    /// Which.
    pub turn: TurnId,
    /// What set it off.
    pub trigger: Trigger,
    /// The turn's time: when its first try began.
    pub now: Time,
    /// Whether its trigger is a dead letter's: it is open until that goes, and not resumed.
    pub is_aside: bool,
}

/// Names an effect within its origin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Effect {
    /// What it is called, in the engine's words.
    pub name: String,
    /// Which of that name, from 0.
    pub nth: u32,
}

/// An effect that left the machine, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Which.
    pub effect: Effect,
    /// What came of it, in the sandbox's encoding.
    pub outcome: Vec<u8>,
}

/// An effect that is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Which.
    pub effect: Effect,
    /// Whether a part that is done had it, or it was forgotten: nothing is answered with it any more.
    pub is_taken: bool,
}

/// What becomes of a journal with a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The open turn that the effects stand under.
    pub origin: TurnId,
    /// Those that the committed turn made or was answered with. Of a turn that is set aside its dead letter gets them, too, as an open
    /// turn of the letter's trigger.
    pub taken: Vec<Effect>,
    /// Whether the origin is over: what else it holds goes, or, if this turn is set aside, is left to its dead letter.
    pub is_over: bool,
}
