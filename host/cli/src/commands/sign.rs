//! `watchbox keygen`, `sign` and `verify`: who stands for a component, by signatures that `minisign` makes and reads as well.

use std::{
    fs::{self, OpenOptions},
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use serde::Serialize;
use watchbox_model::{
    ComponentSignature, Secret, Time,
    component_signature::Subject,
    signing::{PublicKey, SigningKey},
};
use watchbox_sandbox::Inspection;

use crate::{
    args,
    exit::{Exit, Usage},
    output::{Output, printable, stamp},
    settings::secrets::{Source, fetch},
};

/// What a secret key's file says of it.
const COMMENT: &str = "watchbox: signs components";

/// What stands behind a component's name to name its signature.
const END: &str = ".minisig";

/// The file of the signature of the component in `file`.
pub(super) fn beside(file: &Path) -> PathBuf {
    with_end(file, END)
}

fn with_end(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The signature beside the component in `file`, if there is one.
pub(super) fn read_beside(file: &Path) -> anyhow::Result<Option<ComponentSignature>> {
    let path = beside(file);
    match fs::exists(&path) {
        Ok(true) => read(&path).map(Some),
        _ => Ok(None),
    }
}

fn read(path: &Path) -> anyhow::Result<ComponentSignature> {
    let name = path.display();
    let text =
        fs::read_to_string(path).with_context(|| format!("the signature {name} can't be read"))?;
    text.parse()
        .with_context(|| format!("the signature {name} is wrong"))
}

/// Makes a key.
pub fn keygen(args: args::Keygen, output: &Output) -> anyhow::Result<Exit> {
    let public_file = with_end(&args.out, ".pub");
    for file in [&args.out, &public_file] {
        ensure!(
            !file.exists(),
            "{} is there already: name another with --out",
            file.display()
        );
    }
    let password = match (args.password.password.as_deref(), args.password.no_password) {
        (None, true) => None,
        (None, false) if std::io::stdin().is_terminal() => {
            let password = asked("Password of the new key: ")?;
            ensure!(password == asked("Once more: ")?, "these are two passwords");
            Some(password)
        }
        (None, false) => return Err(where_is_it().into()),
        (Some(source), _) => Some(given(source)?),
    };
    let (secret, public) = match &password {
        Some(password) => SigningKey::generate_locked(password, COMMENT)?,
        None => {
            let key = SigningKey::generate()?;
            (Secret::new(key.to_text(COMMENT)?), key.public().clone())
        }
    };
    create(&args.out, secret.reveal(), 0o600)?;
    create(&public_file, &public.to_text(), 0o644)?;
    let made = Made {
        key: public.id().to_string(),
        public_key: public.to_string(),
        secret_file: args.out,
        public_file,
    };
    if output.json() {
        output.document(&made)?;
        return Ok(Exit::Done);
    }
    output.text(&format!(
        "the key {} is in {}, its public half in {}:\n{}",
        made.key,
        made.secret_file.display(),
        made.public_file.display(),
        made.public_key
    ))?;
    Ok(Exit::Done)
}

/// What `--json` prints of a new key.
#[derive(Serialize)]
struct Made {
    key: String,
    public_key: String,
    secret_file: PathBuf,
    public_file: PathBuf,
}

/// Signs a component as what its manifest says that it is.
pub fn sign(args: args::Sign, output: &Output) -> anyhow::Result<Exit> {
    let (wasm, inspection) = inspected(&args.file)?;
    let subject = subject(&args.file, &inspection)?;
    let name = args.key.display();
    let text = fs::read_to_string(&args.key)
        .map(Secret::new)
        .with_context(|| format!("the key {name} can't be read"))?;
    let is_locked = SigningKey::is_locked(text.reveal());
    let password = match &args.password.password {
        Some(source) => Some(given(source)?),
        None if !is_locked => None,
        None if !args.password.no_password && std::io::stdin().is_terminal() => {
            Some(asked(&format!("Password of {name}: "))?)
        }
        None => return Err(where_is_it().into()),
    };
    let key = match password.filter(|_| is_locked) {
        Some(password) => SigningKey::unlock(text.reveal(), &password),
        None => SigningKey::parse(text.reveal()),
    };
    let key = key.with_context(|| format!("the key {name} can't be used"))?;
    let file = args.file.file_name().unwrap_or_default().to_string_lossy();
    let more = format!(
        "timestamp:{}\tfile:{}",
        Time::now().seconds() as u64,
        file.replace(|char: char| char.is_whitespace() || char.is_control(), "_")
    );
    let signature = ComponentSignature::make(&key, &wasm, &subject, &more)?;
    let out = args.out.unwrap_or_else(|| beside(&args.file));
    fs::write(&out, signature.as_str())
        .with_context(|| format!("{} can't be written", out.display()))?;
    told(
        &signature,
        &format!(
            "{subject} is signed by the key {}: {}",
            signature.key(),
            out.display()
        ),
        output,
    )
}

/// Verifies that a component was signed by a key, as what its manifest says that it is.
pub fn verify(args: args::Verify, output: &Output) -> anyhow::Result<Exit> {
    let (wasm, inspection) = inspected(&args.file)?;
    let subject = subject(&args.file, &inspection)?;
    let key = public_key(&args.public_key)?;
    let path = args.signature.unwrap_or_else(|| beside(&args.file));
    let signature = read(&path)?;
    let name = args.file.display();
    signature.verify(&key, &wasm).with_context(|| {
        format!(
            "{name} was not signed by the key {}, or was changed since",
            key.id()
        )
    })?;
    let named = signature.subject().with_context(|| {
        format!(
            "the signature {} does not say what it is for",
            path.display()
        )
    })?;
    if named != subject {
        bail!("{name} is signed as {named}, and its manifest says {subject}");
    }
    let when = signature.timestamp().map_or_else(String::new, |seconds| {
        format!(", at {}", stamp(Time::from_seconds(seconds as f64)))
    });
    told(
        &signature,
        &format!("{subject} was signed by the key {}{when}", key.id()),
        output,
    )
}

/// What `--json` prints of a signature.
#[derive(Serialize)]
struct Signed<'s> {
    key: String,
    artifact: String,
    version: String,
    comment: &'s str,
}

fn told(signature: &ComponentSignature, text: &str, output: &Output) -> anyhow::Result<Exit> {
    if output.json() {
        let Subject { artifact, version } = signature.subject()?;
        output.document(&Signed {
            key: signature.key().to_string(),
            artifact: artifact.to_string(),
            version: version.to_string(),
            comment: signature.comment(),
        })?;
    } else {
        output.text(&printable(text))?;
    }
    Ok(Exit::Done)
}

fn inspected(file: &Path) -> anyhow::Result<(Vec<u8>, Inspection)> {
    let name = file.display();
    let wasm = fs::read(file).with_context(|| format!("{name} can't be read"))?;
    let inspection =
        watchbox_sandbox::inspect(&wasm).with_context(|| format!("{name} is no artifact"))?;
    Ok((wasm, inspection))
}

fn subject(file: &Path, inspection: &Inspection) -> anyhow::Result<Subject> {
    let Some(manifest) = &inspection.manifest else {
        let reason = inspection.manifest_error.as_deref().unwrap_or_default();
        bail!("{} does not say what it is: {reason}", file.display());
    };
    Ok(Subject {
        artifact: manifest.name.clone(),
        version: manifest.version.clone(),
    })
}

/// The public key that `text` is, or that stands in the file that it names.
fn public_key(text: &str) -> anyhow::Result<PublicKey> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let content = fs::read_to_string(text)
        .with_context(|| format!("`{text}` is neither a public key nor a file that can be read"))?;
    content
        .parse()
        .with_context(|| format!("the public key in {text} is wrong"))
}

/// Makes a file of this mode; one that is there stays as it is.
fn create(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("{} can't be written", path.display()))
}

fn asked(prompt: &str) -> anyhow::Result<Secret> {
    let password = rpassword::prompt_password(prompt).context("the password can't be read")?;
    ensure!(
        !password.is_empty(),
        "an empty password is none: say --no-password"
    );
    Ok(Secret::new(password))
}

fn given(source: &str) -> anyhow::Result<Secret> {
    let source = Source::read(source).ok_or_else(where_is_it)?;
    fetch("password", &source)
}

fn where_is_it() -> Usage {
    Usage(
        "say where the key's password is: in a file (--password @FILE), in the environment (--password env:VARIABLE) or on stdin (--password -)"
            .to_owned(),
    )
}
