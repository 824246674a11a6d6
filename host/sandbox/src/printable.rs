//! Text of a guest, made fit to be shown: in a log line, an audit record, an error.
//!
//! A guest could otherwise move the cursor of the terminal that shows its log, or make one line look like two.

use watchbox_model::printable::upsets;

/// The longest target in an audit record, in bytes.
pub(crate) const TARGET: usize = 512;

/// The longest reason of a failure that is kept, in bytes.
pub(crate) const REASON: usize = 4 << 10;

/// `text` on one line, control characters escaped, cut to at most `max` bytes.
pub(crate) fn line(text: &str, max: usize) -> String {
    escape(text, max, |_| false)
}

/// `text` with its line breaks and tabs, other control characters escaped, cut to at most `max` bytes.
pub(crate) fn lines(text: &str, max: usize) -> String {
    escape(text, max, |c| matches!(c, '\n' | '\t'))
}

fn escape(text: &str, max: usize, keep: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    for c in text.chars() {
        let before = out.len();
        if upsets(c) && !keep(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        if out.len() > max {
            out.truncate(before);
            // Room for the mark that says something was cut.
            while out.len() + '…'.len_utf8() > max && out.pop().is_some() {}
            if '…'.len_utf8() <= max {
                out.push('…');
            }
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_upsets_a_terminal_is_escaped() {
        insta::assert_snapshot!(line("a\u{1b}[2Jb\r\nc\u{202e}d\0", 100), @r"a\u{1b}[2Jb\r\nc\u{202e}d\u{0}");
        assert_eq!(lines("a\n\tb\u{7}", 100), "a\n\tb\\u{7}");
        assert_eq!(line("Grüße, 世界", 100), "Grüße, 世界");
    }

    #[test]
    fn a_cut_is_marked_and_falls_between_characters() {
        assert_eq!(line("abcdefgh", 8), "abcdefgh");
        assert_eq!(line("abcdefghi", 8), "abcde…");
        assert_eq!(line("世世世", 7), "世…");
        assert_eq!(line("世世世", 0), "");
    }

    proptest! {
        #[test]
        fn never_longer_than_allowed_and_never_upsetting(text in ".*", max in 0usize..64) {
            let shown = line(&text, max);
            prop_assert!(shown.len() <= max);
            prop_assert!(!shown.chars().any(upsets));
        }
    }
}
