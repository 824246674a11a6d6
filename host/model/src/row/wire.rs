//! MessagePack itself: markers read and written, values passed over. It knows nothing of rows.

/// What a marker and the bytes that belong to it say; of what has a content, its length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Head {
    Nil,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Str(u32),
    Bin(u32),
    Array(u32),
    Map(u32),
    Ext(i8, u32),
}

/// Why there is no value to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireError {
    /// The bytes end within it.
    Truncated,
    /// It begins with 0xc1, which MessagePack leaves undefined.
    Marker,
}

/// Reads the head of the value at `at`, and where what follows it begins.
#[inline(always)]
pub(crate) fn head(bytes: &[u8], at: usize) -> Result<(Head, usize), WireError> {
    let Some(&marker) = bytes.get(at) else {
        return Err(WireError::Truncated);
    };
    let next = at + 1;
    Ok(match marker {
        0x00..=0x7f => (Head::UInt(u64::from(marker)), next),
        0x80..=0x8f => (Head::Map(u32::from(marker & 0x0f)), next),
        0x90..=0x9f => (Head::Array(u32::from(marker & 0x0f)), next),
        0xa0..=0xbf => (Head::Str(u32::from(marker & 0x1f)), next),
        0xd9 => (Head::Str(u32::from(u8_at(bytes, next)?)), at + 2),
        0xda => (Head::Str(u32::from(u16_at(bytes, next)?)), at + 3),
        0xe0..=0xff => (Head::Int(i64::from(marker as i8)), next),
        _ => rare_head(marker, bytes, at)?,
    })
}

/// The heads that rows hold less often, kept out of the callers' loops.
fn rare_head(marker: u8, bytes: &[u8], at: usize) -> Result<(Head, usize), WireError> {
    let next = at + 1;
    let ext_type = |at: usize| u8_at(bytes, at).map(|byte| byte as i8);
    Ok(match marker {
        0xc0 => (Head::Nil, next),
        0xc2 => (Head::Bool(false), next),
        0xc3 => (Head::Bool(true), next),
        0xc4 => (Head::Bin(u32::from(u8_at(bytes, next)?)), at + 2),
        0xc5 => (Head::Bin(u32::from(u16_at(bytes, next)?)), at + 3),
        0xc6 => (Head::Bin(u32_at(bytes, next)?), at + 5),
        0xc7 => {
            let len = u32::from(u8_at(bytes, next)?);
            (Head::Ext(ext_type(at + 2)?, len), at + 3)
        }
        0xc8 => {
            let len = u32::from(u16_at(bytes, next)?);
            (Head::Ext(ext_type(at + 3)?, len), at + 4)
        }
        0xc9 => {
            let len = u32_at(bytes, next)?;
            (Head::Ext(ext_type(at + 5)?, len), at + 6)
        }
        0xca => {
            let float = f32::from_bits(u32_at(bytes, next)?);
            (Head::Float(f64::from(float)), at + 5)
        }
        0xcb => (Head::Float(f64::from_bits(u64_at(bytes, next)?)), at + 9),
        0xcc => (Head::UInt(u64::from(u8_at(bytes, next)?)), at + 2),
        0xcd => (Head::UInt(u64::from(u16_at(bytes, next)?)), at + 3),
        0xce => (Head::UInt(u64::from(u32_at(bytes, next)?)), at + 5),
        0xcf => (Head::UInt(u64_at(bytes, next)?), at + 9),
        0xd0 => (Head::Int(i64::from(u8_at(bytes, next)? as i8)), at + 2),
        0xd1 => (Head::Int(i64::from(u16_at(bytes, next)? as i16)), at + 3),
        0xd2 => (Head::Int(i64::from(u32_at(bytes, next)? as i32)), at + 5),
        0xd3 => (Head::Int(u64_at(bytes, next)? as i64), at + 9),
        0xd4..=0xd8 => (Head::Ext(ext_type(next)?, 1 << (marker - 0xd4)), at + 2),
        0xdb => (Head::Str(u32_at(bytes, next)?), at + 5),
        0xdc => (Head::Array(u32::from(u16_at(bytes, next)?)), at + 3),
        0xdd => (Head::Array(u32_at(bytes, next)?), at + 5),
        0xde => (Head::Map(u32::from(u16_at(bytes, next)?)), at + 3),
        0xdf => (Head::Map(u32_at(bytes, next)?), at + 5),
        _ => return Err(WireError::Marker),
    })
}

fn u8_at(bytes: &[u8], at: usize) -> Result<u8, WireError> {
    bytes.get(at).copied().ok_or(WireError::Truncated)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, WireError> {
    fixed(bytes, at).map(u16::from_be_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, WireError> {
    fixed(bytes, at).map(u32::from_be_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, WireError> {
    fixed(bytes, at).map(u64::from_be_bytes)
}

fn fixed<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], WireError> {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<N>())
        .copied()
        .ok_or(WireError::Truncated)
}

/// The `len` bytes at `at`, and where they end.
#[inline(always)]
pub(crate) fn content(bytes: &[u8], at: usize, len: u32) -> Result<(&[u8], usize), WireError> {
    let end = at + len as usize;
    match bytes.get(at..end) {
        Some(content) => Ok((content, end)),
        None => Err(WireError::Truncated),
    }
}

/// Where the value at `at` ends. Walks what is nested in it without recursion, so that no depth can hurt.
#[inline]
pub(crate) fn skip(bytes: &[u8], mut at: usize) -> Result<usize, WireError> {
    let mut pending = 1u64;
    while pending > 0 {
        pending -= 1;
        let (head, next) = head(bytes, at)?;
        at = match head {
            Head::Str(len) | Head::Bin(len) | Head::Ext(_, len) => content(bytes, next, len)?.1,
            Head::Array(len) => {
                pending += u64::from(len);
                next
            }
            Head::Map(len) => {
                pending += 2 * u64::from(len);
                next
            }
            _ => next,
        };
    }
    Ok(at)
}

pub(crate) fn write_nil(out: &mut Vec<u8>) {
    out.push(0xc0);
}

pub(crate) fn write_bool(out: &mut Vec<u8>, value: bool) {
    out.push(if value { 0xc3 } else { 0xc2 });
}

/// The shortest form of an integer of zero or more.
pub(crate) fn write_uint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value as u8);
    } else if let Ok(value) = u8::try_from(value) {
        out.extend_from_slice(&[0xcc, value]);
    } else if let Ok(value) = u16::try_from(value) {
        tagged(out, 0xcd, value.to_be_bytes());
    } else if let Ok(value) = u32::try_from(value) {
        tagged(out, 0xce, value.to_be_bytes());
    } else {
        tagged(out, 0xcf, value.to_be_bytes());
    }
}

/// The shortest form of an integer.
pub(crate) fn write_int(out: &mut Vec<u8>, value: i64) {
    if let Ok(value) = u64::try_from(value) {
        write_uint(out, value);
    } else if value >= -0x20 {
        out.push(value as u8);
    } else if let Ok(value) = i8::try_from(value) {
        out.extend_from_slice(&[0xd0, value as u8]);
    } else if let Ok(value) = i16::try_from(value) {
        tagged(out, 0xd1, value.to_be_bytes());
    } else if let Ok(value) = i32::try_from(value) {
        tagged(out, 0xd2, value.to_be_bytes());
    } else {
        tagged(out, 0xd3, value.to_be_bytes());
    }
}

pub(crate) fn write_float(out: &mut Vec<u8>, value: f64) {
    tagged(out, 0xcb, value.to_bits().to_be_bytes());
}

/// A string of these bytes, which are UTF-8.
#[inline]
pub(crate) fn write_str(out: &mut Vec<u8>, text: &[u8]) {
    let len = text.len();
    if len < 0x20 {
        out.push(0xa0 | len as u8);
    } else if len <= usize::from(u8::MAX) {
        out.extend_from_slice(&[0xd9, len as u8]);
    } else if len <= usize::from(u16::MAX) {
        tagged(out, 0xda, (len as u16).to_be_bytes());
    } else {
        tagged(out, 0xdb, (len as u32).to_be_bytes());
    }
    out.extend_from_slice(text);
}

/// How many bytes the head of a string has that begins with `marker`.
#[inline]
pub(crate) fn str_head_len(marker: u8) -> usize {
    match marker {
        0xd9 => 2,
        0xda => 3,
        0xdb => 5,
        _ => 1,
    }
}

pub(crate) fn write_bin(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = bytes.len();
    if len <= usize::from(u8::MAX) {
        out.extend_from_slice(&[0xc4, len as u8]);
    } else if len <= usize::from(u16::MAX) {
        tagged(out, 0xc5, (len as u16).to_be_bytes());
    } else {
        tagged(out, 0xc6, (len as u32).to_be_bytes());
    }
    out.extend_from_slice(bytes);
}

pub(crate) fn write_ext(out: &mut Vec<u8>, kind: i8, bytes: &[u8]) {
    tagged(out, 0xc9, (bytes.len() as u32).to_be_bytes());
    out.push(kind as u8);
    out.extend_from_slice(bytes);
}

pub(crate) fn write_array_head(out: &mut Vec<u8>, len: u32) {
    match len {
        0..=15 => out.push(0x90 | len as u8),
        16..=0xffff => tagged(out, 0xdc, (len as u16).to_be_bytes()),
        _ => tagged(out, 0xdd, len.to_be_bytes()),
    }
}

pub(crate) fn write_map_head(out: &mut Vec<u8>, len: u32) {
    match len {
        0..=15 => out.push(0x80 | len as u8),
        16..=0xffff => tagged(out, 0xde, (len as u16).to_be_bytes()),
        _ => tagged(out, 0xdf, len.to_be_bytes()),
    }
}

#[inline]
fn tagged<const N: usize>(out: &mut Vec<u8>, marker: u8, bytes: [u8; N]) {
    out.push(marker);
    out.extend_from_slice(&bytes);
}

/// A map, an array or a string whose length is known only once it is written. It has room for a length of 16 bits, and moves for more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open(usize);

/// Begins one.
#[inline]
pub(crate) fn open(out: &mut Vec<u8>) -> Open {
    let at = out.len();
    out.extend_from_slice(&[0; 3]);
    Open(at)
}

/// Ends a string, which is what was written since, with the head that [`write_str`] gives it.
pub(crate) fn close_str(out: &mut Vec<u8>, Open(at): Open) {
    let len = out.len() - at - 3;
    let head = match len {
        0..0x20 => {
            out[at] = 0xa0 | len as u8;
            1
        }
        0x20..=0xff => {
            out[at..at + 2].copy_from_slice(&[0xd9, len as u8]);
            2
        }
        _ => return close(out, Open(at), len as u32, 0xda),
    };
    out.copy_within(at + 3.., at + head);
    out.truncate(at + head + len);
}

/// Ends an array of `len` items.
#[inline]
pub(crate) fn close_array(out: &mut Vec<u8>, open: Open, len: u32) {
    close(out, open, len, 0xdc);
}

/// Ends a map of `len` entries.
#[inline]
pub(crate) fn close_map(out: &mut Vec<u8>, open: Open, len: u32) {
    close(out, open, len, 0xde);
}

#[inline]
fn close(out: &mut Vec<u8>, Open(at): Open, len: u32, marker_16: u8) {
    let [a, b, c, d] = len.to_be_bytes();
    if len <= u32::from(u16::MAX) {
        out[at..at + 3].copy_from_slice(&[marker_16, c, d]);
    } else {
        out.splice(at..at + 3, [marker_16 + 1, a, b, c, d]);
    }
}
