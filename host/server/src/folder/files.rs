//! The files of one name: read as a whole, or not at all.

use std::{collections::BTreeMap, fs::File, io::Read as _, path::Path};

use bytes::Bytes;
use serde_json::Value;
use watchbox_model::{ComponentSignature, Digest, Grants, Name, document::MAX_TEXT};

use super::guard::reason_against;

const COMPONENT: &str = ".wasm";
const SIGNATURE: &str = ".wasm.minisig";
const GRANTS: &str = ".grants.yaml";
const PARAMETERS: &str = ".parameters.yaml";

/// What the files of a name say. Not to be printed: a secret may be among the parameters.
pub(super) struct Files {
    /// What it is to be installed as.
    pub(super) name: Name,
    pub(super) component: Bytes,
    /// Its signature, where there is such a file.
    pub(super) signature: Option<ComponentSignature>,
    /// What it may do, where there is such a file.
    pub(super) grants: Option<Grants>,
    /// Its parameters, where there is such a file.
    pub(super) parameters: Option<BTreeMap<String, Value>>,
    /// Of all of them together.
    pub(super) digest: Digest,
}

/// Why files are not taken in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// There is no component of the name.
    Gone,
    /// Somebody writes to one of them.
    Busy,
    /// This is wrong with them.
    Wrong(String),
}

/// The name that `file` belongs to.
pub(super) fn name_of(file: &str) -> Option<&str> {
    [COMPONENT, SIGNATURE, GRANTS, PARAMETERS]
        .into_iter()
        .find_map(|end| file.strip_suffix(end))
        .filter(|name| !name.is_empty())
}

/// Reads the files of `name`. A component may have `most` bytes.
pub(super) fn read(folder: &Path, name: &str, most: u64) -> Result<Files, Unread> {
    let file = |end: &str| folder.join(format!("{name}{end}"));
    let component = read_whole(&file(COMPONENT), most)?.ok_or(Unread::Gone)?;
    let installed_as: Name = name
        .parse()
        .map_err(|error| Unread::Wrong(format!("{name}{COMPONENT}: {error}")))?;
    let text = |end: &str| -> Result<Option<String>, Unread> {
        let bytes = read_whole(&file(end), MAX_TEXT as u64)?;
        bytes
            .map(|bytes| {
                String::from_utf8(bytes)
                    .map_err(|_| Unread::Wrong(format!("{name}{end} is no UTF-8")))
            })
            .transpose()
    };
    let (grants, parameters, signature) = (text(GRANTS)?, text(PARAMETERS)?, text(SIGNATURE)?);
    let digest = digest_of(
        &component,
        grants.as_deref(),
        parameters.as_deref(),
        signature.as_deref(),
    );
    Ok(Files {
        name: installed_as,
        component: component.into(),
        signature: signature
            .map(|text| text.parse())
            .transpose()
            .map_err(|error| Unread::Wrong(format!("{name}{SIGNATURE}: {error}")))?,
        grants: grants
            .map(|text| Grants::parse(&format!("{name}{GRANTS}"), &text))
            .transpose()
            .map_err(|error| Unread::Wrong(error.to_string()))?,
        parameters: parameters
            .map(|text| read_parameters(&format!("{name}{PARAMETERS}"), &text))
            .transpose()?,
        digest,
    })
}

/// The error never quotes the text: a secret may stand in it.
fn read_parameters(file: &str, text: &str) -> Result<BTreeMap<String, Value>, Unread> {
    if text.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    serde_saphyr::from_str(text).map_err(|_| {
        Unread::Wrong(format!(
            "{file}: a map of parameters in YAML is wanted, `NAME: value` a line"
        ))
    })
}

/// Opens a file without waiting for anybody, as a pipe that stands in its place would have it.
fn open(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        nix::fcntl::OFlag::O_NONBLOCK.bits(),
    );
    options.read(true).open(path)
}

/// The bytes of a file that nobody wrote to meanwhile; `None` where there is none.
fn read_whole(path: &Path, most: u64) -> Result<Option<Vec<u8>>, Unread> {
    let wrong = |reason: String| Unread::Wrong(format!("{}: {reason}", path.display()));
    let file = match open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let about = || file.metadata().map_err(|error| wrong(error.to_string()));
    let before = about()?;
    if !before.is_file() {
        return Err(wrong("it is no file".to_owned()));
    }
    if let Some(reason) = reason_against(&before) {
        return Err(wrong(reason));
    }
    if before.len() > most {
        return Err(wrong(format!(
            "it has {} bytes, {most} are allowed",
            before.len()
        )));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or_default());
    (&file)
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| wrong(error.to_string()))?;
    let after = about()?;
    let is_same = before.len() == after.len()
        && bytes.len() as u64 == after.len()
        && before.modified().ok() == after.modified().ok();
    if is_same {
        Ok(Some(bytes))
    } else {
        Err(Unread::Busy)
    }
}

/// What pins the files together: none of them can change without it, nor come or go.
fn digest_of(
    component: &[u8],
    grants: Option<&str>,
    parameters: Option<&str>,
    signature: Option<&str>,
) -> Digest {
    let mut parts = Digest::of(component).as_bytes().to_vec();
    for text in [grants, parameters] {
        match text {
            Some(text) => parts.extend(Digest::of(text.as_bytes()).as_bytes()),
            None => parts.push(0),
        }
    }
    // None counts for nothing: what was taken in before there were signatures is still the same.
    if let Some(text) = signature {
        parts.extend(Digest::of(text.as_bytes()).as_bytes());
    }
    Digest::of(&parts)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn put(folder: &Path, file: &str, text: &str) {
        fs::write(folder.join(file), text).unwrap();
    }

    #[test]
    fn the_files_of_a_name_are_read_together() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let digest = || read(at, "Server.X", 100).unwrap().digest;
        put(at, "Server.X.wasm", "component");
        let files = read(at, "Server.X", 100).unwrap();
        assert_eq!(files.name.as_str(), "Server.X");
        assert_eq!(&files.component[..], b"component");
        assert!(files.grants.is_none() && files.parameters.is_none());

        let mut digests = vec![files.digest];
        put(at, "Server.X.parameters.yaml", "");
        digests.push(digest());
        put(at, "Server.X.grants.yaml", "log: true");
        put(at, "Server.X.parameters.yaml", "Group: Slack\nDepth: 3\n");
        let files = read(at, "Server.X", 100).unwrap();
        assert!(files.grants.is_some_and(|grants| grants.log));
        assert_eq!(files.parameters.unwrap()["Depth"], 3);
        digests.push(files.digest);
        assert_eq!(digest(), digests[2]);
        let signature = "untrusted comment: x
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1556193335\tfile:test
y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==";
        put(at, "Server.X.wasm.minisig", signature);
        let files = read(at, "Server.X", 100).unwrap();
        assert_eq!(
            files.signature.unwrap().key().to_string(),
            "E7620F1842B4E81F"
        );
        digests.push(files.digest);
        digests.dedup();
        assert_eq!(digests.len(), 4, "each is another");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_file_and_quotes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let wrong = |name: &str| match read(at, name, 10).err() {
            Some(Unread::Wrong(reason)) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(read(at, "Server.X", 10).err(), Some(Unread::Gone));
        put(at, "Server.X.wasm", "0123456789a");
        assert!(wrong("Server.X").contains("11 bytes"));
        put(at, "Server.X.wasm", "0123456789");
        put(at, "Server.X.grants.yaml", "htp: []");
        assert!(wrong("Server.X").contains("Server.X.grants.yaml:1"));
        put(at, "Server.X.grants.yaml", "");
        put(at, "Server.X.parameters.yaml", "HUSH");
        let reason = wrong("Server.X");
        assert!(reason.contains("parameters.yaml") && !reason.contains("HUSH"));
        put(at, "Server.X.parameters.yaml", "");
        put(at, "Server.X.wasm.minisig", "none");
        assert!(wrong("Server.X").contains("Server.X.wasm.minisig"));
        put(at, "no name.wasm", "x");
        assert!(wrong("no name").contains("no name.wasm"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everybody_can_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "Server.X.wasm", "x");
        let file = folder.path().join("Server.X.wasm");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(
            read(folder.path(), "Server.X", 10),
            Err(Unread::Wrong(reason)) if reason.contains("chmod")
        ));
    }
}
