//! `watchbox backup`: a copy of the store, written by the server beside it.

use reqwest::Method;
use watchbox_server::api::types::Backup;

use crate::{
    api::Api,
    args,
    output::{Output, byte_size},
};

/// Has one written.
pub async fn backup(args: args::Backup, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let backup: Backup = api.send_json(Method::POST, &["backups"], &()).await?;
    if output.json() {
        return Ok(output.document(&backup)?);
    }
    output.remark(&format!(
        "{} is written ({})",
        backup.file,
        byte_size(backup.bytes)
    ));
    Ok(())
}
