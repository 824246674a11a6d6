//! Which characters of a text that somebody else wrote must not reach a terminal, a log line or an audit record as they are.

/// Whether `c` does something to the text around it, or is there and can't be seen: control characters, line and paragraph separators, marks that
/// change the direction of writing, and characters without a width. With them a guest could move the cursor of the terminal that shows its lines, make one
/// line look like two, or one name like another.
pub fn upsets(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_or_hides_upsets_and_what_is_written_does_not() {
        for c in [
            '\0',
            '\u{1b}',
            '\n',
            '\u{7f}',
            '\u{9b}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2066}',
            '\u{2029}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            assert!(upsets(c), "{c:?}");
        }
        for c in ['a', ' ', 'ü', '世', '…', '\u{301}', '😀', '\u{a0}'] {
            assert!(!upsets(c), "{c:?}");
        }
    }
}
