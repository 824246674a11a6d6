//! What happens in a round, decided by the seed and the round's number alone.

use std::time::Duration;

use fastrand::Rng;

use crate::Reply;

/// A round: some lives of the server, each ended by a kill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) lives: Vec<Life>,
}

/// From a start to a kill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    /// How long after the traffic began the kill comes.
    pub(crate) lasts: Duration,
    /// Which clients get the label, by their number in the fleet.
    pub(crate) labelled: Vec<usize>,
    /// How the webhook answers the first messages.
    pub(crate) replies: Vec<Reply>,
    /// How it answers the others.
    pub(crate) otherwise: Reply,
    /// When which artifact is upgraded.
    pub(crate) upgrades: Vec<(Duration, Upgraded)>,
    /// What the traffic's own decisions come from.
    pub(crate) traffic: u64,
}

/// Which artifact is upgraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upgraded {
    Powershell,
    Slack,
}

impl Plan {
    /// Round number `round` of the siege of `seed`, with a fleet of `clients`.
    pub(crate) fn of(seed: u64, round: u32, clients: usize) -> Self {
        let mut random = Rng::with_seed(seed ^ (u64::from(round) << 32));
        // Each client is labelled at most once in a round, so that its messages can be told apart.
        let mut left: Vec<_> = (0..clients).collect();
        random.shuffle(&mut left);
        let lives = if random.u8(..4) == 0 { 2 } else { 1 };
        let lives = (0..lives).map(|_| Life::of(&mut random, &mut left));
        Self {
            lives: lives.collect(),
        }
    }
}

impl Life {
    fn of(random: &mut Rng, clients: &mut Vec<usize>) -> Self {
        let lasts = random.u64(50..2_500);
        let labelled = random.usize(1..=8);
        let replies = random.usize(0..12);
        let upgrades = random.usize(0..=2);
        Self {
            lasts: Duration::from_millis(lasts),
            labelled: clients.split_off(clients.len() - labelled),
            replies: (0..replies).map(|_| reply(random)).collect(),
            otherwise: reply(random),
            upgrades: (0..upgrades)
                .map(|_| {
                    let which = if random.bool() {
                        Upgraded::Powershell
                    } else {
                        Upgraded::Slack
                    };
                    (Duration::from_millis(random.u64(..lasts)), which)
                })
                .collect(),
            traffic: random.u64(..),
        }
    }
}

/// An answer of a webhook on a bad day, half of which are good ones.
fn reply(random: &mut Rng) -> Reply {
    match random.u8(..16) {
        0..6 => Reply::Accept,
        6..9 => Reply::Stall(random.u32(5..1_500)),
        9 => Reply::TooMany(1),
        10 | 11 => Reply::Fail,
        12 | 13 => Reply::Drop,
        14 => Reply::Cut,
        _ => Reply::Hang,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_rounds_and_another_gives_others() {
        let rounds = |seed| -> Vec<_> { (0..20).map(|round| Plan::of(seed, round, 60)).collect() };
        assert_eq!(rounds(7), rounds(7));
        assert_ne!(rounds(7), rounds(8));
        let first = rounds(7);
        assert!(first.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
