//! The languages that artifacts can be written in: how each is known, and what builds it.

use std::{fmt, path::Path};

use anyhow::bail;
use watchbox_model::manifest::Encoding;

use super::{c, contract::Contract, go, javascript, python, rust};

/// A language with an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    Python,
    JavaScript,
    Go,
    C,
}

impl Language {
    const ALL: [Self; 5] = [
        Self::Rust,
        Self::Python,
        Self::JavaScript,
        Self::Go,
        Self::C,
    ];

    /// The language of the artifact in `dir`, by the files that its tools want there. Where there are several, the first of the list counts.
    pub(super) fn of(dir: &Path) -> anyhow::Result<Self> {
        let marked = |language: &Self| language.marks().iter().any(|mark| dir.join(mark).exists());
        if let Some(language) = Self::ALL.into_iter().find(marked) {
            return Ok(language);
        }
        let known =
            Self::ALL.map(|language| format!("{} ({language})", language.marks().join(" or ")));
        bail!(
            "{} holds no source that is known: {} is wanted",
            dir.display(),
            known.join(", ")
        )
    }

    /// Files of which one is there.
    fn marks(self) -> &'static [&'static str] {
        match self {
            Self::Rust => &["Cargo.toml"],
            Self::Python => &["pyproject.toml", "app.py"],
            Self::JavaScript => &["package.json"],
            Self::Go => &["go.mod"],
            Self::C => &["Makefile", "main.c"],
        }
    }

    /// What people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::Go => "Go",
            Self::C => "C",
        }
    }

    /// How its SDK wants rows.
    pub(super) fn encoding(self) -> Encoding {
        match self {
            Self::Rust | Self::Go | Self::C => Encoding::Msgpack,
            Self::Python | Self::JavaScript => Encoding::Json,
        }
    }

    /// The encoding as a manifest writes it.
    pub(super) fn encoding_name(self) -> &'static str {
        match self.encoding() {
            Encoding::Msgpack => "msgpack",
            Encoding::Json => "json",
        }
    }

    /// What an artifact without a handler has most likely forgotten.
    pub(super) fn export(self) -> &'static str {
        match self {
            Self::Rust => "does the crate call `watchbox_sdk::export!`?",
            Self::Python => "does app.py end with `Handler = export(...)`?",
            Self::JavaScript => {
                "does the module that package.json names under `main` have a default export?"
            }
            Self::Go => "does its package `main` call `watchbox.Export` in an `init` function?",
            Self::C => "does it define `WB_ARTIFACT`?",
        }
    }

    /// Builds the artifact in `dir`; gives the component, without its manifest.
    pub(super) fn build(self, dir: &Path, contract: &Contract) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Rust => rust::build(dir),
            Self::Python => python::build(dir, contract),
            Self::JavaScript => javascript::build(dir, contract),
            Self::Go => go::build(dir, contract),
            Self::C => c::build(dir, contract),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_tells_its_language() {
        for (files, language) in [
            (&["Cargo.toml", "pyproject.toml"][..], Language::Rust),
            (&["pyproject.toml"], Language::Python),
            (&["app.py"], Language::Python),
            (&["package.json"], Language::JavaScript),
            (&["go.mod", "Makefile"], Language::Go),
            (&["Makefile"], Language::C),
            (&["main.c"], Language::C),
        ] {
            let dir = tempfile::tempdir().unwrap();
            for file in files {
                fs::write(dir.path().join(file), "").unwrap();
            }
            assert_eq!(Language::of(dir.path()).unwrap(), language, "{files:?}");
        }
        let empty = tempfile::tempdir().unwrap();
        let error = Language::of(empty.path()).unwrap_err().to_string();
        assert!(
            error.contains(
                "Cargo.toml (Rust), pyproject.toml or app.py (Python), package.json (JavaScript), go.mod (Go), Makefile or main.c (C)"
            ),
            "{error}"
        );
    }
}
