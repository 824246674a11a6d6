//! What a decoded script itself tells: that it unpacks another, that it is cut.

use crate::oddity::{Oddities, Oddity};

/// Notes what is odd about a script.
pub(crate) fn look(script: &str, oddities: &mut Oddities) {
    for (word, oddity) in [
        ("frombase64string", Oddity::NestedBase64),
        ("deflatestream", Oddity::NestedDeflate),
        ("gzipstream", Oddity::NestedGzip),
    ] {
        if mentions(script, word) {
            oddities.note(oddity);
        }
    }
    if ends_within_quotes(script) {
        oddities.note(Oddity::Unfinished);
    }
}

/// Whether `word`, in lower case, occurs in `script` in any case.
fn mentions(script: &str, word: &str) -> bool {
    let (word, bytes) = (word.as_bytes(), script.as_bytes());
    bytes
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
}

/// Whether a script ends within a quoted text or a block comment, by PowerShell's rules as far as they concern that: no such script can run.
fn ends_within_quotes(script: &str) -> bool {
    let mut rest = script;
    // Where the next thing begins that can hide a quote.
    while let Some(at) = rest.find(['\'', '"', '`', '#', '@', '<']) {
        let begins_word = rest[..at].chars().next_back().is_none_or(|before| {
            before.is_whitespace() || matches!(before, ';' | '{' | '}' | '(' | ')' | '|' | '&')
        });
        let from = &rest[at..];
        let here_text = |quote: &str| {
            let text = from.strip_prefix('@')?.strip_prefix(quote)?;
            begins_line_break(text).then_some(text)
        };
        let ends = if let Some(comment) = from.strip_prefix("<#") {
            after(comment, "#>")
        } else if let Some(text) = here_text("'") {
            after(text, "\n'@")
        } else if let Some(text) = here_text("\"") {
            after(text, "\n\"@")
        } else if let Some(text) = from.strip_prefix('\'') {
            after(text, "'")
        } else if let Some(text) = from.strip_prefix('"') {
            double_quoted(text)
        } else if from.starts_with('#') && begins_word {
            Some(after(from, "\n").unwrap_or(""))
        } else if let Some(escaped) = from.strip_prefix('`') {
            let mut escaped = escaped.chars();
            escaped.next();
            Some(escaped.as_str())
        } else {
            Some(&from[1..])
        };
        match ends {
            Some(behind) => rest = behind,
            None => return true,
        }
    }
    false
}

fn after<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    text.split_once(end).map(|(_, behind)| behind)
}

fn begins_line_break(text: &str) -> bool {
    text.trim_start_matches([' ', '\t'])
        .starts_with(['\r', '\n'])
}

/// What follows a text in double quotes, in which a backtick escapes. (Two quotes in it are one, or two texts: it comes to the same.)
fn double_quoted(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return Some(characters.as_str()),
            '`' => {
                characters.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nested_is_told() {
        let mut oddities = Oddities::default();
        look(
            "iex (New-Object IO.Compression.GZipStream([Convert]::FromBase64String('H4s')))",
            &mut oddities,
        );
        assert_eq!(oddities.to_string(), "nested-base64,nested-gzip");
    }

    #[test]
    fn quotes_are_balanced_as_powershell_does() {
        for whole in [
            "",
            "whoami",
            "'a''b' + \"c`\"d\" + \"it's\" + '\"'",
            "# don't\nwhoami # can't",
            "<# it's\n\" #> dir",
            "@'\nit's \"\n'@ + @\"\nsay \"it\n\"@",
            "echo a`'b `\"",
            "$x=@{a='b'}; $y = 1 -lt 2; echo a#b",
            "'ü😀'",
        ] {
            assert!(!ends_within_quotes(whole), "{whole}");
        }
        for cut in [
            "'",
            "echo 'a''",
            "\"a`\"",
            "<# a",
            "@'\nit",
            "x('H4sIAAAA",
            "echo a#'b",
        ] {
            assert!(ends_within_quotes(cut), "{cut}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_script_is_survived(script in "['\"`#@<>\n a-cü]{0,60}") {
            look(&script, &mut Oddities::default());
        }
    }
}
