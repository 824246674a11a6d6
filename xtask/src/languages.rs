//! Artifacts in other languages than Rust, built with the language's SDK and tested by its own test tool; among them the same artifact in every language. Building one
//! can take half a minute, so components are kept in the cache folder, by what they were made of.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use watchbox_tests::{Build, LANGUAGES};

use crate::{
    artifacts, cargo,
    step::Steps,
    toolchains::{self, Toolchains},
};

/// By which file in an artifact's folder its language is known.
const MARKS: [(&str, &str); LANGUAGES.len()] = [
    ("pyproject.toml", "python"),
    ("package.json", "javascript"),
    ("Makefile", "c"),
    ("go.mod", "go"),
];

/// The language of the artifact in `folder`: the name of its folder in `plugin-sdk/`; `None` for Rust, which cargo builds and tests with the rest.
pub(crate) fn of(folder: &Path) -> Option<&'static str> {
    let (_, language) = MARKS.iter().find(|(mark, _)| folder.join(mark).exists())?;
    Some(language)
}

/// The worked example's folder in each SDK.
pub(crate) const EXAMPLE: &str = "examples/powershell-encodedcommand";

/// `cargo xtask languages`.
pub(crate) fn run() -> Result<()> {
    let build = Build::current()?;
    let mut steps = Steps::new(3);
    steps.step("The program", || cargo::build_watchbox(&build))?;
    steps.step("Tests of the SDKs and artifacts in their languages", || {
        test(&build)
    })?;
    steps.step("The same artifact in every language", || {
        build_examples(&build)
    })?;
    steps.finish("the languages are there");
    Ok(())
}

/// Builds the worked example, and the guest that tests use, in each language but Rust, whose are in `plugins/` and `tests/guests/`.
pub(crate) fn build_examples(build: &Build) -> Result<()> {
    let toolchains = toolchains::install()?;
    for language in LANGUAGES {
        let folder = sdk(build, language).join(EXAMPLE);
        let out = build.artifact_path(&format!("powershell-encodedcommand-{language}"));
        build_cached(build, language, &folder, &toolchains, &out)?;
        let guest = build.root().join("tests/guests/languages").join(language);
        let out = build.artifact_path(&format!("languages-{language}"));
        build_cached(build, language, &guest, &toolchains, &out)?;
    }
    Ok(())
}

/// Runs the unit tests of each SDK, of its template and of its example, and of each artifact in `plugins/`, by the language's own test tool.
pub(crate) fn test(build: &Build) -> Result<()> {
    let toolchains = toolchains::install()?;
    let parts = ["", "template", EXAMPLE];
    let mut folders: Vec<_> = LANGUAGES
        .iter()
        .flat_map(|language| parts.map(|part| (*language, sdk(build, language).join(part))))
        .collect();
    for folder in artifacts::folders(build, "plugins")? {
        folders.extend(of(&folder).map(|language| (language, folder)));
    }
    for (language, folder) in folders {
        let mut command = test_command(build, language, &folder)?;
        eprintln!("$ {command:?}");
        cargo::run(command.current_dir(&folder).env("PATH", toolchains.path()?))?;
    }
    Ok(())
}

fn sdk(build: &Build, language: &str) -> PathBuf {
    build.root().join("plugin-sdk").join(language)
}

fn test_command(build: &Build, language: &str, folder: &Path) -> Result<Command> {
    let mut command;
    match language {
        "python" => {
            command = Command::new("python3");
            command
                .args(["-m", "unittest", "discover", "--pattern", "test_*.py"])
                .args(folder.join("tests").exists().then_some("tests"))
                .env("PYTHONPATH", sdk(build, language))
                .env("PYTHONDONTWRITEBYTECODE", "1");
        }
        "javascript" => {
            link_javascript(folder)?;
            command = Command::new("node");
            command.args(["--test", "--test-reporter=dot"]);
            command.args(folder.join("test").exists().then_some("test/"));
        }
        "c" => {
            command = Command::new("make");
            command.args(["--no-print-directory", "--silent", "test"]);
        }
        "go" => {
            command = Command::new("go");
            command.args(["test", "./..."]);
        }
        other => anyhow::bail!("no test tool is known for {other}"),
    }
    Ok(command)
}

/// Puts the SDK where `import "watchbox-sdk"` finds it: a link, nothing is fetched.
pub(crate) fn link_javascript(folder: &Path) -> Result<()> {
    if !fs::read_to_string(folder.join("package.json"))?.contains("\"dependencies\"")
        || folder.join("node_modules/watchbox-sdk").exists()
    {
        return Ok(());
    }
    cargo::run(
        Command::new("npm")
            .args([
                "install",
                "--omit=dev",
                "--no-package-lock",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .current_dir(folder),
    )
}

/// Builds the artifact in `folder`, or takes what was built of the same files before.
pub(crate) fn build_cached(
    build: &Build,
    language: &str,
    folder: &Path,
    toolchains: &Toolchains,
    out: &Path,
) -> Result<()> {
    if language == "javascript" {
        link_javascript(folder)?;
    }
    let mut hasher = DefaultHasher::new();
    for part in [
        folder,
        &sdk(build, language),
        &build.root().join("wit"),
        &build.root().join("host/cli/src/build"),
        &build.root().join("xtask/src/toolchains.rs"),
    ] {
        hash(part, &mut hasher)?;
    }
    let kept = watchbox_tests::toolchains::cache()?
        .join("components")
        .join(format!("{language}-{:016x}.wasm", hasher.finish()));
    if !kept.exists() {
        artifacts::build_with(build, folder, &kept, toolchains)?;
    }
    fs::create_dir_all(out.parent().context("the artifacts' folder")?)?;
    fs::copy(&kept, out).with_context(|| format!("can't copy {}", kept.display()))?;
    Ok(())
}

/// The names and contents of all files in a folder, but for what tools leave there and what does not go into a component.
fn hash(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    if path.is_file() {
        path.file_name().hash(hasher);
        fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let mut entries: Vec<_> = fs::read_dir(path)
        .with_context(|| format!("can't read {}", path.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    entries.sort();
    for entry in entries {
        let aside = ["node_modules", "__pycache__", ".venv", "cases"]
            .iter()
            .any(|name| entry.ends_with(name));
        if !aside && entry.extension().is_none_or(|kind| kind != "wasm") {
            hash(&entry, hasher)?;
        }
    }
    Ok(())
}
