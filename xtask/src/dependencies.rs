//! Whether the dependencies are what they may be: their licences, where they come from, and no version left open (`deny.toml`).
//!
//! cargo-deny works without the network for these; its list of advisories does not, so that is not looked at here. It wants every crate at hand, those of other
//! platforms too, which no build here has fetched.

use std::process::Command;

use anyhow::Result;
use watchbox_tests::Build;

use crate::{
    cargo::{cargo, run},
    toolchains,
};

pub(crate) fn check(build: &Build) -> Result<()> {
    cargo(build, &["fetch", "--locked"])?;
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
