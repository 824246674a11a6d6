//! Events, as they come in.

use std::marker::PhantomData;

use rmp::Marker;
use rmp_serde::decode::{Deserializer, ReadRefReader};
use serde::Deserialize;

/// Events of one log, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    artifact: &'a str,
    len: u32,
    rows: &'a [u8],
}

/// An event that is not of the type asked for, or a batch that is no MessagePack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {index} of a batch of {artifact}: {reason}")]
pub struct EventError {
    /// The log's name.
    pub artifact: String,
    /// Which event of the batch, from 0.
    pub index: u32,
    /// What is wrong with it.
    pub reason: String,
}

impl<'a> Batch<'a> {
    /// Reads the head of an array of maps in MessagePack.
    pub(crate) fn read(artifact: &'a str, mut rows: &'a [u8]) -> Result<Self, EventError> {
        match rmp::decode::read_array_len(&mut rows) {
            Ok(len) => Ok(Self {
                artifact,
                len,
                rows,
            }),
            Err(error) => Err(EventError {
                artifact: artifact.to_owned(),
                index: 0,
                reason: format!(
                    "a MessagePack array is wanted ({error}); the manifest's `encoding` must be msgpack"
                ),
            }),
        }
    }

    /// The log's name: tells several subscriptions apart.
    pub fn artifact(&self) -> &'a str {
        self.artifact
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there are none; the host sends no such batch.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The events, each read as an `E`.
    ///
    /// Text can be borrowed (`&'a str`), which costs no copy. Columns come from endpoints: ask for no more than you need, make what may be
    /// missing an `Option` with `#[serde(default)]`, and what may be of any type a [`crate::Value`].
    pub fn events<E: Deserialize<'a>>(&self) -> Events<'a, E> {
        Events {
            artifact: self.artifact,
            index: 0,
            len: self.len,
            resume: self.rows,
            since_resume: 0,
            reader: Deserializer::from_read_ref(self.rows),
            event: PhantomData,
        }
    }
}

/// The events of a [`Batch`]. After an error it goes on with the next event.
#[derive(Debug)]
pub struct Events<'a, E> {
    artifact: &'a str,
    index: u32,
    len: u32,
    /// Where reading was last taken up, and how many events were read since: a reader that failed doesn't tell where it stands.
    resume: &'a [u8],
    since_resume: u32,
    reader: Deserializer<ReadRefReader<'a, [u8]>>,
    event: PhantomData<E>,
}

impl<'a, E> Events<'a, E> {
    /// Takes reading up behind the event that could not be read; where that can't be found, there are no more.
    fn pass_over(&mut self) {
        for _ in 0..=self.since_resume {
            match skip(self.resume) {
                Some(rest) => self.resume = rest,
                None => self.index = self.len,
            }
        }
        self.since_resume = 0;
        self.reader = Deserializer::from_read_ref(self.resume);
    }
}

impl<'a, E: Deserialize<'a>> Iterator for Events<'a, E> {
    type Item = Result<E, EventError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.index >= self.len {
            return None;
        }
        let index = self.index;
        self.index += 1;
        match E::deserialize(&mut self.reader) {
            Ok(event) => {
                self.since_resume += 1;
                Some(Ok(event))
            }
            Err(error) => {
                self.pass_over();
                Some(Err(EventError {
                    artifact: self.artifact.to_owned(),
                    index,
                    reason: error.to_string(),
                }))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.len - self.index) as usize;
        (0, Some(left))
    }
}

/// What follows the MessagePack value at the start of `bytes`; `None` where there is no whole one.
fn skip(mut bytes: &[u8]) -> Option<&[u8]> {
    let mut wanted = 1_u64;
    while wanted > 0 {
        let (&head, rest) = bytes.split_first()?;
        let length = |of: usize| -> Option<u64> {
            let digits = rest.get(..of)?;
            Some(
                digits
                    .iter()
                    .fold(0, |sum, &digit| sum << 8 | u64::from(digit)),
            )
        };
        // How many bytes the head has beside itself, how many follow it, and how many values.
        let (head, follow, values) = match Marker::from_u8(head) {
            Marker::FixPos(_) | Marker::FixNeg(_) | Marker::Null | Marker::True | Marker::False => {
                (0, 0, 0)
            }
            Marker::U8 | Marker::I8 => (0, 1, 0),
            Marker::U16 | Marker::I16 => (0, 2, 0),
            Marker::U32 | Marker::I32 | Marker::F32 => (0, 4, 0),
            Marker::U64 | Marker::I64 | Marker::F64 => (0, 8, 0),
            Marker::FixStr(len) => (0, u64::from(len), 0),
            Marker::Str8 | Marker::Bin8 => (1, length(1)?, 0),
            Marker::Str16 | Marker::Bin16 => (2, length(2)?, 0),
            Marker::Str32 | Marker::Bin32 => (4, length(4)?, 0),
            Marker::FixExt1 => (0, 2, 0),
            Marker::FixExt2 => (0, 3, 0),
            Marker::FixExt4 => (0, 5, 0),
            Marker::FixExt8 => (0, 9, 0),
            Marker::FixExt16 => (0, 17, 0),
            Marker::Ext8 => (1, length(1)? + 1, 0),
            Marker::Ext16 => (2, length(2)? + 1, 0),
            Marker::Ext32 => (4, length(4)? + 1, 0),
            Marker::FixArray(len) => (0, 0, u64::from(len)),
            Marker::Array16 => (2, 0, length(2)?),
            Marker::Array32 => (4, 0, length(4)?),
            Marker::FixMap(len) => (0, 0, u64::from(len) * 2),
            Marker::Map16 => (2, 0, length(2)? * 2),
            Marker::Map32 => (4, 0, length(4)? * 2),
            Marker::Reserved => return None,
        };
        bytes = rest.get(head..)?.get(usize::try_from(follow).ok()?..)?;
        wanted = wanted - 1 + values;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
