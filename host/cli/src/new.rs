//! A folder for a new artifact: a working one in the language that was asked for, with the SDK beside it. All of it is embedded in this program, so that
//! nothing else is needed to begin.

mod embedded;
mod language;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use watchbox_model::Name;

pub use language::Language;

/// The name that the templates have.
const TEMPLATE_NAME: &str = "Server.My.Artifact";

/// What packages are called in the templates.
const TEMPLATE_PACKAGE: &str = "my-artifact";

/// Where the SDK stands in an artifact's folder.
const SDK: &str = "sdk";

/// The folder that an artifact of this name gets where none is said: also what its package is called.
pub fn folder(name: &Name) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let words: String = name.as_str().chars().map(plain).collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    // Package managers want a letter first, and keep some single words (`test`, `core`) to themselves.
    if words.len() == 1 || words[0].starts_with(|c: char| c.is_ascii_digit()) {
        return format!("artifact-{}", words.join("-"));
    }
    words.join("-")
}

/// Makes the folder `dir`, which must not be there yet or be empty. Gives the files, relative to it, in order.
pub fn make(name: &Name, language: Language, dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                bail!(
                    "{} is there already, and not empty: nothing was written; give another folder with --dir",
                    dir.display()
                );
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error).with_context(|| format!("{} can't be used", dir.display()));
        }
    }
    let files = files(name, language)?;
    let mut written = Vec::with_capacity(files.len());
    for (file, text) in files {
        let path = dir.join(&file);
        let folder = path.parent().unwrap_or(dir);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("{} can't be written", path.display()))?;
        written.push(file);
    }
    Ok(written)
}

/// The files of a new artifact, by their names in its folder, and what stands in them.
fn files(name: &Name, language: Language) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let package = folder(name);
    let mut files = Vec::new();
    for template in language.templates() {
        for (file, text) in embedded::under(template) {
            let text = text
                .replace(TEMPLATE_NAME, name.as_str())
                .replace(TEMPLATE_PACKAGE, &package);
            files.retain(|(other, _): &(PathBuf, String)| other != file);
            files.push((file.to_owned(), text));
        }
    }
    for dropped in language.dropped() {
        files.retain(|(file, _)| file != Path::new(dropped));
    }
    let (file, from, to) = language.place_of_sdk();
    let place = files.iter_mut().find(|(name, _)| name == Path::new(file));
    let (_, text) = place.with_context(|| format!("the template has no {file}"))?;
    if !text.contains(from) {
        bail!("the template's {file} does not say where the SDK is");
    }
    *text = text.replace(from, to);
    files.extend(
        language
            .sdk()?
            .into_iter()
            .map(|(file, text)| (Path::new(SDK).join(file), text)),
    );
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use watchbox_model::Manifest;

    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn folders_are_named_as_every_package_manager_takes_it() {
        for (name_of, wanted) in [
            ("Server.Slack.ClientsOnline", "server-slack-clientsonline"),
            ("Custom.My_Alert-2", "custom-my-alert-2"),
            ("Test", "artifact-test"),
            ("7.Seas", "artifact-7-seas"),
            ("A.", "artifact-a"),
        ] {
            assert_eq!(folder(&name(name_of)), wanted);
        }
    }

    #[test]
    fn a_new_artifact_has_its_name_a_case_and_the_sdk() {
        for language in Language::ALL {
            let home = tempfile::tempdir().unwrap();
            let dir = home.path().join("deep/new");
            let files = make(&name("Server.New.One"), language, &dir).unwrap();
            let has = |file: &str| files.iter().any(|path| path == Path::new(file));
            for file in [
                ".gitignore",
                "README.md",
                "artifact.yaml",
                "cases/long-commands.yaml",
                "sdk/LICENSE",
                "sdk/README.md",
            ] {
                assert!(has(file), "{language}: {file} in {files:?}");
            }
            let yaml = fs::read_to_string(dir.join("artifact.yaml")).unwrap();
            let manifest = Manifest::parse("artifact.yaml", &yaml).unwrap();
            assert_eq!(manifest.name.as_str(), "Server.New.One");
            for file in &files {
                let text = fs::read_to_string(dir.join(file)).unwrap();
                assert!(
                    !text.contains(TEMPLATE_NAME) && !text.contains(TEMPLATE_PACKAGE),
                    "{language}: {}",
                    file.display()
                );
                assert!(
                    file.starts_with(SDK) || !text.contains("\"..\""),
                    "{language}: {}",
                    file.display()
                );
            }
        }
    }

    #[test]
    fn what_is_there_is_not_overwritten() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("kept"), "mine").unwrap();
        let error = make(&name("Server.New"), Language::Python, home.path()).unwrap_err();
        assert!(error.to_string().contains("nothing was written"), "{error}");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        let file = home.path().join("kept");
        assert!(make(&name("Server.New"), Language::Python, &file).is_err());
    }
}
