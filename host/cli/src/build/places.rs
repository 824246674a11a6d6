//! Where the lines of a bundle come from, out of its source map: a table that stands in the bundle itself, since a component has no files.

use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

/// A source map, as far as lines go.
#[derive(Deserialize)]
struct Map {
    /// The files, relative to the bundle.
    sources: Vec<String>,
    /// For each line of the bundle, separated by `;`, segments, separated by `,`, of numbers in base64 VLQ.
    mappings: String,
}

/// A statement that defines `globalThis.__watchbox_places`: `files`, relative to `dir`, and for each line of the bundle in `folder` the
/// number of its file and its line there. Files outside of `dir`, the SDK's among them, are left out, and so are packages in it.
pub(super) fn table(map: &str, folder: &Path, dir: &Path) -> anyhow::Result<String> {
    let map: Map = serde_json::from_str(map).context("esbuild's source map can't be read")?;
    let folder = folder.canonicalize()?;
    let own: Vec<Option<String>> = map
        .sources
        .iter()
        .map(|source| relative(&folder.join(source), dir))
        .collect();
    let files: Vec<&String> = own.iter().flatten().collect();
    let number = |source: usize| {
        let name = own.get(source)?.as_ref()?;
        files.iter().position(|file| *file == name)
    };
    let lines: Vec<(i64, i64)> = lines(&map.mappings)
        .into_iter()
        .map(|place| {
            let (source, line) = place?;
            Some((i64::try_from(number(source)?).ok()?, line + 1))
        })
        .map(|place| place.unwrap_or((-1, 0)))
        .collect();
    Ok(format!(
        "\nglobalThis.__watchbox_places = {{ files: {}, lines: {} }};\n",
        serde_json::to_string(&files)?,
        serde_json::to_string(&lines)?
    ))
}

/// The path of a file of the artifact's own, as seen from its folder.
fn relative(file: &Path, dir: &Path) -> Option<String> {
    let mut plain = PathBuf::new();
    for part in file.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    let own = plain.strip_prefix(dir).ok()?;
    let package = own
        .components()
        .any(|part| part.as_os_str() == "node_modules");
    (!package).then(|| own.to_string_lossy().into_owned())
}

/// Of each line of the bundle the file and line, both from 0, that its first segment comes from.
fn lines(mappings: &str) -> Vec<Option<(usize, i64)>> {
    let (mut source, mut line) = (0, 0);
    let places = mappings.split(';').map(|of_line| {
        let mut first = None;
        for segment in of_line.split(',') {
            // Column, source, line, column: each but the first as the difference from the one before.
            if let [_, by_source, by_line, ..] = numbers(segment)[..] {
                source += by_source;
                line += by_line;
                first = first.or(usize::try_from(source).ok().map(|source| (source, line)));
            }
        }
        first
    });
    places.collect()
}

/// Numbers in base64 VLQ: five bits a digit, the lowest first, bit 5 says that more follow; the lowest bit of all is the sign.
fn numbers(segment: &str) -> Vec<i64> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut numbers = Vec::new();
    let (mut value, mut shift) = (0_i64, 0);
    for letter in segment.bytes() {
        let Some(digit) = DIGITS.iter().position(|digit| *digit == letter) else {
            return Vec::new();
        };
        value |= (digit as i64 & 31) << shift;
        if digit & 32 != 0 && shift < 50 {
            shift += 5;
            continue;
        }
        numbers.push(if value & 1 == 1 {
            -(value >> 1)
        } else {
            value >> 1
        });
        (value, shift) = (0, 0);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_format_writes_them() {
        assert_eq!(numbers("AAgBC"), [0, 0, 16, 1]);
        assert_eq!(numbers("D2H"), [-1, 123]);
        assert_eq!(numbers(""), [0; 0]);
        assert_eq!(numbers("~"), [0; 0]);
    }

    #[test]
    fn lines_of_the_artifact_are_told_and_no_others() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        std::fs::create_dir(home.join("work")).unwrap();
        let map = r#"{"sources":["../sdk/src/artifact.js","../mine/app.js","../mine/node_modules/x/y.js"],"mappings":";AAAA;ACGA,QAAQ;AAEA;ACAA"}"#;
        let table = table(map, &home.join("work"), &home.join("mine")).unwrap();
        assert_eq!(
            table,
            "\nglobalThis.__watchbox_places = { files: [\"app.js\"], lines: [[-1,0],[-1,0],[0,4],[0,6],[-1,0]] };\n"
        );
    }
}
