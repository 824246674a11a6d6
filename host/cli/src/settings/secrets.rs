//! Where secrets are fetched from. No error here ever shows what was given: it may be the secret itself.

use std::{
    env, fs,
    io::{self, Read},
};

use anyhow::Context;
use watchbox_model::Secret;

use crate::exit::Usage;

/// The most bytes of a secret.
const MAX: u64 = 64 << 10;

/// Fetches the secret `name` from `source`: `@FILE`, `env:VAR`, or `-` for stdin. One line end after it is left out.
pub(super) fn fetch(name: &str, source: &str) -> anyhow::Result<Secret> {
    let text = if source == "-" {
        bounded(io::stdin().lock())
            .with_context(|| format!("the secret `{name}` can't be read from stdin"))?
    } else if let Some(file) = source.strip_prefix('@') {
        fs::File::open(file)
            .and_then(bounded)
            .with_context(|| format!("the secret `{name}` can't be read from the file {file}"))?
    } else if let Some(variable) = source.strip_prefix("env:") {
        env::var(variable).map_err(|_| {
            Usage(format!(
                "the secret `{name}`: the environment has no text under `{variable}`"
            ))
        })?
    } else {
        return Err(in_the_open(name).into());
    };
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        anyhow::bail!("the secret `{name}` is empty where it was read from");
    }
    Ok(Secret::new(value))
}

/// That a secret stands on the command line.
pub(super) fn in_the_open(name: &str) -> Usage {
    Usage(format!(
        "`{name}` is a secret, and a command line can be seen by others and is kept in the shell's history: give it {}",
        options(name)
    ))
}

/// The ways to give a secret.
pub(super) fn options(name: &str) -> String {
    format!(
        "from a file (--secret {name}=@FILE), from the environment (--secret {name}=env:VARIABLE) or from stdin (--secret {name}=-)"
    )
}

fn bounded(source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    source.take(MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX {
        return Err(io::Error::other("a secret has at most 64 KiB"));
    }
    Ok(text)
}
