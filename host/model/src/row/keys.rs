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
    #[inline]
    pub(crate) fn take_duplicate(&mut self, buffer: &[u8], first: usize) -> Option<String> {
        let keys = &mut self.0[first..];
        let twice = if keys.len() <= FEW {
            twice_of_few(buffer, keys)
        } else {
            keys.sort_unstable_by_key(|key| key.of(buffer));
            let twice = |pair: &&[Key]| pair[0].of(buffer) == pair[1].of(buffer);
            keys.windows(2).find(twice).map(|pair| pair[0])
        };
        self.0.truncate(first);
        // Cut, for it goes into a message.
        twice.map(|key| {
            String::from_utf8_lossy(key.of(buffer))
                .chars()
                .take(100)
                .collect()
        })
    }
}

impl Key {
    fn of(self, buffer: &[u8]) -> &[u8] {
        &buffer[self.start..self.end]
    }
}

/// Compares a key with those before it only where a hash of eight bits was seen before.
fn twice_of_few(buffer: &[u8], keys: &[Key]) -> Option<Key> {
    let mut seen = [0u64; 4];
    for (index, key) in keys.iter().enumerate() {
        let name = key.of(buffer);
        let hash = hash(name);
        let (word, bit) = (usize::from(hash >> 6), 1 << (hash & 63));
        if seen[word] & bit != 0 && keys[..index].iter().any(|before| before.of(buffer) == name) {
            return Some(*key);
        }
        seen[word] |= bit;
    }
    None
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
