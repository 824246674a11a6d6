//! Components as files.

use std::{fs::File, io::Read, path::Path};

use anyhow::{Context, bail};

/// The largest file that is read: a device, or a log that was taken for a component, would fill the memory.
const LARGEST: u64 = 256 << 20;

/// The bytes of a file that may be a component.
pub fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let name = file.display();
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|open| open.take(LARGEST + 1).read_to_end(&mut bytes))
        .with_context(|| format!("{name} can't be read"))?;
    if bytes.len() as u64 > LARGEST {
        bail!("{name} has more than 256 MiB: no component that can be installed is as large");
    }
    Ok(bytes)
}
