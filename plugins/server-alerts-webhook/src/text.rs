//! What endpoints say, put where people read it: shown, and not obeyed.

use serde::{Deserialize, Serialize};

/// What is done to a text, beside what JSON itself asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Escape {
    /// Nothing in it pings somebody, forms a link or is markup, in chats of any make.
    Chat,
    /// It stands as it is, but for what can't be seen.
    None,
}

impl Escape {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "chat" => Some(Self::Chat),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    /// The text as it is put into another one.
    pub(crate) fn apply(self, text: &str) -> String {
        match self {
            Self::Chat => printable(&tame(text)),
            Self::None => printable(text),
        }
    }
}

/// Takes the effect from what chats obey. Which of them reads it is not known here, and an entity of one is plain text in another; so what begins a
/// ping, a link or markup is replaced by what looks like it, and addresses are written as analysts write them.
fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    for letter in text.chars() {
        tamed.push(match letter {
            '<' => '‹',
            '>' => '›',
            '&' => '＆',
            '@' => '＠',
            '#' => '＃',
            '`' => 'ˋ',
            '*' => '∗',
            '_' => 'ˍ',
            '~' => '∼',
            '|' => '∣',
            '[' => '［',
            ']' => '］',
            other => other,
        });
    }
    let tamed = tamed.replace("://", "[:]//");
    defang(&tamed)
}

/// Writes `[.]` for a dot before what may be the last part of a domain's name, or lead to it: chats make links of bare names too.
fn defang(text: &str) -> String {
    let mut defanged = String::with_capacity(text.len());
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        if letter == '.' && before.is_alphanumeric() && begins_label(&text[at + 1..]) {
            defanged.push_str("[.]");
        } else {
            defanged.push(letter);
        }
        before = letter;
    }
    defanged
}

/// Whether `text` begins with a label as the last of a domain's name can be: two letters or more, or the coded form of others.
fn begins_label(text: &str) -> bool {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '-');
    let label = &text[..end.unwrap_or(text.len())];
    label.starts_with("xn--") || label.chars().count() > 1 && label.chars().all(char::is_alphabetic)
}

/// Shows what can't be seen: control characters, and marks of direction, of no width, of formats.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match u32::from(letter) {
            point @ ..0x20 => shown.extend(char::from_u32(0x2400 + point)),
            0x7f => shown.push('\u{2421}'),
            point if is_unseen(letter) => shown.push_str(&format!("‹U+{point:04X}›")),
            _ => shown.push(letter),
        }
    }
    shown
}

/// Whether a character is not seen, or changes how others are.
fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{0}'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// JSON in which what can't be seen is written as escapes: the same to a program, and visible to whoever looks at it as it is.
pub(crate) fn visible_json(json: &str) -> String {
    let mut visible = String::with_capacity(json.len());
    let mut units = [0; 2];
    for letter in json.chars() {
        // Those below the space stand between values alone, where an escape could not.
        if is_unseen(letter) && letter >= ' ' {
            for unit in letter.encode_utf16(&mut units) {
                visible.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            visible.push(letter);
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_chat_would_obey_is_shown() {
        for (text, wanted) in [
            ("<!channel> @everyone", "‹!channel› ＠everyone"),
            (
                "[here](https://evil.example/x?a=1&b=2)",
                "［here］(https[:]//evil[.]example/x?a=1＆b=2)",
            ),
            (
                "www.evil.example a.b1.xn--p1ai C.1a2b a. b 10.0.0.1",
                "www[.]evil[.]example a.b1[.]xn--p1ai C.1a2b a. b 10.0.0.1",
            ),
            (
                "**bold** `code` _x_ #x ~~y~~ a|b",
                "∗∗bold∗∗ ˋcodeˋ ˍxˍ ＃x ∼∼y∼∼ a∣b",
            ),
            ("one\r\ntwo\t\u{1b}[31m", "one␍␊two␉␛［31m"),
            ("abc\u{202e}exe", "abc‹U+202E›exe"),
        ] {
            assert_eq!(Escape::Chat.apply(text), wanted);
        }
        assert_eq!(Escape::None.apply("<@a>\u{200b}\n"), "<@a>‹U+200B›␊");
        assert_eq!(Escape::named("html"), None);
    }

    #[test]
    fn json_shows_what_it_holds() {
        assert_eq!(
            visible_json("{\"a\":\n\"ü\u{202e}\u{e0041}\"}"),
            "{\"a\":\n\"ü\\u202e\\udb40\\udc41\"}"
        );
    }
}
