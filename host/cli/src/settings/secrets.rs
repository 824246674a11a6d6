//! Where secrets are fetched from. No error here ever shows what was given: it may be the secret itself.

use std::{
    env, fs,
    io::{self, IsTerminal as _, Read},
    path::PathBuf,
};

use anyhow::Context;
use watchbox_model::Secret;
use zeroize::Zeroizing;

use crate::exit::Usage;

/// The most bytes of a secret.
const MAX: u64 = 64 << 10;

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a file.
    File(PathBuf),
    /// In the environment, under this name.
    Variable(String),
    /// On stdin; on a terminal it is asked for, and not shown.
    Stdin,
}

impl Source {
    /// Reads `@FILE`, `env:VARIABLE` or `-`. Anything else may be the secret itself.
    pub fn read(text: &str) -> Option<Self> {
        if text == "-" {
            return Some(Self::Stdin);
        }
        match text.strip_prefix('@') {
            Some(file) => Some(Self::File(file.into())),
            None => text
                .strip_prefix("env:")
                .map(|variable| Self::Variable(variable.to_owned())),
        }
    }
}

/// Fetches the secret `name`. One line end after it is left out.
pub fn fetch(name: &str, source: &Source) -> anyhow::Result<Secret> {
    let text = match source {
        Source::Stdin if io::stdin().is_terminal() => {
            rpassword::prompt_password(format!("{name}: "))
                .map(Zeroizing::new)
                .with_context(|| format!("the secret `{name}` can't be read from the terminal"))?
        }
        Source::Stdin => bounded(io::stdin().lock())
            .with_context(|| format!("the secret `{name}` can't be read from stdin"))?,
        Source::File(file) => fs::File::open(file).and_then(bounded).with_context(|| {
            let file = file.display();
            format!("the secret `{name}` can't be read from the file {file}")
        })?,
        Source::Variable(variable) => env::var(variable).map(Zeroizing::new).map_err(|_| {
            Usage(format!(
                "the secret `{name}`: the environment has no text under `{variable}`"
            ))
        })?,
    };
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        anyhow::bail!("the secret `{name}` is empty where it was read from");
    }
    Ok(Secret::new(value))
}

/// That a secret stands on the command line.
pub fn in_the_open(name: &str) -> Usage {
    Usage(format!(
        "`{name}` is a secret, and a command line can be seen by others and is kept in the shell's history: give it {}",
        options(name)
    ))
}

/// The ways to give a secret.
pub fn options(name: &str) -> String {
    format!(
        "from a file (--secret {name}=@FILE), from the environment (--secret {name}=env:VARIABLE) or from stdin (--secret {name}=-)"
    )
}

fn bounded(source: impl Read) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    source.take(MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX {
        return Err(io::Error::other("a secret has at most 64 KiB"));
    }
    Ok(text)
}
