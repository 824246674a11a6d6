//! What can be odd about an encoded command.

use std::fmt;

/// Something odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    /// The payload ends in the middle of a quantum, of its padding, or of a character: most often the log cut it.
    Truncated,
    /// The script ends within a quoted text: most often the log cut it, between two characters.
    Unfinished,
    /// There is something in the payload that is not base64; it is decoded up to there.
    NotBase64,
    /// It is UTF-8 where UTF-16 is wanted: PowerShell would read something else.
    NotUtf16,
    /// It is UTF-16, big end first: PowerShell would read something else.
    Utf16Be,
    /// It begins with a byte order mark.
    Bom,
    /// Half of a surrogate pair is in it, now U+FFFD.
    LoneSurrogate,
    /// Control characters other than line breaks and tabs are in it.
    ControlCharacters,
    /// The payload is a gzip stream and no text.
    Gzip,
    /// The script decodes base64 itself.
    NestedBase64,
    /// The script decompresses a deflate stream.
    NestedDeflate,
    /// The script decompresses a gzip stream.
    NestedGzip,
    /// The payload stands behind a colon after the switch, which PowerShell takes for no switch.
    Colon,
    /// More follows that makes PowerShell refuse the whole line, such as a second command.
    Refused,
}

impl Oddity {
    /// Its word in the column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Unfinished => "unfinished",
            Self::NotBase64 => "not-base64",
            Self::NotUtf16 => "not-utf16",
            Self::Utf16Be => "utf-16be",
            Self::Bom => "bom",
            Self::LoneSurrogate => "lone-surrogate",
            Self::ControlCharacters => "control-characters",
            Self::Gzip => "gzip",
            Self::NestedBase64 => "nested-base64",
            Self::NestedDeflate => "nested-deflate",
            Self::NestedGzip => "nested-gzip",
            Self::Colon => "colon",
            Self::Refused => "refused",
        }
    }
}

/// Several of them, in the order in which they were noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oddities(Vec<Oddity>);

impl Oddities {
    /// Notes one, once.
    pub(crate) fn note(&mut self, oddity: Oddity) {
        if !self.0.contains(&oddity) {
            self.0.push(oddity);
        }
    }

    /// Whether this one was noted.
    pub fn contains(&self, oddity: Oddity) -> bool {
        self.0.contains(&oddity)
    }
}

/// Their words, with commas between them.
impl fmt::Display for Oddities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, oddity) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}", oddity.as_str())?;
        }
        Ok(())
    }
}
