//! Taking files in: as an install, or as a change of what is installed; and telling what was wrong with them.

use std::path::Path;

use metrics::counter;
use watchbox_engine::{Change, EngineError, Install, StartAt};
use watchbox_model::{AuditRecord, Digest, Time, audit::Decision, parameter::ParameterChange};

use super::files::{Files, Unread, read};
use crate::{App, metrics::FOLDER_ERRORS};

/// The actor in the audit trail of what comes from the folder.
const FOLDER: &str = "folder";

/// Takes the files of `name` in, if they are others than before. Where it is not known whether their writer is done (`is_whole`), half a component
/// is nothing to tell of: its rest may come.
pub(super) async fn take_in(app: &App, folder: &Path, name: &str, is_whole: bool) {
    if let Err(error) = super::check(folder) {
        return tell(app, name, &error.to_string()).await;
    }
    let most = app.config.http.component_mib.saturating_mul(1 << 20);
    let (at, read_name) = (folder.to_owned(), name.to_owned());
    let read = apart(move || read(&at, &read_name, most)).await;
    let files = match read {
        Ok(files) if is_taken_in(app, &files).await => return,
        Ok(files) => apart(move || checked(files, is_whole)).await,
        unread => unread,
    };
    let files = match files {
        Ok(files) => files,
        // Another event follows once its writer is done.
        Err(Unread::Busy) => return,
        Err(Unread::Gone) => {
            return tracing::info!(
                name,
                "no component of this name is in the artifacts folder; what is installed runs on"
            );
        }
        Err(Unread::Wrong(reason)) => return tell(app, name, &reason).await,
    };
    match put(app, files).await {
        Ok(done) => tracing::info!(name, done, "taken in from the artifacts folder"),
        Err(EngineError::Stopping) => {}
        Err(error) => tell(app, name, &error.to_string()).await,
    }
}

/// Does `work` on a thread of its own: files and components may be large.
async fn apart(
    work: impl FnOnce() -> Result<Files, Unread> + Send + 'static,
) -> Result<Files, Unread> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Unread::Wrong(error.to_string()))?
}

/// Whether what is installed came from these very files.
async fn is_taken_in(app: &App, files: &Files) -> bool {
    let status = app.engine.status(&files.name).await;
    status.is_ok_and(|status| status.installation.files == Some(files.digest))
}

/// Refuses what is no artifact.
fn checked(files: Files, is_whole: bool) -> Result<Files, Unread> {
    let found = watchbox_sandbox::inspect(&files.component).map_err(|error| error.to_string());
    match found.and_then(|found| found.manifest_error.map_or(Ok(()), Err)) {
        Ok(()) => Ok(files),
        Err(reason) if is_whole => Err(Unread::Wrong(format!("{}.wasm: {reason}", files.name))),
        Err(_) => Err(Unread::Busy),
    }
}

/// Installs `files` or changes what is installed; says what was done.
async fn put(app: &App, files: Files) -> Result<&'static str, EngineError> {
    let status = match app.engine.status(&files.name).await {
        Err(EngineError::Missing(_)) => {
            let install = Install {
                component: files.component,
                signature: files.signature,
                name: Some(files.name),
                parameters: files.parameters.unwrap_or_default(),
                secrets: Default::default(),
                grants: files.grants.unwrap_or_default(),
                start: StartAt::Now,
                enabled: true,
                files: Some(files.digest),
                // Whoever may write there may do all.
                may_widen: true,
                actor: FOLDER.to_owned(),
            };
            app.engine.install(install).await?;
            return Ok("installed");
        }
        status => status?,
    };
    let installed = status.installation;
    let is_other = Digest::of(&files.component) != installed.digest;
    if let (false, Some(signature)) = (is_other, &files.signature) {
        // Of what runs already.
        app.engine
            .keep_signature(installed.digest, signature.clone(), FOLDER)
            .await?;
    }
    let change = Change {
        component: is_other.then_some(files.component),
        signature: files.signature,
        parameters: files
            .parameters
            .map_or(ParameterChange::Stay, ParameterChange::All),
        grants: files.grants,
        files: Some(files.digest),
        may_widen: true,
        actor: FOLDER.to_owned(),
        ..Change::default()
    };
    let changed = app.engine.change(&files.name, change).await?;
    for warning in &changed.warnings {
        tracing::warn!(name = %files.name, warning, "of what the artifacts folder has");
    }
    let waits = changed.status.installation.pending.is_some();
    Ok(if is_other && waits {
        "waits for approval"
    } else if is_other {
        "upgraded"
    } else {
        "changed"
    })
}

/// Tells that what is in the folder as `target` was not taken in: in the log, the trail and the metrics.
pub(super) async fn tell(app: &App, target: &str, error: &str) {
    tracing::error!(
        target_name = target,
        error,
        "the artifacts folder has what can't be taken in"
    );
    counter!(FOLDER_ERRORS).increment(1);
    let record = AuditRecord {
        at: Time::now(),
        actor: FOLDER.to_owned(),
        artifact: target.parse().ok(),
        digest: None,
        turn: None,
        capability: "admin".to_owned(),
        operation: "take-in".to_owned(),
        target: target.to_owned(),
        decision: Decision::Allowed,
        reason: "the folder's owner".to_owned(),
        outcome: format!("failed: {error}"),
        bytes: 0,
        ms: 0.0,
    };
    if let Err(error) = app.store().record(Vec::new(), vec![record]).await {
        tracing::warn!(%error, "a failure of the artifacts folder could not be written down");
    }
}
