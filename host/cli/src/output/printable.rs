//! Text of others, made safe to print.
//!
//! Command lines, hostnames, log lines and error texts come from endpoints and artifacts. On a terminal an
//! escape character among them could move the cursor, hide text or set the title; a character that changes
//! the direction of writing could make a command read as another one.

use std::borrow::Cow;

use watchbox_model::printable::upsets;

/// `text` on one line: what could upset the text around it, or can't be seen, is escaped.
pub fn printable(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// The same, but lines and tabs are kept.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| matches!(c, '\n' | '\t'))
}

/// The first `max` characters of `text`, and `…` where there are more.
pub fn cut(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hidden = |c: char| upsets(c) && !keep(c);
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_is_escaped() {
        assert_eq!(
            printable("a\x1b[2Jb\u{9b}c\r\nd"),
            "a\\u{1b}[2Jb\\u{9b}c\\r\\nd"
        );
        assert_eq!(printable("x\u{202e}y"), "x\\u{202e}y");
        assert_eq!(printable_lines("a\n\tb\x07"), "a\n\tb\\u{7}");
    }

    #[test]
    fn plain_text_is_neither_changed_nor_copied() {
        assert!(matches!(
            printable("Grüße, 世界"),
            Cow::Borrowed("Grüße, 世界")
        ));
    }

    #[test]
    fn a_cut_falls_between_characters() {
        assert_eq!(cut("äöü", 2), "äö…");
        assert_eq!(cut("äöü", 3), "äöü");
    }
}
