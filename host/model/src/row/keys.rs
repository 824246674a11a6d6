//! Keys of the maps under way, to find the one that comes twice. One list serves every map and row of a batch.

/// Where a key stands in its buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A stack of keys: those of the outermost map first.
#[derive(Debug, Default)]
pub(crate) struct Keys(Vec<Key>);

/// Up to this many keys of a map are told apart by a small hash first; more are sorted, so that no map costs the square of its size.
const FEW: usize = 64;

impl Keys {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn push(&mut self, key: Key) {
        self.0.push(key);
    }

    /// Takes the keys from `first` on off the stack: those of one map, whole. Gives one that comes twice.
    pub(crate) fn take_duplicate(&mut self, buffer: &[u8], first: usize) -> Option<String> {
        let keys = &mut self.0[first..];
        let twice = if keys.len() <= FEW && surely_distinct(buffer, keys) {
            None
        } else {
            keys.sort_unstable_by_key(|key| &buffer[key.start..key.end]);
            keys.windows(2)
                .map(|pair| {
                    [
                        &buffer[pair[0].start..pair[0].end],
                        &buffer[pair[1].start..pair[1].end],
                    ]
                })
                .find(|[one, other]| one == other)
                .map(|[key, _]| String::from_utf8_lossy(key).chars().take(100).collect())
        };
        self.0.truncate(first);
        twice
    }
}

/// Whether a hash of eight bits tells all of them apart; for a row's few columns it mostly does.
fn surely_distinct(buffer: &[u8], keys: &[Key]) -> bool {
    let mut seen = [0u64; 4];
    keys.iter().all(|key| {
        let hash = hash(&buffer[key.start..key.end]);
        let (word, bit) = (usize::from(hash >> 6), 1 << (hash & 63));
        let fresh = seen[word] & bit == 0;
        seen[word] |= bit;
        fresh
    })
}

/// Of the length, the first and the last eight bytes: names of columns differ in one of them.
fn hash(key: &[u8]) -> u8 {
    let (head, tail) = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => (
            key.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
            0,
        ),
    };
    let mixed =
        (head ^ tail.rotate_left(23) ^ key.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 56) as u8
}
