//! Compiled code on disk, by the component's digest and the engine it was compiled for, so that a restart compiles nothing.
//!
//! **Trust.** Loading compiled code runs it, unchecked: whoever can write this folder can run code as the server. So the folder is the
//! server's alone (mode 0700), in the data folder, beside the database and its key, whose loss would be as bad; a checksum beside the code
//! could not stop somebody who can write both. What it is for is accidents: a file that was cut short by a full disk or damaged
//! is found by its checksum, and compiled anew.

use std::{
    fs, hash,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use sha2::{Digest as _, Sha256};
use wasmtime::{Engine, component::Component};
use watchbox_model::Digest;

use crate::inspect;

/// The form of the files.
const FORM: &str = "code, and its CRC-32";

/// The cache of one engine.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// What tells this engine's code, and what was checked as it is now, from another's.
    engine: String,
}

impl Cache {
    /// Opens the cache in `folder`, making it where it is missing, and lets go of what other engines left there.
    pub(crate) fn open(folder: PathBuf, engine: &Engine) -> io::Result<Self> {
        make_private(&folder)?;
        let mut hasher = Fingerprint(Sha256::new());
        // Files of another form are none of ours, and what was checked by other rules is to be checked by these.
        hash::Hash::hash(&(FORM, inspect::RULES), &mut hasher);
        hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut hasher);
        let cache = Self {
            folder,
            engine: Digest::of(&hasher.0.finalize()).short(),
        };
        cache.forget_other_engines()?;
        Ok(cache)
    }

    fn forget_other_engines(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            let ours = name.contains(&format!("-{}.", self.engine));
            let kinds = [".cwasm", ".crc32", ".sha256"];
            if !ours && kinds.iter().any(|kind| name.ends_with(kind)) {
                // Another program that starts now does the same.
                drop(fs::remove_file(&path));
            }
        }
        Ok(())
    }

    fn paths(&self, digest: Digest) -> (PathBuf, PathBuf) {
        let file = |kind| self.folder.join(format!("{digest}-{}.{kind}", self.engine));
        (file("cwasm"), file("crc32"))
    }

    /// The compiled code of `digest`, if it is here and whole.
    pub(crate) fn load(&self, engine: &Engine, digest: Digest) -> Option<Component> {
        let (code, sum) = self.paths(digest);
        let expected = fs::read_to_string(&sum).ok()?;
        let found = checksum_of_file(&code).ok()?;
        if found != expected.trim() {
            tracing::warn!(file = %code.display(), "compiled code is damaged: it is compiled anew");
            return None;
        }
        // SAFETY: the file was written by `store` of this program for this very engine (its fingerprint is in the name), it is whole (its
        // checksum fits), and nobody else can write the folder (see above). Files are replaced by renaming, never written in place, so what is mapped stays.
        #[allow(
            unsafe_code,
            reason = "loading compiled code is the point of the cache; the trust it needs is explained above"
        )]
        let loaded = unsafe { Component::deserialize_file(engine, &code) };
        // What is used is not what is let go of first, where somebody counts.
        drop(fs::File::open(&code).and_then(|file| file.set_modified(SystemTime::now())));
        loaded
            .inspect_err(|why| tracing::warn!(file = %code.display(), reason = %format!("{why:#}"), "compiled code can't be loaded: it is compiled anew"))
            .ok()
    }

    /// Keeps compiled code. That it can't is no reason not to run it.
    pub(crate) fn store(&self, component: &Component, digest: Digest) {
        let kept = component
            .serialize()
            .map_err(|why| io::Error::other(format!("{why:#}")))
            .and_then(|bytes| {
                let (code, sum) = self.paths(digest);
                self.write(&code, &bytes)?;
                self.write(&sum, shown(crc32fast::hash(&bytes)).as_bytes())
            });
        if let Err(why) = kept {
            tracing::warn!(folder = %self.folder.display(), reason = %why, "compiled code can't be kept: the next start compiles it again");
        }
    }

    /// All of a file, or none of it.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    }
}

/// The checksum of a file that may have some thirty mebibytes, which are not held all at once. (SHA-256 would take several times as long,
/// and is made for an enemy that it could not stop here.)
fn checksum_of_file(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let (mut sum, mut piece) = (crc32fast::Hasher::new(), vec![0; 1 << 18]);
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(shown(sum.finalize())),
            Ok(length) => sum.update(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn shown(sum: u32) -> String {
    format!("{sum:08x}")
}

/// Makes `folder` for its owner only, or makes it so where it is not.
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// The engine's settings, hashed to the same on every run (which std's own hashers are not made for).
struct Fingerprint(Sha256);

impl hash::Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        // Asked for by nobody: the whole hash is taken.
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SandboxConfig, engine};

    fn compiled(engine: &Engine) -> (Component, Digest) {
        let wasm = wat::parse_str("(component (core module (func (export \"f\"))))").unwrap();
        (Component::new(engine, &wasm).unwrap(), Digest::of(&wasm))
    }

    #[test]
    fn what_was_kept_is_found_and_what_is_damaged_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine::engine(&SandboxConfig::default()).unwrap();
        let cache = Cache::open(folder.path().join("cache"), &engine).unwrap();
        let (component, digest) = compiled(&engine);
        assert!(cache.load(&engine, digest).is_none());
        cache.store(&component, digest);
        assert!(cache.load(&engine, digest).is_some());

        let (code, sum) = cache.paths(digest);
        let bytes = fs::read(&code).unwrap();
        fs::write(&code, &bytes[..bytes.len() / 2]).unwrap();
        assert!(cache.load(&engine, digest).is_none(), "cut short");
        fs::write(&code, b"").unwrap();
        fs::write(&sum, shown(crc32fast::hash(b""))).unwrap();
        assert!(
            cache.load(&engine, digest).is_none(),
            "empty, with a sum that fits"
        );
        fs::write(&code, &bytes).unwrap();
        fs::remove_file(&sum).unwrap();
        assert!(cache.load(&engine, digest).is_none(), "no checksum");
    }

    #[test]
    fn the_folder_is_the_owners_and_holds_one_engines_code() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/cache");
        fs::create_dir_all(&path).unwrap();
        let others = ["cwasm", "crc32", "sha256"].map(|kind| path.join(format!("x-other.{kind}")));
        for other in &others {
            fs::write(other, b"").unwrap();
        }
        fs::write(path.join("note.txt"), b"").unwrap();
        let engine = engine::engine(&SandboxConfig::default()).unwrap();
        let cache = Cache::open(path.clone(), &engine).unwrap();
        let again = Cache::open(path.clone(), &engine).unwrap();
        assert_eq!(cache.engine, again.engine);
        assert!(!others.iter().any(|other| other.exists()) && path.join("note.txt").exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o700
            );
        }
    }
}
