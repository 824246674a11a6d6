//! From a command line to arguments, by the rules of the C runtime on Windows, which both shells' programs are started through.
//!
//! Spaces and tabs outside of quotes divide. A quote begins or ends a quoted part and is dropped; within one, two quotes are one. `2n`
//! backslashes before a quote are `n`, `2n+1` are `n` and make it a plain quote; elsewhere backslashes are plain. The program's name knows
//! quotes only.

/// The program's name and what follows it, as it stands there.
pub(crate) fn program(line: &str) -> (String, &str) {
    let line = trim(line);
    let mut quoted = false;
    let end = line.find(|c| {
        quoted ^= c == '"';
        !quoted && matches!(c, ' ' | '\t')
    });
    let (name, rest) = line.split_at(end.unwrap_or(line.len()));
    (name.replace('"', ""), rest)
}

/// The arguments in what follows the program's name.
pub(crate) fn arguments(rest: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut rest = trim(rest);
    while !rest.is_empty() {
        let argument;
        (argument, rest) = first(rest);
        arguments.push(argument);
        rest = trim(rest);
    }
    arguments
}

/// `text` without the white space before it.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// The argument at the start of `text`, and what follows it.
pub(crate) fn first(text: &str) -> (String, &str) {
    let mut argument = String::new();
    let mut quoted = false;
    let mut rest = text;
    loop {
        // Everything up to the next character that means something is taken as it is.
        let plain = rest.find(['"', '\\', ' ', '\t']).unwrap_or(rest.len());
        argument.push_str(&rest[..plain]);
        rest = &rest[plain..];
        match rest.as_bytes().first() {
            None => return (argument, rest),
            Some(b'"') => {
                rest = &rest[1..];
                if quoted && rest.starts_with('"') {
                    argument.push('"');
                    rest = &rest[1..];
                } else {
                    quoted = !quoted;
                }
            }
            Some(b'\\') => {
                let behind = rest.trim_start_matches('\\');
                let backslashes = rest.len() - behind.len();
                rest = behind;
                if !rest.starts_with('"') {
                    argument.extend(std::iter::repeat_n('\\', backslashes));
                    continue;
                }
                argument.extend(std::iter::repeat_n('\\', backslashes / 2));
                if backslashes % 2 == 1 {
                    argument.push('"');
                    rest = &rest[1..];
                }
            }
            Some(_) if quoted => {
                argument.push_str(&rest[..1]);
                rest = &rest[1..];
            }
            Some(_) => return (argument, rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(line: &str) -> Vec<String> {
        let (name, rest) = program(line);
        std::iter::once(name).chain(arguments(rest)).collect()
    }

    #[test]
    fn divides_as_the_runtime_does() {
        // The examples of Microsoft's documentation, and some of the odd ones.
        for (line, wanted) in [
            (r#"p "abc" d e"#, &["p", "abc", "d", "e"][..]),
            (r#"p a\\b d"e f"g h"#, &["p", r"a\\b", "de fg", "h"]),
            (r#"p a\\\"b c d"#, &["p", r#"a\"b"#, "c", "d"]),
            (r#"p a\\\\"b c" d e"#, &["p", r"a\\b c", "d", "e"]),
            (r#"p a"b"" c d"#, &["p", r#"ab" c d"#]),
            (r#""C:\a b\p.exe" x"#, &[r"C:\a b\p.exe", "x"]),
            (r#"C:\a" "b\p.exe x"#, &[r"C:\a b\p.exe", "x"]),
            ("  p\t -e\t\tx  ", &["p", "-e", "x"]),
            (r#"p x""y """" """#, &["p", "xy", "\"", ""]),
            (r#"p "" end"#, &["p", "", "end"]),
            (r#"p "never closed x"#, &["p", "never closed x"]),
            ("p —enc ü", &["p", "—enc", "ü"]),
            ("", &[""]),
        ] {
            assert_eq!(all(line), wanted, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_quoted_comes_back(arguments in proptest::collection::vec(r#"[a\\" \t^é]{0,8}"#, 0..5)) {
            let mut line = "p".to_owned();
            for argument in &arguments {
                line.push_str(" \"");
                let mut backslashes = 0;
                for c in argument.chars() {
                    match c {
                        '\\' => backslashes += 1,
                        '"' => line.extend(std::iter::repeat_n('\\', backslashes + 1)),
                        _ => {}
                    }
                    if c != '\\' { backslashes = 0; }
                    line.push(c);
                }
                line.extend(std::iter::repeat_n('\\', backslashes));
                line.push('"');
            }
            proptest::prop_assert_eq!(&all(&line)[1..], &arguments[..]);
        }
    }
}
