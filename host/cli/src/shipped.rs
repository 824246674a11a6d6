//! The grants that an artifact is shipped with: `grants.yaml` in its folder.

use std::{fs, path::Path};

use anyhow::Context as _;
use watchbox_model::Grants;

/// The grants in the artifact's folder, if there are some.
pub fn shipped_grants(dir: &Path) -> anyhow::Result<Option<Grants>> {
    let file = dir.join("grants.yaml");
    if !file.exists() {
        return Ok(None);
    }
    let name = file.display().to_string();
    let text = fs::read_to_string(&file)
        .with_context(|| format!("the grants file {name} can't be read"))?;
    Ok(Some(Grants::parse(&name, &text)?))
}
