use std::{collections::BTreeMap, fs, path::PathBuf};

use tempfile::TempDir;
use watchbox_model::{Secret, Time};
use watchbox_store::SealedPlace;

use super::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn stamp(by: &str) -> Stamp {
    Stamp {
        at: Time::from_seconds(7.0),
        by: by.to_owned(),
    }
}

fn values() -> BTreeMap<String, Secret> {
    BTreeMap::from([
        (
            "token_url".to_owned(),
            Secret::new("https://hooks.test/T0P"),
        ),
        ("key".to_owned(), Secret::new("größe")),
    ])
}

fn secrets() -> KeptSecrets {
    KeptSecrets::default().with(&values(), &stamp("token:admin"))
}

/// A folder, and the key's file in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn key(&self) -> PathBuf {
        self.0.path().join("secrets.key")
    }

    fn next(&self) -> PathBuf {
        self.0.path().join("secrets.key.next")
    }

    /// The server starts: what is sealed is there.
    fn open(&self, sealed: &[Sealed]) -> Vault {
        Vault::open(&self.key(), sealed).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn place(vault: &Vault) -> Sealed {
    Sealed {
        installation: name("A"),
        place: SealedPlace::Current,
        bytes: vault.seal(&name("A"), &secrets()).unwrap(),
    }
}

fn opens(vault: &Vault, sealed: &Sealed) -> bool {
    vault
        .unseal(&sealed.installation, &sealed.bytes)
        .is_ok_and(|opened| opened == secrets())
}

#[test]
fn what_was_sealed_is_opened_with_the_key_of_the_same_file() {
    let folder = Folder::new();
    let sealed = folder.open(&[]).seal(&name("A"), &secrets()).unwrap();
    let opened = folder.open(&[]).unseal(&name("A"), &sealed).unwrap();
    assert_eq!(opened, secrets());
    assert_eq!(opened.values(), values());
    assert!(!String::from_utf8_lossy(&sealed).contains("T0P"));
}

#[test]
fn a_secret_that_stays_as_it_is_keeps_its_stamp() {
    let mut changed = values();
    changed.insert("key".to_owned(), Secret::new("another"));
    changed.insert("new".to_owned(), Secret::new("x"));
    let kept = secrets().with(&changed, &stamp("folder"));
    let by: Vec<_> = kept
        .stamps()
        .map(|(name, set)| (name.as_str(), set.unwrap().by.as_str()))
        .collect();
    assert_eq!(
        by,
        [
            ("key", "folder"),
            ("new", "folder"),
            ("token_url", "token:admin")
        ]
    );
}

#[test]
fn what_was_sealed_in_the_old_form_is_opened_still() {
    let folder = Folder::new();
    let vault = folder.open(&[]);
    let plain = serde_json::to_vec(&BTreeMap::from([("key", "größe")])).unwrap();
    let nonce = [7; NONCE_BYTES];
    let cipher = XChaCha20Poly1305::new(vault.keys()[0].bytes().into());
    let payload = Payload {
        msg: &plain,
        aad: b"A",
    };
    let cipher_text = cipher.encrypt(&XNonce::from(nonce), payload).unwrap();
    let old = [&[OLD_FORM], nonce.as_slice(), &cipher_text].concat();
    let opened = vault.unseal(&name("A"), &old).unwrap();
    assert_eq!(opened.values()["key"].reveal(), "größe");
    assert_eq!(opened.stamps().next().unwrap().1, None);
    assert!(vault.unseal(&name("B"), &old).is_err());
}

#[test]
fn sealing_twice_gives_different_bytes() {
    let vault = Folder::new().open(&[]);
    let once = vault.seal(&name("A"), &secrets()).unwrap();
    assert_ne!(once, vault.seal(&name("A"), &secrets()).unwrap());
}

#[test]
fn another_installation_another_key_and_an_edit_open_nothing() {
    let folder = Folder::new();
    let (vault, other) = (folder.open(&[]), Folder::new().open(&[]));
    let sealed = vault.seal(&name("A"), &secrets()).unwrap();
    let refused = |vault: &Vault, who: &str, sealed: &[u8]| {
        matches!(vault.unseal(&name(who), sealed), Err(EngineError::Key(_)))
    };
    assert!(refused(&vault, "B", &sealed));
    assert!(refused(&other, "A", &sealed));
    for at in 0..sealed.len() {
        let mut edited = sealed.clone();
        edited[at] ^= 1;
        assert!(refused(&vault, "A", &edited), "byte {at}");
    }
    for len in 1..sealed.len() {
        assert!(refused(&vault, "A", &sealed[..len]), "{len} bytes");
    }
}

#[test]
fn an_error_names_the_key_that_is_missing() {
    let (vault, other) = (Folder::new().open(&[]), Folder::new().open(&[]));
    let sealed = vault.seal(&name("A"), &secrets()).unwrap();
    let error = other.unseal(&name("A"), &sealed).unwrap_err().to_string();
    assert!(
        error.contains(&vault.key()) && error.contains(&other.key()),
        "{error}"
    );
}

#[test]
fn no_secrets_need_no_bytes() {
    let vault = Folder::new().open(&[]);
    let none = KeptSecrets::default();
    assert!(vault.seal(&name("A"), &none).unwrap().is_empty());
    assert!(vault.unseal(&name("A"), &[]).unwrap().is_empty());
}

#[test]
fn neither_keys_nor_secrets_are_in_a_debug_output() {
    let folder = Folder::new();
    let shown = format!("{:?} {:?}", folder.open(&[]), secrets());
    assert!(
        !shown.contains("T0P") && !shown.contains("größe"),
        "{shown}"
    );
}

#[cfg(unix)]
#[test]
fn the_key_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    folder.open(&[]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.key()), 0o600);
    folder.open(&[]).next_key().map(drop).unwrap();
    assert_eq!(mode(&folder.next()), 0o600);

    for (path, wrong) in [
        (folder.key(), 0o640),
        (folder.key(), 0o604),
        (folder.next(), 0o660),
    ] {
        fs::set_permissions(&path, fs::Permissions::from_mode(wrong)).unwrap();
        let error = Vault::open(&folder.key(), &[]).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_link_leads_to_the_key_and_stays_one() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let sealed = place(&elsewhere.open(&[]));
    std::os::unix::fs::symlink(elsewhere.key(), folder.key()).unwrap();
    let vault = folder.open(std::slice::from_ref(&sealed));
    assert!(opens(&vault, &sealed));
    let next = vault.next_key().unwrap();
    vault.turn_over(next).unwrap();
    assert!(fs::symlink_metadata(folder.key()).unwrap().is_symlink());
    assert_eq!(folder.open(&[]).key(), elsewhere.open(&[]).key());
}

#[test]
fn a_key_of_a_wrong_length_is_refused() {
    let folder = Folder::new();
    folder.open(&[]);
    fs::OpenOptions::new()
        .write(true)
        .open(folder.key())
        .unwrap()
        .set_len(7)
        .unwrap();
    let error = Vault::open(&folder.key(), &[]).unwrap_err().to_string();
    assert!(error.contains("has 7 bytes"), "{error}");
}

#[test]
fn a_new_key_opens_what_was_sealed_anew_and_the_old_one_is_gone() {
    let folder = Folder::new();
    let vault = folder.open(&[]);
    let (before, old_key) = (place(&vault), fs::read(folder.key()).unwrap());
    let old = fs::File::open(folder.key()).unwrap();
    let next = vault.next_key().unwrap();
    assert!(opens(&vault, &before), "while it goes on");
    let after = vault.reseal(&next, &before).unwrap();
    assert!(opens(&vault, &after), "while it goes on");
    assert_ne!(next.id(), vault.key());
    vault.turn_over(next).unwrap();
    assert!(opens(&vault, &after));
    assert!(!opens(&vault, &before));
    assert_eq!(folder.files(), ["secrets.key"]);
    assert_ne!(fs::read(folder.key()).unwrap(), old_key);
    let mut wiped = Vec::new();
    std::io::Read::read_to_end(&mut &old, &mut wiped).unwrap();
    assert_eq!(wiped, [0; 32], "the file that had the old key");
    assert!(opens(&folder.open(std::slice::from_ref(&after)), &after));
}

/// Where the server may be killed while keys are changed, and what is found at the start after it.
#[test]
fn killed_at_any_point_of_a_change_of_keys_the_start_after_it_opens_everything() {
    // Before the new key's file is whole.
    let folder = Folder::new();
    let before = place(&folder.open(&[]));
    fs::write(folder.0.path().join("secrets.key.next.draft"), b"half").unwrap();
    let vault = folder.open(std::slice::from_ref(&before));
    assert!(opens(&vault, &before));
    vault.next_key().map(drop).unwrap();

    // With the new key's file, and nothing sealed under it.
    let vault = folder.open(std::slice::from_ref(&before));
    assert!(opens(&vault, &before));
    assert!(!folder.next().exists());

    // Sealed anew, and the files as they were.
    let next = vault.next_key().unwrap();
    let after = vault.reseal(&next, &before).unwrap();
    let (old_key, new_key) = (
        fs::read(folder.key()).unwrap(),
        fs::read(folder.next()).unwrap(),
    );
    drop(vault);
    let vault = folder.open(std::slice::from_ref(&after));
    assert!(opens(&vault, &after));
    assert_eq!(fs::read(folder.key()).unwrap(), new_key);
    assert_eq!(folder.files(), ["secrets.key"]);

    // Sealed anew, and the old key's file lost on top of it.
    fs::rename(folder.key(), folder.next()).unwrap();
    assert!(opens(&folder.open(std::slice::from_ref(&after)), &after));

    // The new file in place, the old one's bytes not overwritten: they are in no file.
    assert!(opens(&folder.open(std::slice::from_ref(&after)), &after));
    assert_ne!(fs::read(folder.key()).unwrap(), old_key);
}

#[test]
fn a_key_that_was_left_behind_is_taken_at_the_next_change() {
    let folder = Folder::new();
    let vault = folder.open(&[]);
    let before = place(&vault);
    let first = vault.next_key().unwrap();
    let half_done = vault.reseal(&first, &before).unwrap();
    let second = vault.next_key().unwrap();
    assert_eq!(first.id(), second.id());
    assert_eq!(vault.reseal(&second, &half_done).unwrap(), half_done);
}

#[test]
fn what_can_not_be_opened_is_not_sealed_anew() {
    let folder = Folder::new();
    let vault = folder.open(&[]);
    let foreign = place(&Folder::new().open(&[]));
    let next = vault.next_key().unwrap();
    assert_eq!(vault.reseal(&next, &foreign), None);
}

#[test]
fn a_missing_key_is_made_anew_though_something_is_sealed() {
    let folder = Folder::new();
    let sealed = place(&folder.open(&[]));
    fs::remove_file(folder.key()).unwrap();
    assert!(!opens(&folder.open(std::slice::from_ref(&sealed)), &sealed));
}
