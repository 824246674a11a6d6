//! `watchbox diff`: what a new component could do that an old one could not, read off both. Nothing of either is run.

use std::path::Path;

use anyhow::{Context, bail};
use serde::Serialize;
use watchbox_model::{
    Difference, Grants,
    difference::{Mark, is_wider},
};
use watchbox_sandbox::Inspection;

use super::component_file;
use crate::{
    args,
    exit::Exit,
    output::{Cell, Details, Look, Output, Table, Tone, byte_size},
};

/// What stands at the beginning of every component.
const WASM: &[u8] = b"\0asm";

/// One side of a comparison.
enum Side {
    Component(Box<Inspection>),
    Grants(Box<Grants>),
}

/// What is printed for scripts.
#[derive(Serialize)]
struct Document<'d> {
    /// Whether the new one can do more.
    wider: bool,
    differences: &'d [Difference],
}

/// Prints it. The exit code says whether the new one can do more.
pub fn diff(args: &args::Diff, output: &Output) -> anyhow::Result<Exit> {
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    let differences = match (&old, &new) {
        (Side::Component(old), Side::Component(new)) => old.differences(new),
        (Side::Grants(old), Side::Grants(new)) => old.differences(new),
        _ => bail!("a component can't be compared with a grants file: give two of one kind"),
    };
    let wider = is_wider(&differences);
    if output.json() {
        output.document(&Document {
            wider,
            differences: &differences,
        })?;
    } else {
        output.text(&describe(&old, &new, &differences, output.look()))?;
    }
    Ok(if wider { Exit::Wider } else { Exit::Done })
}

fn read(file: &Path) -> anyhow::Result<Side> {
    let name = file.display();
    let bytes = component_file::read(file)?;
    let is_yaml = file.extension().is_some_and(|extension| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|yaml| extension == *yaml)
    });
    if is_yaml && !bytes.starts_with(WASM) {
        let text = String::from_utf8(bytes).with_context(|| format!("{name} is no text"))?;
        return Ok(Side::Grants(Box::new(Grants::parse(
            &name.to_string(),
            &text,
        )?)));
    }
    let inspection = watchbox_sandbox::inspect(&bytes);
    let inspection = inspection.with_context(|| format!("{name} can't be inspected"))?;
    Ok(Side::Component(Box::new(inspection)))
}

fn describe(old: &Side, new: &Side, differences: &[Difference], look: Look) -> String {
    let mut parts = Vec::new();
    if let (Side::Component(old), Side::Component(new)) = (old, new) {
        let mut heading = Details::new();
        heading.line("Old", one(old)).line("New", one(new));
        parts.push(heading.render(look));
    }
    if !differences.is_empty() {
        parts.push(list(differences).render(look));
    }
    parts.push(verdict(differences));
    parts.join("\n\n")
}

/// A component in a line.
fn one(inspection: &Inspection) -> String {
    let name = match &inspection.manifest {
        Some(manifest) => format!("{} {}", manifest.name, manifest.version),
        None => "no manifest".to_owned(),
    };
    let size = byte_size(inspection.size);
    format!("{name}, {}, {size}", inspection.digest.short())
}

/// The differences, those first that let more be done.
pub fn list(differences: &[Difference]) -> Table {
    let mut table = Table::new(["", "WHAT", "OLD", "NEW"]);
    for mark in [Mark::Wider, Mark::Narrower, Mark::Changed] {
        for one in differences.iter().filter(|one| one.mark == mark) {
            table.row([
                Cell::from(mark.as_str()).tone(match mark {
                    Mark::Wider => Tone::Bad,
                    Mark::Narrower => Tone::Good,
                    Mark::Changed => Tone::Dim,
                }),
                one.what.as_str().into(),
                one.old.as_deref().into(),
                one.new.as_deref().into(),
            ]);
        }
    }
    table
}

fn verdict(differences: &[Difference]) -> String {
    if is_wider(differences) {
        let bad = Tone::Bad.style();
        return format!("{bad}The new one can do more than the old one.{bad:#}");
    }
    match differences {
        [] => "Both want the same.",
        _ => "The new one can do no more than the old one.",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use watchbox_model::{Capability, Digest, Manifest};
    use watchbox_sandbox::inspect::{Import, ImportClass};

    use super::*;

    const LOOK: Look = Look {
        color: false,
        width: Some(110),
    };

    const OLD: &str =
        "name: Server.X\nversion: 1.0.0\ntype: SERVER_EVENT\ndescription: x\nauthor: x
subscribe: [ { artifact: A.Log, columns: [ Name ] } ]
capabilities: { log: { reason: Says what it does } }";

    const NEW: &str = "name: Server.X\nversion: 1.1.0\ntype: SERVER_EVENT\ndescription: x\nauthor: x
parameters: [ { name: hook, type: secret } ]
subscribe: [ { artifact: A.Log } ]
capabilities: { log: { reason: Says what it does }, http: { reason: Posts the message, needs: [ { method: POST, url: \"{hook}\" } ] } }";

    fn side(manifest: &str, capabilities: &[Capability]) -> Side {
        let import = |capability: &Capability| Import {
            name: format!("watchbox:artifact/{capability}@0.1.0"),
            class: ImportClass::Gated(*capability),
        };
        Side::Component(Box::new(Inspection {
            digest: Digest::of(manifest.as_bytes()),
            size: 2_048,
            manifest: Some(Manifest::parse("m", manifest).unwrap()),
            manifest_error: None,
            imports: capabilities.iter().map(import).collect(),
            exports: Vec::new(),
        }))
    }

    fn shown(old: &Side, new: &Side) -> String {
        let differences = match (old, new) {
            (Side::Component(old), Side::Component(new)) => old.differences(new),
            (Side::Grants(old), Side::Grants(new)) => old.differences(new),
            _ => Vec::new(),
        };
        let text = describe(old, new, &differences, LOOK);
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn what_a_new_component_could_do_comes_first() {
        let old = side(OLD, &[Capability::Log]);
        let new = side(NEW, &[Capability::Log, Capability::Http]);
        insta::assert_snapshot!(shown(&old, &new), @r"
        Old  Server.X 1.0.0, 2c4caa7fd7c6, 2.0 KiB
        New  Server.X 1.1.0, aef23ccbec60, 2.0 KiB

                 WHAT                         OLD    NEW
        wider    import                       -      watchbox:artifact/http@0.1.0
        wider    declared http                -      Posts the message
        wider    http need                    -      POST {hook}
        wider    parameter hook               -      secret
        wider    subscription A.Log, columns  Name   all
        changed  version                      1.0.0  1.1.0

        The new one can do more than the old one.
        ");
        assert!(shown(&old, &old).ends_with("Both want the same."));
        assert!(shown(&new, &old).ends_with("The new one can do no more than the old one."));
    }

    #[test]
    fn grants_are_compared_rule_by_rule() {
        let grants = |text: &str| Side::Grants(Box::new(Grants::parse("g", text).unwrap()));
        let old = grants("{ labels: { remove: [Slack] }, log: true }");
        let new = grants("{ labels: { remove: [\"*\"] }, limits: { memory: 128MiB } }");
        insta::assert_snapshot!(shown(&old, &new), @r"
                  WHAT            OLD    NEW
        wider     labels: remove  -      *
        wider     limits: memory  64MiB  128MiB
        narrower  log             true   -
        changed   labels: remove  Slack  -

        The new one can do more than the old one.
        ");
    }
}
