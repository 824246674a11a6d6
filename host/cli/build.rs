//! Embeds what `watchbox new` hands out: the SDKs, and the artifacts to start from.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// What is taken: folders and files of the repository.
const TAKEN: [&str; 7] = [
    "LICENSE",
    "wit",
    "plugin-sdk/c",
    "plugin-sdk/go",
    "plugin-sdk/javascript",
    "plugin-sdk/python",
    "plugin-sdk/rust",
];

/// What is not: what tools leave behind, and what only the SDKs' own tests need.
fn is_left_out(path: &Path) -> bool {
    const NAMES: [&str; 12] = [
        ".venv",
        "Cargo.lock",
        "__pycache__",
        "dist",
        "examples",
        "go.sum",
        "node_modules",
        "package-lock.json",
        "sdk",
        "target",
        "test",
        "tests",
    ];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let in_template = path.components().any(|part| part.as_os_str() == "template");
    NAMES.contains(&name.as_ref())
        || name.ends_with(".wasm")
        || (!in_template && name.ends_with("_test.go"))
}

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize()?;
    let mut files = Vec::new();
    for taken in TAKEN {
        walk(&root.join(taken), &mut files)?;
    }
    files.sort();
    let mut table = String::from("pub(super) static FILES: &[(&str, &str)] = &[\n");
    for file in &files {
        let name = file.strip_prefix(&root).map_err(io::Error::other)?;
        let line = writeln!(table, "    ({name:?}, include_str!({file:?})),");
        line.map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("embedded.rs"), table)
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if is_left_out(path) {
        return Ok(());
    }
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    tell(path);
    for entry in fs::read_dir(path)? {
        walk(&entry?.path(), files)?;
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "this is how cargo is told")]
fn tell(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}
