//! Whether the dependencies are what they may be: their licences, where they come from, and no version left open (`deny.toml`).
//!
//! cargo-deny works without the network for these; its list of advisories does not, so that is not looked at here.

use std::process::Command;

use anyhow::Result;
use watchbox_tests::Build;

use crate::{cargo::run, toolchains};

pub(crate) fn check(build: &Build) -> Result<()> {
    let deny = toolchains::deny()?.join("bin/cargo-deny");
    run(Command::new(deny)
        .args([
            "--offline",
            "--locked",
            "check",
            "bans",
            "licenses",
            "sources",
        ])
        .current_dir(build.root()))
}
