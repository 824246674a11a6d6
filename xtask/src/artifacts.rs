//! Artifacts, built into components by the program that their authors use: `watchbox build`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use watchbox_tests::Build;

use crate::{
    cargo, languages,
    step::Steps,
    toolchains::{self, Toolchains},
};

/// `cargo xtask build-plugins`.
pub(crate) fn build_plugins() -> Result<()> {
    let build = Build::current()?;
    let mut steps = Steps::new(3);
    steps.step("Toolchain", || cargo::add_wasm_target(&build))?;
    steps.step("The program", || cargo::build_watchbox(&build))?;
    steps.step("The artifacts", || build_all(&build, "plugins"))?;
    steps.finish("the artifacts are built");
    Ok(())
}

/// The artifacts' folders in `plugins/` that the demo and the tests install.
pub(crate) const POWERSHELL_FOLDER: &str = "server-powershell-encodedcommand";
pub(crate) const SLACK_FOLDER: &str = "server-slack-clientsonline";

/// By which the Slack artifact looks every second instead of every minute: the same code, for the demo and the tests, which can't wait as long.
const HURRIED: (&str, &str) = ("every: 60s", "every: 1s");

/// What makes a next version of an artifact, to upgrade to.
const NEXT: (&str, &str) = ("version: 1.0.0", "version: 1.0.1");

/// Builds the Slack artifact in a hurry. Gives the component's path.
pub(crate) fn build_hurried_slack(build: &Build) -> Result<PathBuf> {
    build_changed(build, SLACK_FOLDER, "every-1s", &[HURRIED])
}

/// Builds what `cargo xtask faults` upgrades to and from.
pub(crate) fn build_next_versions(build: &Build) -> Result<()> {
    build_changed(build, POWERSHELL_FOLDER, "next", &[NEXT])?;
    build_changed(build, SLACK_FOLDER, "every-1s-next", &[HURRIED, NEXT])?;
    Ok(())
}

/// Builds an artifact of `plugins/` with changes to its manifest, and `suffix` at the end of the component's name.
fn build_changed(
    build: &Build,
    folder: &str,
    suffix: &str,
    changes: &[(&str, &str)],
) -> Result<PathBuf> {
    let out = build.artifact_path(&format!("{folder}-{suffix}"));
    let folder = build.root().join("plugins").join(folder);
    fs::create_dir_all(out.parent().context("the artifacts' folder")?)?;
    let manifest = out.with_extension("yaml");
    fs::copy(folder.join("artifact.yaml"), &manifest)?;
    for (old, new) in changes {
        fs::write(&manifest, changed(&manifest, old, new)?)?;
    }
    build_one(build, &folder, Some(&manifest), &out)?;
    Ok(out)
}

/// The text of `file`, with `new` in place of `old`, which must be there.
pub(crate) fn changed(file: &Path, old: &str, new: &str) -> Result<String> {
    let text =
        fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    ensure!(
        text.contains(old),
        "{} says nothing of `{old}`",
        file.display()
    );
    Ok(text.replace(old, new))
}

/// Builds each artifact of a folder of the workspace, whatever its language; the program is there already.
pub(crate) fn build_all(build: &Build, folder: &str) -> Result<()> {
    for folder in folders(build, folder)? {
        let name = folder.file_name().context("a folder's name")?;
        let out = build.artifact_path(&name.to_string_lossy());
        match languages::of(&folder) {
            None => build_one(build, &folder, None, &out)?,
            Some(language) => {
                let toolchains = toolchains::install()?;
                languages::build_cached(build, language, &folder, &toolchains, &out)?;
            }
        }
    }
    Ok(())
}

/// The artifacts' folders in a folder of the workspace.
pub(crate) fn folders(build: &Build, folder: &str) -> Result<Vec<PathBuf>> {
    let mut folders: Vec<_> = fs::read_dir(build.root().join(folder))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    folders.retain(|folder| folder.join("artifact.yaml").exists());
    folders.sort();
    ensure!(!folders.is_empty(), "no artifact in {folder}/");
    Ok(folders)
}

/// Builds one, with `manifest` in place of its own where there is one.
pub(crate) fn build_one(
    build: &Build,
    folder: &Path,
    manifest: Option<&Path>,
    out: &Path,
) -> Result<()> {
    let mut command = build_command(build, folder, out)?;
    if let Some(manifest) = manifest {
        command.arg("--manifest").arg(manifest);
    }
    cargo::run(&mut command)
}

/// Builds one with the programs of these toolchains.
pub(crate) fn build_with(
    build: &Build,
    folder: &Path,
    out: &Path,
    toolchains: &Toolchains,
) -> Result<()> {
    cargo::run(build_command(build, folder, out)?.env("PATH", toolchains.path()?))
}

fn build_command(build: &Build, folder: &Path, out: &Path) -> Result<Command> {
    fs::create_dir_all(out.parent().context("the artifacts' folder")?)?;
    let shown = folder.strip_prefix(build.root()).unwrap_or(folder);
    eprintln!("$ watchbox build {}", shown.display());
    let mut command = Command::new(build.program("watchbox")?);
    command
        .arg("build")
        .arg(folder)
        .arg("--out")
        .arg(out)
        .current_dir(build.root());
    Ok(command)
}
