//! `watchbox new`: a folder to start from.

use std::path::PathBuf;

use crate::{
    args,
    exit::Exit,
    new,
    output::{Output, Tone, printable},
};

/// Makes it and says what to do next.
pub fn new(args: args::New, output: &Output) -> anyhow::Result<Exit> {
    let dir = args
        .dir
        .unwrap_or_else(|| PathBuf::from(new::folder(&args.name)));
    let files = new::make(&args.name, args.lang, &dir)?;
    if output.json() {
        output.document(&serde_json::json!({
            "name": args.name,
            "language": args.lang.name(),
            "dir": dir,
            "files": files,
        }))?;
        return Ok(Exit::Done);
    }
    let shown = dir.display().to_string();
    let shown = printable(&shown);
    let (strong, dim) = (Tone::Strong.style(), Tone::Dim.style());
    let mut text = format!(
        "{strong}{}{strong:#} is begun in {shown}, in {}. Next:\n\n  cd {shown}\n",
        args.name, args.lang
    );
    if let Some(first) = args.lang.first() {
        text.push_str(&format!("  {first}\n"));
    }
    text.push_str(&format!(
        "  watchbox test      {dim}# build it, and play its cases{dim:#}\n  watchbox dev       {dim}# keep what runs on a server up to date while you write{dim:#}"
    ));
    output.text(&text)?;
    Ok(Exit::Done)
}
