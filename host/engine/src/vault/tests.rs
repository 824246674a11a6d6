use std::fs;

use super::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn secrets() -> BTreeMap<String, Secret> {
    BTreeMap::from([
        (
            "token_url".to_owned(),
            Secret::new("https://hooks.test/T0P"),
        ),
        ("key".to_owned(), Secret::new("größe")),
    ])
}

#[test]
fn what_was_sealed_is_opened_with_the_key_of_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.key");
    let sealed = Vault::open(&path)
        .unwrap()
        .seal(&name("A"), &secrets())
        .unwrap();
    let opened = Vault::open(&path)
        .unwrap()
        .unseal(&name("A"), &sealed)
        .unwrap();
    assert_eq!(opened, secrets());
    assert!(!String::from_utf8_lossy(&sealed).contains("T0P"));
}

#[test]
fn sealing_twice_gives_different_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(&folder.path().join("secrets.key")).unwrap();
    let once = vault.seal(&name("A"), &secrets()).unwrap();
    assert_ne!(once, vault.seal(&name("A"), &secrets()).unwrap());
}

#[test]
fn another_installation_another_key_and_an_edit_open_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(&folder.path().join("secrets.key")).unwrap();
    let other = Vault::open(&folder.path().join("other.key")).unwrap();
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
fn no_secrets_need_no_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(&folder.path().join("secrets.key")).unwrap();
    assert!(vault.seal(&name("A"), &BTreeMap::new()).unwrap().is_empty());
    assert!(vault.unseal(&name("A"), &[]).unwrap().is_empty());
}

#[cfg(unix)]
#[test]
fn the_key_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.key");
    Vault::open(&path).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let error = Vault::open(&path).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
}

#[test]
fn a_key_of_a_wrong_length_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.key");
    Vault::open(&path).unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(7)
        .unwrap();
    let error = Vault::open(&path).unwrap_err().to_string();
    assert!(error.contains("has 7 bytes"), "{error}");
}
