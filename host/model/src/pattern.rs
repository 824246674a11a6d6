//! Regular expressions that come from outside.

use regex::{Error, Regex, RegexBuilder};

/// The most memory that one may take once it is compiled. It bounds the time that compiling takes, too: some milliseconds.
const SIZE: usize = 2 << 20;

/// Compiles `text`.
pub(crate) fn compile(text: &str) -> Result<Regex, Error> {
    RegexBuilder::new(text).size_limit(SIZE).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_take_much_is_refused() {
        assert!(compile(r"(?i)(powershell|pwsh)\b.*[-/]e\w{0,20}").is_ok());
        let large = compile(r"\pL{100}\pL{100}").unwrap_err();
        assert!(large.to_string().contains("size limit"), "{large}");
    }
}
