//! A text with one layer of its escapes undone, byte by byte, each with where in the text it came from.

/// A byte, and the part of the text that stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) byte: u8,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// By whose rules something is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `%2F`, in URLs and forms.
    Url,
    /// `\/`, `\u002f`, `\x2f`, in JSON and JavaScript.
    Json,
    /// `&sol;`, `&#47;`, `&#x2f;`, in HTML and XML.
    Html,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Url, Self::Json, Self::Html];

    /// What every escape of this kind begins with.
    pub(super) fn begins(self) -> u8 {
        match self {
            Self::Url => b'%',
            Self::Json => b'\\',
            Self::Html => b'&',
        }
    }
}

/// The layer above `I`, in which what is escaped by one kind is undone. What only looks like an escape stays as it is.
#[derive(Clone)]
pub(super) struct Layer<I> {
    below: I,
    kind: Kind,
    /// The rest of a character that is several bytes long, last byte first.
    rest: [Unit; 3],
    left: usize,
}

impl<I: Iterator<Item = Unit> + Clone> Layer<I> {
    pub(super) fn new(below: I, kind: Kind) -> Self {
        let none = Unit {
            byte: 0,
            start: 0,
            end: 0,
        };
        Self {
            below,
            kind,
            rest: [none; 3],
            left: 0,
        }
    }

    /// The character of the escape that begins with `first`, if it is one; it is read to its end then.
    fn escape(&mut self, first: Unit) -> Option<(Character, usize)> {
        if first.byte != self.kind.begins() {
            return None;
        }
        let mut ahead = Ahead {
            units: self.below.clone(),
            end: first.end,
        };
        let character = match self.kind {
            Kind::Url => Character::Byte(ahead.hex(2)? as u8),
            Kind::Json => ahead.after_backslash()?,
            Kind::Html => ahead.entity()?,
        };
        self.below = ahead.units;
        Some((character, ahead.end))
    }
}

/// What an escape stands for.
#[derive(Debug, PartialEq, Eq)]
enum Character {
    Byte(u8),
    Text(char),
}

impl<I: Iterator<Item = Unit> + Clone> Iterator for Layer<I> {
    type Item = Unit;

    fn next(&mut self) -> Option<Unit> {
        if self.left > 0 {
            self.left -= 1;
            return Some(self.rest[self.left]);
        }
        let first = self.below.next()?;
        let Some((character, end)) = self.escape(first) else {
            return Some(first);
        };
        let unit = |byte| Unit {
            byte,
            start: first.start,
            end,
        };
        match character {
            Character::Byte(byte) => Some(unit(byte)),
            Character::Text(character) => {
                let mut bytes = [0; 4];
                let bytes = character.encode_utf8(&mut bytes).as_bytes();
                self.left = bytes.len() - 1;
                for (place, byte) in self.rest.iter_mut().zip(bytes[1..].iter().rev()) {
                    *place = unit(*byte);
                }
                Some(unit(bytes[0]))
            }
        }
    }
}

/// What follows the first character of an escape.
#[derive(Clone)]
struct Ahead<I> {
    units: I,
    end: usize,
}

impl<I: Iterator<Item = Unit> + Clone> Ahead<I> {
    fn next(&mut self) -> Option<u8> {
        let unit = self.units.next()?;
        self.end = unit.end;
        Some(unit.byte)
    }

    /// Takes the next byte if it is this one.
    fn takes(&mut self, byte: u8) -> bool {
        let mut ahead = self.clone();
        let is_next = ahead.next() == Some(byte);
        if is_next {
            *self = ahead;
        }
        is_next
    }

    /// As many digits as this.
    fn hex(&mut self, digits: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..digits {
            value = value << 4 | char::from(self.next()?).to_digit(16)?;
        }
        Some(value)
    }

    /// A number of at most seven digits.
    fn number(&mut self, radix: u32) -> Option<u32> {
        let mut value = None;
        for _ in 0..7 {
            let mut ahead = self.clone();
            let digit = ahead
                .next()
                .and_then(|byte| char::from(byte).to_digit(radix));
            let Some(digit) = digit else { break };
            *self = ahead;
            value = Some(value.unwrap_or(0) * radix + digit);
        }
        value
    }

    /// JSON's and JavaScript's: `\/`, `\n`, `\u00e9`, `\u{e9}`, `\xe9`.
    fn after_backslash(&mut self) -> Option<Character> {
        let character = match self.next()? {
            b'u' if self.takes(b'{') => {
                let value = self.number(16)?;
                self.takes(b'}').then_some(())?;
                char::from_u32(value)?
            }
            b'u' => self.utf16()?,
            b'x' => char::from_u32(self.hex(2)?)?,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            plain @ (b'/' | b'\\' | b'"' | b'\'' | b'`') => char::from(plain),
            _ => return None,
        };
        Some(Character::Text(character))
    }

    /// Four digits, or a pair of them where it takes one.
    fn utf16(&mut self) -> Option<char> {
        let first = self.hex(4)?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        (self.takes(b'\\') && self.takes(b'u')).then_some(())?;
        let second = self.hex(4)?;
        let second = (0xdc00..0xe000)
            .contains(&second)
            .then(|| second - 0xdc00)?;
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10 | second))
    }

    /// HTML's: `&#233;`, `&#xe9;`, and those of the names that stand for marks of ASCII.
    fn entity(&mut self) -> Option<Character> {
        let character = if self.takes(b'#') {
            let is_hex = self.takes(b'x') || self.takes(b'X');
            let number = self.number(if is_hex { 16 } else { 10 })?;
            // Browsers do without it; what writes escapes does not, and the number's end may be escaped itself.
            self.takes(b';').then_some(())?;
            char::from_u32(number)?
        } else {
            let mut name = Vec::with_capacity(6);
            loop {
                match self.next()? {
                    b';' => break named(&name)?,
                    byte if name.len() < 6 && byte.is_ascii_alphabetic() => name.push(byte),
                    _ => return None,
                }
            }
        };
        Some(Character::Text(character))
    }
}

fn named(name: &[u8]) -> Option<char> {
    Some(match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        b"sol" => '/',
        b"bsol" => '\\',
        b"plus" => '+',
        b"equals" => '=',
        b"lowbar" => '_',
        b"period" => '.',
        b"comma" => ',',
        b"colon" => ':',
        b"semi" => ';',
        b"num" => '#',
        b"percnt" => '%',
        b"quest" => '?',
        b"excl" => '!',
        b"commat" => '@',
        b"dollar" => '$',
        b"ast" => '*',
        b"lpar" => '(',
        b"rpar" => ')',
        b"nbsp" => '\u{a0}',
        _ => return None,
    })
}

/// `bytes` with one layer of escapes of this kind undone.
pub(super) fn undone(bytes: &[u8], kind: Kind) -> Vec<u8> {
    let units = bytes.iter().map(|byte| Unit {
        byte: *byte,
        start: 0,
        end: 0,
    });
    Layer::new(units, kind).map(|unit| unit.byte).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, kind: Kind) -> String {
        String::from_utf8_lossy(&undone(text.as_bytes(), kind)).into_owned()
    }

    #[test]
    fn escapes_of_each_kind_are_undone() {
        for (kind, text, meant) in [
            (Kind::Url, "a%2Fb%2fc", "a/b/c"),
            (Kind::Url, "%C3%a9", "é"),
            (Kind::Url, "%252F", "%2F"),
            (Kind::Json, r"\u00e9\u00E9\u{e9}\xe9", "éééé"),
            (Kind::Json, r#"\/\"\\\n"#, "/\"\\\n"),
            (Kind::Json, r"\ud83d\ude00", "😀"),
            (Kind::Html, "&#233;&#xE9;&#x1F600;", "éé😀"),
            (Kind::Html, "&amp;&lt;&sol;&plus;", "&</+"),
            (Kind::Html, "&amp;amp;", "&amp;"),
        ] {
            assert_eq!(read(text, kind), meant, "{text}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for (kind, text) in [
            (Kind::Url, "%"),
            (Kind::Url, "%2"),
            (Kind::Url, "%zz%2x%u002f"),
            (Kind::Url, r"\/&amp;"),
            (Kind::Json, r"\"),
            (Kind::Json, r"\-\%2f"),
            (Kind::Json, r"\u12"),
            (Kind::Json, r"\ud83d"),
            (Kind::Json, r"\u{110000}"),
            (
                Kind::Html,
                "& &# &#x; &nothing; &toolongaword; &#65B &#1114112;",
            ),
        ] {
            assert_eq!(read(text, kind), text);
        }
    }

    #[test]
    fn a_unit_knows_the_whole_of_its_escape() {
        let text = b"a&#92;u00e9b";
        let plain = text.iter().enumerate().map(|(at, byte)| Unit {
            byte: *byte,
            start: at,
            end: at + 1,
        });
        let units = Layer::new(Layer::new(plain, Kind::Html), Kind::Json);
        let places: Vec<_> = units.map(|unit| (unit.start, unit.end)).collect();
        assert_eq!(places, [(0, 1), (1, 11), (1, 11), (11, 12)]);
    }

    proptest! {
        #[test]
        fn never_panics_and_never_grows(
            bytes in prop::collection::vec(any::<u8>(), 0..100),
            text in "[%\\\\&#xu{}0-9a-f;]{0,40}",
        ) {
            for kind in Kind::ALL {
                prop_assert!(undone(&bytes, kind).len() <= bytes.len());
                prop_assert!(undone(text.as_bytes(), kind).len() <= text.len());
            }
        }
    }
}
