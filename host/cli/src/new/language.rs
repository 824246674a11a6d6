//! The languages that an artifact can be begun in: its template, and how the SDK comes along.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::ValueEnum;

use super::embedded;

/// A language to begin in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Rust
    Rust,
    /// Python
    Python,
    /// JavaScript
    #[value(name = "javascript")]
    JavaScript,
    /// TypeScript
    #[value(name = "typescript")]
    TypeScript,
    /// Go
    Go,
    /// C
    C,
}

impl Language {
    /// All of them.
    #[cfg(test)]
    pub const ALL: [Self; 6] = [
        Self::Rust,
        Self::Python,
        Self::JavaScript,
        Self::TypeScript,
        Self::Go,
        Self::C,
    ];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
            Self::Go => "Go",
            Self::C => "C",
        }
    }

    /// What is to be done once in a new folder before it can be built, beside installing the language's tools.
    pub fn first(self) -> Option<&'static str> {
        match self {
            Self::JavaScript | Self::TypeScript => Some("npm install"),
            _ => None,
        }
    }

    /// The folder of the SDK in the repository.
    fn folder(self) -> &'static str {
        match self {
            Self::Rust => "plugin-sdk/rust",
            Self::Python => "plugin-sdk/python",
            Self::JavaScript | Self::TypeScript => "plugin-sdk/javascript",
            Self::Go => "plugin-sdk/go",
            Self::C => "plugin-sdk/c",
        }
    }

    /// The folders with the artifact to start from; what is in a later one comes in the place of what an earlier one has.
    pub(super) fn templates(self) -> &'static [&'static str] {
        match self {
            Self::Rust => &["plugin-sdk/rust/template"],
            Self::Python => &["plugin-sdk/python/template"],
            Self::JavaScript => &["plugin-sdk/javascript/template"],
            Self::TypeScript => &[
                "plugin-sdk/javascript/template",
                "plugin-sdk/javascript/typescript",
            ],
            Self::Go => &["plugin-sdk/go/template"],
            Self::C => &["plugin-sdk/c/template"],
        }
    }

    /// Files of an earlier template that a later one has no use for.
    pub(super) fn dropped(self) -> &'static [&'static str] {
        match self {
            Self::TypeScript => &["app.js", "app.test.js"],
            _ => &[],
        }
    }

    /// The file of a template that says where the SDK is, what it says, and what it says in a folder that has the SDK in it.
    pub(super) fn place_of_sdk(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Rust => ("Cargo.toml", r#"path = "..""#, r#"path = "sdk""#),
            Self::Python => ("pyproject.toml", r#"path = [".."]"#, r#"path = ["sdk"]"#),
            Self::JavaScript | Self::TypeScript => {
                ("package.json", r#""file:..""#, r#""file:sdk""#)
            }
            Self::Go => ("go.mod", "watchbox => ..", "watchbox => ./sdk"),
            Self::C => ("Makefile", "../artifact.mk", "sdk/artifact.mk"),
        }
    }

    /// The SDK's files, by their names in its folder.
    pub(super) fn sdk(self) -> anyhow::Result<Vec<(PathBuf, String)>> {
        let aside = |file: &Path| {
            ["template", "typescript"]
                .iter()
                .any(|folder| file.starts_with(folder))
        };
        let own = embedded::under(self.folder()).filter(|(file, _)| !aside(file));
        let mut files: Vec<(PathBuf, String)> = own
            .map(|(file, text)| (file.to_owned(), text.to_owned()))
            .collect();
        let license = embedded::file("LICENSE").context("the licence is missing")?;
        files.push(("LICENSE".into(), license.to_owned()));
        if self == Self::Rust {
            stand_alone(&mut files)?;
        }
        Ok(files)
    }
}

/// Makes the SDK for Rust a package of its own: it has another manifest there, and the contract with it.
fn stand_alone(files: &mut Vec<(PathBuf, String)>) -> anyhow::Result<()> {
    const STANDALONE: &str = "standalone.toml";
    const BINDINGS: (&str, &str, &str) = ("src/bindings.rs", "../../wit", "wit");
    files.retain(|(file, _)| file != Path::new("Cargo.toml"));
    for (file, text) in files.iter_mut() {
        if file == Path::new(STANDALONE) {
            *file = "Cargo.toml".into();
        }
        if file == Path::new(BINDINGS.0) {
            *text = text.replace(BINDINGS.1, BINDINGS.2);
        }
    }
    let wit = embedded::under("wit");
    files.extend(wit.map(|(file, text)| (Path::new("wit").join(file), text.to_owned())));
    Ok(())
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use toml::{Table, Value};

    use super::*;

    fn table(file: &str) -> Table {
        embedded::file(file).unwrap().parse().unwrap()
    }

    #[test]
    fn the_sdk_for_rust_has_what_it_needs_where_it_stands_alone() {
        let workspace: Table = include_str!("../../../../Cargo.toml").parse().unwrap();
        let versions = workspace["workspace"]["dependencies"].as_table().unwrap();
        let own = table("plugin-sdk/rust/Cargo.toml");
        let alone = table("plugin-sdk/rust/standalone.toml");
        let guest = |table: &Table| {
            let guest = &table["target"]["cfg(target_arch = \"wasm32\")"]["dependencies"];
            guest.as_table().unwrap().clone()
        };
        for (own, alone) in [
            (
                own["dependencies"].as_table().unwrap().clone(),
                alone["dependencies"].as_table().unwrap().clone(),
            ),
            (guest(&own), guest(&alone)),
        ] {
            let wanted: Table = own
                .keys()
                .map(|name| (name.clone(), versions[name].clone()))
                .collect();
            assert_eq!(alone, wanted);
        }
        let package = &workspace["workspace"]["package"];
        for field in ["version", "edition", "rust-version", "license"] {
            assert_eq!(alone["package"][field], package[field], "{field}");
        }
        assert_eq!(alone["package"]["name"], Value::from("watchbox-sdk"));
        let files = Language::Rust.sdk().unwrap();
        let text = |name: &str| {
            let found = files.iter().find(|(file, _)| file == Path::new(name));
            found.map(|(_, text)| text.as_str())
        };
        assert!(text("src/bindings.rs").unwrap().contains("path: \"wit\""));
        assert!(
            text("wit/handler.wit").is_some()
                && text("Cargo.toml").unwrap().contains("[dependencies]")
        );
        assert!(text("standalone.toml").is_none() && text("tests/contract.rs").is_none());
    }

    #[test]
    fn an_sdk_comes_without_its_own_tests() {
        for language in Language::ALL {
            for (file, _) in language.sdk().unwrap() {
                let name = file.to_string_lossy().into_owned();
                let own = ["test/", "tests/", "examples/", "template/"];
                assert!(
                    !own.iter().any(|part| name.starts_with(part)),
                    "{language}: {name}"
                );
                assert!(!name.ends_with("_test.go"), "{name}");
            }
        }
    }
}
