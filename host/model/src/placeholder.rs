//! `{parameter}` in a text: where a parameter's value is to stand.

/// A stretch of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    /// Text as it is.
    Text(&'t str),
    /// The name between the braces.
    Parameter(&'t str),
}

/// What kind of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// A name or a URL: every `{name}` is a placeholder.
    Plain,
    /// A regular expression: `\{`, `\p{Greek}` and `\x{7F}` are none.
    Pattern,
}

/// The parts of `text`, in order. Braces around what is no parameter's name (`{2,3}`) are text.
pub(crate) fn parts(text: &str, syntax: Syntax) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(brace) = text[at..].find('{').map(|found| at + found) {
        at = brace + 1;
        let Some(close) = text[at..].find('}').map(|found| at + found) else {
            break;
        };
        let name = &text[at..close];
        if is_parameter_name(name) && !(syntax == Syntax::Pattern && escaped(&text[..brace])) {
            if start < brace {
                parts.push(Part::Text(&text[start..brace]));
            }
            parts.push(Part::Parameter(name));
            start = close + 1;
            at = start;
        }
    }
    if start < text.len() {
        parts.push(Part::Text(&text[start..]));
    }
    parts
}

/// The names that stand in braces in `text`.
pub(crate) fn names(text: &str, syntax: Syntax) -> impl Iterator<Item = &str> {
    parts(text, syntax)
        .into_iter()
        .filter_map(|part| match part {
            Part::Parameter(name) => Some(name),
            Part::Text(_) => None,
        })
}

/// A letter or `_`, then letters, digits and `_`, 64 at most.
pub(crate) fn is_parameter_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a brace after `before` belongs to an escape of a regular expression.
fn escaped(before: &str) -> bool {
    let slashes = |text: &str| text.bytes().rev().take_while(|&byte| byte == b'\\').count();
    let class = before.strip_suffix(['p', 'P', 'x', 'u', 'U']);
    slashes(before) % 2 == 1 || class.is_some_and(|before| slashes(before) % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_braces_is_a_placeholder_and_a_quantifier_is_text() {
        assert_eq!(
            parts("a{2,3}{name}b", Syntax::Pattern),
            [
                Part::Text("a{2,3}"),
                Part::Parameter("name"),
                Part::Text("b")
            ]
        );
        assert_eq!(parts("{x", Syntax::Plain), [Part::Text("{x")]);
        assert_eq!(parts("", Syntax::Plain), []);
    }

    #[test]
    fn escapes_of_a_pattern_are_no_placeholders() {
        for text in [r"\{name}", r"\p{Greek}", r"\P{L}", r"\x{FF}", r"\\\{name}"] {
            assert_eq!(parts(text, Syntax::Pattern), [Part::Text(text)], "{text}");
        }
        assert_eq!(names(r"\\{name}", Syntax::Pattern).count(), 1);
        assert_eq!(names(r"\\p{name}", Syntax::Pattern).count(), 1);
        assert_eq!(names(r"\{name}", Syntax::Plain).count(), 1);
    }
}
