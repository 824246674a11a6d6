//! `watchbox inspect`: what a component is and wants, read off its bytes. Nothing of it is run.

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
    output::{Cell, Details, Look, Output, Table, Tone, byte_size, printable, printable_lines},
};

/// Prints it.
pub fn inspect(args: &args::Inspect, output: &Output) -> anyhow::Result<Exit> {
    let name = args.file.display();
    let wasm = super::component_file::read(&args.file)?;
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
    let tables = [imported_table(inspection), declared_table(inspection)];
    let others = [
        (ImportClass::Inert, "INERT: WASI, BACKED BY NOTHING"),
        (ImportClass::Unknown, "UNKNOWN: NOTHING SERVES THIS"),
    ];
    let others = others.map(|(class, heading)| others_table(inspection, class, heading));
    let tables = tables.into_iter().chain(others);
    let tables = tables.filter(|table| !table.is_empty());
    parts.extend(tables.map(|table| table.render(look)));
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

/// What the component can ask for.
fn imported_table(inspection: &Inspection) -> Table {
    let mut table = Table::new(["IMPORTED", "INTERFACE", "DECLARED"]);
    for Import { name, class } in &inspection.imports {
        let ImportClass::Gated(capability) = class else {
            continue;
        };
        let declared = if declared(inspection, *capability) {
            Cell::from("yes").tone(Tone::Good)
        } else {
            Cell::from("no: it can't be installed").tone(Tone::Bad)
        };
        table.row([capability.as_str().into(), name.as_str().into(), declared]);
    }
    table
}

/// What its manifest says that it wants, and why.
fn declared_table(inspection: &Inspection) -> Table {
    let mut table = Table::new(["DECLARED", "IMPORTED", "REASON"]);
    let manifest = inspection.manifest.iter();
    for (capability, declared) in manifest.flat_map(|manifest| &manifest.capabilities) {
        let imported = if imported(inspection, *capability) {
            Cell::from("yes").tone(Tone::Good)
        } else {
            Cell::from("no").tone(Tone::Warn)
        };
        let reason = declared.reason.as_str();
        table.row([capability.as_str().into(), imported, reason.into()]);
        for need in &declared.needs {
            table.row([Cell::default(), Cell::default(), need.to_string().into()]);
        }
    }
    table
}

/// Imports that are no capability.
fn others_table(inspection: &Inspection, class: ImportClass, heading: &'static str) -> Table {
    let mut table = Table::new([heading]);
    for import in inspection.imports.iter().filter(|one| one.class == class) {
        table.row([Cell::from(import.name.as_str()).tone(match class {
            ImportClass::Unknown => Tone::Bad,
            _ => Tone::Dim,
        })]);
    }
    table
}

fn declared(inspection: &Inspection, capability: Capability) -> bool {
    let mut manifest = inspection.manifest.iter();
    manifest.any(|manifest| manifest.capabilities.contains_key(&capability))
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
    if let Some(unknown) = inspection
        .imports
        .iter()
        .find(|import| import.class == ImportClass::Unknown)
    {
        let bad = Tone::Bad.style();
        remarks.push(format!(
            "{bad}It can't be installed: it imports `{}`, which watchbox does not serve.{bad:#}",
            printable(&unknown.name)
        ));
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
