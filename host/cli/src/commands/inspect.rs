//! `watchbox inspect`: what a component is and wants, read off its bytes. Nothing of it is run.

use std::fs;

use anyhow::Context;
use watchbox_model::{Capability, Grants, Manifest};
use watchbox_sandbox::{
    Inspection,
    inspect::{Import, ImportClass},
};
use watchbox_server::api::types::{Artifact, ArtifactSignature, Schedule};

use super::sign;

use crate::{
    args,
    exit::Exit,
    output::{Cell, Details, Look, Output, Table, Tone, byte_size, printable_lines},
};

/// Prints it.
pub fn inspect(args: &args::Inspect, output: &Output) -> anyhow::Result<Exit> {
    let name = args.file.display();
    let wasm = fs::read(&args.file).with_context(|| format!("{name} can't be read"))?;
    let inspection =
        watchbox_sandbox::inspect(&wasm).with_context(|| format!("{name} can't be inspected"))?;
    let signature = sign::read_beside(&args.file)?;
    let artifact = Artifact {
        signatures: signature.iter().map(ArtifactSignature::from).collect(),
        ..Artifact::from(&inspection)
    };
    if output.json() {
        output.document(&artifact)?;
    } else {
        output.text(&describe(&inspection, &artifact, output.look()))?;
    }
    Ok(Exit::Done)
}

/// All that is known, part by part.
fn describe(inspection: &Inspection, artifact: &Artifact, look: Look) -> String {
    let mut parts = vec![heading(artifact).render(look)];
    if !artifact.description.is_empty() {
        parts.push(printable_lines(artifact.description.trim_end()).into_owned());
    }
    if !artifact.parameters.is_empty() {
        parts.push(parameters(artifact).render(look));
    }
    parts.extend(imports(inspection).map(|imports| imports.render(look)));
    parts.extend(remarks(inspection));
    parts.join("\n\n")
}

fn heading(artifact: &Artifact) -> Details {
    let mut details = Details::new();
    match (&artifact.name, &artifact.version) {
        (Some(name), Some(version)) => details.line("Artifact", format!("{name} {version}")),
        _ => details.line("Artifact", Cell::from("none: no manifest").tone(Tone::Bad)),
    };
    details
        .line("Digest", artifact.digest.to_string())
        .line("Size", byte_size(artifact.size));
    if !artifact.author.is_empty() {
        details.line("Author", artifact.author.as_str());
    }
    for signature in &artifact.signatures {
        let named = signature
            .subject
            .as_deref()
            .unwrap_or("nothing that it names");
        details.line(
            "Signature",
            format!(
                "by the key {}, for {named}; not verified: `watchbox verify` does",
                signature.key
            ),
        );
    }
    details.line_if(
        "Manifest",
        artifact
            .manifest_error
            .as_deref()
            .map(|error| Cell::from(error).tone(Tone::Bad)),
    );
    for subscription in &artifact.subscribe {
        let mut text = subscription.artifact.clone();
        for condition in &subscription.filter {
            // The manifest's own spelling says it best.
            if let Ok(condition) = serde_json::to_string(condition) {
                text.push_str(&format!(", where {condition}"));
            }
        }
        if let Some(columns) = &subscription.columns {
            text.push_str(&format!(", columns {}", columns.join(", ")));
        }
        details.line("Watches", text);
    }
    details.line_if(
        "Runs",
        artifact.schedule.as_ref().map(|schedule| match schedule {
            Schedule::Every(seconds) => format!("every {seconds} s"),
            Schedule::Cron(cron) => format!("at `{cron}`, UTC"),
        }),
    );
    if !artifact.rows.is_empty() {
        let columns: Vec<&str> = artifact
            .rows
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        details.line("Emits", columns.join(", "));
    }
    details
}

fn parameters(artifact: &Artifact) -> Table {
    let mut table = Table::new(["PARAMETER", "TYPE", "DEFAULT", "DESCRIPTION"]);
    for parameter in &artifact.parameters {
        let default = parameter.default.as_ref().map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        });
        table.row([
            parameter.name.as_str().into(),
            parameter.kind.as_str().into(),
            default.into(),
            parameter.description.as_str().into(),
        ]);
    }
    table
}

/// Every import, and every capability that is declared and not imported; none where there is neither.
fn imports(inspection: &Inspection) -> Option<Table> {
    let mut table = Table::new(["IMPORT", "SERVED AS", "DECLARED", "REASON"]);
    let declared = |capability: Capability| {
        let manifest = inspection.manifest.as_ref()?;
        manifest.capabilities.get(&capability)
    };
    for Import { name, class } in &inspection.imports {
        let (served, declared, reason) = match class {
            ImportClass::Gated(capability) => match declared(*capability) {
                Some(declared) => (
                    Cell::from(capability.as_str()),
                    Cell::from("yes").tone(Tone::Good),
                    Cell::from(declared.reason.as_str()),
                ),
                None => (
                    Cell::from(capability.as_str()),
                    Cell::from("no").tone(Tone::Bad),
                    Cell::from(
                        "it can't be installed: the manifest must declare it, with the reason",
                    ),
                ),
            },
            ImportClass::Inert => (
                Cell::from("inert").tone(Tone::Dim),
                Cell::from("-").tone(Tone::Dim),
                Cell::from("WASI, backed by nothing").tone(Tone::Dim),
            ),
            ImportClass::Unknown => (
                Cell::from("unknown").tone(Tone::Bad),
                Cell::from("-").tone(Tone::Dim),
                Cell::from("it can't be installed: nothing serves this").tone(Tone::Bad),
            ),
        };
        table.row([name.as_str().into(), served, declared, reason]);
    }
    for (capability, declared) in inspection
        .manifest
        .iter()
        .flat_map(|manifest| &manifest.capabilities)
    {
        if !imported(inspection, *capability) {
            table.row([
                Cell::from("not imported").tone(Tone::Warn),
                capability.as_str().into(),
                Cell::from("yes").tone(Tone::Warn),
                declared.reason.as_str().into(),
            ]);
        }
    }
    (!table.is_empty()).then_some(table)
}

fn imported(inspection: &Inspection, capability: Capability) -> bool {
    inspection
        .imports
        .iter()
        .any(|import| import.class == ImportClass::Gated(capability))
}

/// What the tables do not say.
fn remarks(inspection: &Inspection) -> Vec<String> {
    let mut remarks = Vec::new();
    if inspection.imports.is_empty() {
        remarks.push("It imports nothing: all it can do is turn events into rows.".to_owned());
    }
    if !inspection
        .exports
        .iter()
        .any(|export| export.starts_with("watchbox:artifact/handler@"))
    {
        let bad = Tone::Bad.style();
        remarks.push(format!(
            "{bad}It does not export `watchbox:artifact/handler`: it is no artifact and can't be installed.{bad:#}"
        ));
    }
    remarks
}

/// What a manifest declares beside what is granted of it.
pub fn granted(manifest: &Manifest, inspection: &Inspection, grants: &Grants) -> Table {
    let grants = grants.to_json();
    let mut table = Table::new(["DECLARED", "IMPORTED", "GRANTED", "REASON"]);
    for (capability, declared) in &manifest.capabilities {
        let grant = grants
            .get(capability.as_str())
            .filter(|grant| allows(grant));
        table.row([
            capability.as_str().into(),
            if imported(inspection, *capability) {
                "yes"
            } else {
                "no"
            }
            .into(),
            grant.map_or_else(
                || Cell::from("nothing").tone(Tone::Warn),
                |grant| Cell::from(grant.to_string()).tone(Tone::Good),
            ),
            declared.reason.as_str().into(),
        ]);
    }
    table
}

/// Whether a grant allows anything at all: neither `false`, nor an empty list, nor only empty lists.
fn allows(grant: &serde_json::Value) -> bool {
    use serde_json::Value;
    match grant {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(parts) => parts.values().any(allows),
        Value::Bool(true) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests;
