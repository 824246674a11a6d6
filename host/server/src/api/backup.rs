//! Backups: a copy of the store, written beside it.

use std::fs;

use axum::{Json, extract::State, http::StatusCode};
use watchbox_model::Time;

use super::{
    problem::Problem,
    types::{Backup, Timestamp},
};
use crate::{app::App, auth::Caller};

/// Where copies go, in the data folder.
const FOLDER: &str = "backups";

/// Back the store up
///
/// Writes a copy of the database as of now into the folder `backups` of the data folder, while work goes on. The key that opens
/// its secrets, `secrets.key`, is not in it.
#[utoipa::path(
    post,
    path = "/api/v1/backups",
    tag = "health",
    responses(
        (status = 201, description = "It is written", body = Backup),
        (status = 503, description = "There is no room for it", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
) -> Result<(StatusCode, Json<Backup>), Problem> {
    let folder = app.config.data.join(FOLDER);
    fs::create_dir_all(&folder).map_err(|error| {
        watchbox_store::StoreError::ReadOnly(format!("{}: {error}", folder.display()))
    })?;
    let name = format!(
        "watchbox-{}.db",
        Timestamp(Time::now()).to_string().replace(':', "")
    );
    let file = folder.join(&name);
    let store = app.engine().store();
    store
        .record(Vec::new(), vec![caller.act("backup", &name, None)])
        .await?;
    let bytes = store.backup(&file).await?;
    let file = file.display().to_string();
    Ok((StatusCode::CREATED, Json(Backup { file, bytes })))
}
