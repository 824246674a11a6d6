//! `watchbox build`: from an artifact's folder to its component.

use crate::{
    args, build,
    exit::Exit,
    output::{Details, Output, byte_size},
};

/// Builds it and says what came of it.
pub fn build(args: args::Build, output: &Output) -> anyhow::Result<Exit> {
    let built = build::build(&build::Options {
        dir: args.dir,
        manifest: args.manifest,
        out: args.out,
    })?;
    for warning in &built.warnings {
        output.warning(warning);
    }
    if output.json() {
        output.document(&serde_json::json!({
            "out": built.out,
            "name": built.name,
            "version": built.version,
            "language": built.language,
            "size": built.size,
            "seconds": built.time.as_secs_f64(),
            "digest": built.digest,
            "imports": built.imports,
            "warnings": built.warnings,
        }))?;
        return Ok(Exit::Done);
    }
    let imports = if built.imports.is_empty() {
        "nothing".to_owned()
    } else {
        built.imports.join(", ")
    };
    let mut details = Details::new();
    details
        .line(
            "Artifact",
            format!("{} {}, in {}", built.name, built.version, built.language),
        )
        .line("Component", built.out.display().to_string())
        .line("Size", byte_size(built.size))
        .line("Built in", format!("{:.1} s", built.time.as_secs_f64()))
        .line("Digest", built.digest.to_string())
        .line("Imports", imports);
    output.text(&details.render(output.look()))?;
    Ok(Exit::Done)
}
